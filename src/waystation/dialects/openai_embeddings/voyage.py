"""Voyage's models that are not asked at `/embeddings`: those of images, and those that know chunks of a document.

Each input is a document of its own to the latter: what callers say here has no word for chunks that belong together.
"""

from collections.abc import Sequence

from waystation.codec.dialect import RenderedRequest
from waystation.codec.embedding_inputs import refuse_tokens, text_of, texts_of
from waystation.codec.json_answer import objects_at
from waystation.errors import InvalidRequest
from waystation.operations.embeddings import Content, EmbeddingInput
from waystation.operations.parts import Image, JsonObject, Part, Text


def is_multimodal(native_id: str) -> bool:
    """Whether the model embeds images."""
    return "multimodal" in native_id


def is_contextual(native_id: str) -> bool:
    """Whether the model embeds chunks in their context."""
    return "-context-" in native_id


def as_multimodal(rendered: RenderedRequest, inputs: Sequence[EmbeddingInput]) -> RenderedRequest:
    """The request for `/multimodalembeddings`, made of one without inputs."""
    body = rendered.body | {"inputs": [{"content": _render_content(one)} for one in inputs]}
    if body.pop("encoding_format", None) == "base64":
        body["output_encoding"] = "base64"
    return RenderedRequest("/multimodalembeddings", body, rendered.dropped, [])


def as_contextual(rendered: RenderedRequest, inputs: Sequence[EmbeddingInput]) -> RenderedRequest:
    """The request for `/contextualizedembeddings`, made of one without inputs."""
    body = rendered.body | {"inputs": [[text] for text in texts_of(inputs)]}
    body.pop("truncation", None)
    return RenderedRequest("/contextualizedembeddings", body, rendered.dropped, [])


def chunks_of(items: list[JsonObject]) -> list[JsonObject]:
    """The vectors of documents of one chunk each, with the documents' index."""
    flat: list[JsonObject] = []
    for item in items:
        nested = objects_at(item, "data") if "data" in item else [item]
        flat += [chunk | {"index": item.get("index")} for chunk in nested]
    return flat


def _render_content(one: EmbeddingInput) -> list[JsonObject]:
    refuse_tokens(one)
    return [_render_part(part) for part in (one.parts if isinstance(one, Content) else (Text(text_of(one)),))]


def _render_part(part: Part) -> JsonObject:
    match part:
        case Text(text=text):
            return {"type": "text", "text": text}
        case Image(url=url):
            kind = "image_base64" if url.startswith("data:") else "image_url"
            return {"type": kind, kind: url}
        case _:
            raise InvalidRequest("input: this model takes text and images only.")
