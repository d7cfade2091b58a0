"""An answer of `POST /embeddings` -> ours, whoever gave it."""

from decimal import Decimal, InvalidOperation
from typing import Final

from waystation.codec.json_answer import count_at, decode_answer, object_at, objects_at, text_at
from waystation.codec.vectors import in_order, parse_byte_vector, parse_vector
from waystation.dialects.openai_embeddings.spelling import Spelling
from waystation.dialects.openai_embeddings.voyage import chunks_of
from waystation.operations.embeddings import EmbeddingsRequest, EmbeddingsResult
from waystation.operations.parts import JsonObject
from waystation.operations.usage import Usage

_NANO: Final = 1_000_000_000
_KEPT_DETAILS: Final = ("text_tokens", "image_tokens", "file_tokens")


def parse_response(body: bytes, request: EmbeddingsRequest, spelling: Spelling) -> EmbeddingsResult:
    """The vectors; the error in the answer, or `BadResponse` where it is none."""
    value = decode_answer(body)
    read = parse_byte_vector if spelling.signed_bytes else parse_vector
    items = objects_at(value, "data")
    if spelling.voyage:
        items = chunks_of(items)
    found = [(item.get("index"), read(item.get("embedding"))) for item in items]
    usage = value.get("usage")
    return EmbeddingsResult(
        dialect=spelling.name,
        vectors=in_order(found, request),
        upstream_id=text_at(value, "id"),
        model=text_at(value, "model"),
        usage=_parse_usage(usage) if isinstance(usage, dict) else None,
    )


def _parse_usage(value: JsonObject) -> Usage | None:
    """Voyage and Jina count only the total, which is all prompt."""
    tokens = count_at(value, "prompt_tokens")
    if tokens is None:
        tokens = count_at(value, "total_tokens")
    if tokens is None:
        return None
    details = object_at(value, "prompt_tokens_details")
    kept: JsonObject = {name: count for name in _KEPT_DETAILS if (count := count_at(details, name))}
    return Usage(
        prompt_tokens=tokens,
        audio_prompt_tokens=count_at(details, "audio_tokens") or 0,
        video_prompt_tokens=count_at(details, "video_tokens") or 0,
        upstream_cost_nano=_nano(value.get("cost")),
        prompt_details_extras=kept or None,
    )


def _nano(cost: object) -> int | None:
    """USD as a number, or in an object with a total, as nano-dollars."""
    if isinstance(cost, dict):
        cost = cost.get("total_cost")
    if not isinstance(cost, int | float) or isinstance(cost, bool) or cost < 0:
        return None
    try:
        return int((Decimal(str(cost)) * _NANO).to_integral_value())
    except (InvalidOperation, OverflowError):
        return None
