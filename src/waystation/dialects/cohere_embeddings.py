"""Cohere's `POST /v2/embed`. Texts that are too long are refused, not cut. Source: Cohere's API reference, v2."""

from typing import Final

from waystation.codec.dialect import Headers, RenderedRequest, Target
from waystation.codec.embedding_inputs import is_plain, refuse_tokens, text_of
from waystation.codec.embedding_purpose import purpose_of
from waystation.codec.json_answer import count_at, decode_answer, object_at, text_at
from waystation.codec.vectors import in_order, parse_vector
from waystation.dialects.cohere.errors import parse_error
from waystation.errors import BadResponse, InvalidRequest, ProviderError
from waystation.operations.embeddings import Content, EmbeddingInput, EmbeddingsRequest, EmbeddingsResult
from waystation.operations.parts import Image, JsonObject, Part, Text
from waystation.operations.usage import Usage

NAME: Final = "cohere_embeddings"
PATH: Final = "/v2/embed"
MOST_INPUTS: Final = 96
_PURPOSES: Final = {
    "query": "search_query",
    "document": "search_document",
    "classification": "classification",
    "clustering": "clustering",
}
_UNSAID_PURPOSE: Final = "search_document"
"""What to say where the caller does not: the wire demands one, and most of what is embedded is to be found."""
_FORMATS: Final = ("float", "base64")


class CohereEmbeddings:
    """The dialect `cohere_embeddings`; see `codec.operation_dialect.EmbeddingsOutward` for what each method owes."""

    name = NAME

    def most_inputs(self, target: Target) -> int:
        """The same for all models."""
        del target
        return MOST_INPUTS

    def render_request(self, request: EmbeddingsRequest, target: Target) -> RenderedRequest:
        """The body for `POST /v2/embed`."""
        dropped: list[str] = []
        purpose = _PURPOSES.get(purpose_of(request.input_type) or "")
        if request.input_type is not None and purpose is None:
            dropped.append("input_type")
        body: JsonObject = {
            "model": target.native_id,
            "input_type": purpose or _UNSAID_PURPOSE,
            "embedding_types": [request.encoding_format or "float"],
            "truncate": "NONE",
        } | _render_inputs(request)
        if request.dimensions is not None:
            body["output_dimension"] = request.dimensions
        if request.user is not None:
            dropped.append("user")
        if request.extras:
            dropped += request.extras
        return RenderedRequest(PATH, body, dropped, [])

    def parse_response(self, body: bytes, headers: Headers, request: EmbeddingsRequest) -> EmbeddingsResult:
        """`BadResponse`, or the error told inside a 200 answer."""
        del headers
        value = decode_answer(body)
        vectors = _vectors_in(value.get("embeddings"))
        return EmbeddingsResult(
            dialect=NAME,
            vectors=in_order([(None, parse_vector(vector)) for vector in vectors], request),
            upstream_id=text_at(value, "id"),
            usage=_parse_usage(value),
        )

    def parse_error(self, status: int, headers: Headers, body: bytes) -> ProviderError:
        """As Cohere's chats fail."""
        return parse_error(status, headers, body)


def _vectors_in(value: object) -> list[object]:
    """By type in v2, a bare list in v1; of several types the one that clients know."""
    if isinstance(value, dict):
        kinds = [*_FORMATS, *value]
        value = next((value[kind] for kind in kinds if value.get(kind)), None)
    if not isinstance(value, list):
        raise BadResponse("The provider's answer has no embeddings.")
    return value


def _parse_usage(value: JsonObject) -> Usage | None:
    """`billed_units`: tokens of text, and of images apart."""
    units = object_at(object_at(value, "meta"), "billed_units")
    text, image = count_at(units, "input_tokens"), count_at(units, "image_tokens") or 0
    if text is None and not image:
        return None
    text = text or 0
    details: JsonObject | None = {"text_tokens": text, "image_tokens": image} if image else None
    return Usage(prompt_tokens=text + image, prompt_details_extras=details)


def _render_inputs(request: EmbeddingsRequest) -> JsonObject:
    """`texts`, or `inputs` where one of them is more than text."""
    if all(is_plain(one) for one in request.inputs):
        return {"texts": [text_of(one) for one in request.inputs]}
    return {"inputs": [{"content": render_content(one)} for one in request.inputs]}


def render_content(one: EmbeddingInput) -> list[JsonObject]:
    """The `content` of one of `inputs`; `InvalidRequest` for what this wire has no words for."""
    refuse_tokens(one)
    return [_render_part(part) for part in (one.parts if isinstance(one, Content) else (Text(text_of(one)),))]


def _render_part(part: Part) -> JsonObject:
    match part:
        case Text(text=text):
            return {"type": "text", "text": text}
        case Image(url=url):
            return {"type": "image_url", "image_url": {"url": url}}
        case _:
            raise InvalidRequest("input: this model takes text and images only.")


DIALECT = CohereEmbeddings()
