"""Answers of Gemini's three methods -> ours: a batch, a single vector, and Vertex's predictions."""

from waystation.codec.json_answer import count_at, decode_answer, object_at, objects_at, text_at
from waystation.codec.vectors import in_order, parse_vector
from waystation.operations.embeddings import EmbeddingsRequest, EmbeddingsResult
from waystation.operations.parts import JsonObject
from waystation.operations.usage import Usage


def parse_response(body: bytes, request: EmbeddingsRequest, dialect: str) -> EmbeddingsResult:
    """The vectors; the error in the answer, or `BadResponse` where it is none."""
    value = decode_answer(body)
    if "predictions" in value:
        found = [object_at(item, "embeddings") for item in objects_at(value, "predictions")]
        usage = _counted(found)
    else:
        single = value.get("embedding")
        found = [single] if isinstance(single, dict) else objects_at(value, "embeddings")
        usage = _parse_usage(object_at(value, "usageMetadata"))
    return EmbeddingsResult(
        dialect=dialect,
        vectors=in_order([(None, parse_vector(item.get("values"))) for item in found], request),
        usage=usage,
    )


def _counted(found: list[JsonObject]) -> Usage | None:
    """Vertex counts tokens by instance; unknown where it leaves one out."""
    counts = [count_at(object_at(item, "statistics"), "token_count") for item in found]
    known = [count for count in counts if count is not None]
    return Usage(prompt_tokens=sum(known)) if known and len(known) == len(counts) else None


def _parse_usage(value: JsonObject) -> Usage | None:
    tokens = count_at(value, "promptTokenCount")
    if tokens is None:
        return None
    listed = value.get("promptTokenDetails", value.get("promptTokensDetails"))
    counts: dict[str, int] = {}
    for item in listed if isinstance(listed, list) else ():
        kind = (text_at(item, "modality") or "") if isinstance(item, dict) else ""
        if kind:
            counts[kind] = count_at(item, "tokenCount") or 0
    names = {"TEXT": "text_tokens", "IMAGE": "image_tokens", "DOCUMENT": "file_tokens"}
    kept: JsonObject = {name: counts[kind] for kind, name in names.items() if counts.get(kind)}
    return Usage(
        prompt_tokens=tokens,
        audio_prompt_tokens=counts.get("AUDIO", 0),
        video_prompt_tokens=counts.get("VIDEO", 0),
        prompt_details_extras=kept if len(counts) > 1 else None,
    )
