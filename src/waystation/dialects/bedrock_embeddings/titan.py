"""Amazon's Titan on `InvokeModel`: one input a call. Source: the Amazon Bedrock user guide, "Amazon Titan Embeddings"."""

from typing import Final

from waystation.codec.data_url import parse_data_url
from waystation.codec.embedding_inputs import is_plain, refuse_tokens, text_of
from waystation.codec.json_answer import count_at
from waystation.errors import BadResponse, InvalidRequest
from waystation.operations.embeddings import Content, EmbeddingInput, EmbeddingsRequest
from waystation.operations.parts import Image, JsonObject, Text

_FIRST_LENGTH: Final = 1536
"""What the first text model makes, which takes no wish."""


def render_body(request: EmbeddingsRequest, native_id: str, dropped: list[str]) -> JsonObject:
    """Text for the text models; text, an image or both for the image one."""
    if request.input_type is not None:
        dropped.append("input_type")
    one = request.inputs[0]
    if "embed-image" in native_id:
        body = _render_pair(one)
        if request.dimensions is not None:
            body["embeddingConfig"] = {"outputEmbeddingLength": request.dimensions}
        return body
    body = {"inputText": text_of(one)}
    if request.dimensions is not None and "embed-text-v2" in native_id:
        body["dimensions"] = request.dimensions
    elif request.dimensions not in {None, _FIRST_LENGTH}:
        raise InvalidRequest(f"dimensions: this model makes {_FIRST_LENGTH} only.")
    return body


def vectors_in(value: JsonObject) -> list[object]:
    """The one vector."""
    if value.get("message"):
        raise BadResponse("The provider reported an error instead of an answer.")
    return [value.get("embedding")]


def tokens_in(value: JsonObject) -> int | None:
    """Tokens of the text."""
    return count_at(value, "inputTextTokenCount")


def _render_pair(one: EmbeddingInput) -> JsonObject:
    refuse_tokens(one)
    if is_plain(one) or not isinstance(one, Content):
        return {"inputText": text_of(one)}
    body: JsonObject = {}
    for part in one.parts:
        if isinstance(part, Text) and "inputText" not in body:
            body["inputText"] = part.text
        elif isinstance(part, Image) and "inputImage" not in body:
            body["inputImage"] = _base64_of(part.url)
        else:
            raise InvalidRequest("input: this model takes one text and one image an input.")
    return body


def _base64_of(url: str) -> str:
    told = parse_data_url(url)
    if told is None:
        raise InvalidRequest("input: this model takes images as data URLs only.")
    return told.data
