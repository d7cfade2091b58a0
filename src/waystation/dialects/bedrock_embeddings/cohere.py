"""Cohere's Embed on `InvokeModel`. Source: the Amazon Bedrock user guide, "Cohere Embed models"."""

from typing import Final

from waystation.codec.embedding_inputs import is_plain, text_of
from waystation.codec.embedding_purpose import purpose_of
from waystation.dialects.cohere_embeddings import render_content
from waystation.errors import BadResponse, InvalidRequest
from waystation.operations.embeddings import EmbeddingsRequest
from waystation.operations.parts import JsonObject

MOST_INPUTS: Final = 96
_PURPOSES: Final = {
    "query": "search_query",
    "document": "search_document",
    "classification": "classification",
    "clustering": "clustering",
}
_UNSAID_PURPOSE: Final = "search_document"
"""What to say where the caller does not: the wire demands one."""


def render_body(request: EmbeddingsRequest, native_id: str, dropped: list[str]) -> JsonObject:
    """`texts`, or `inputs` where one of them is more than text; texts that are too long are refused, not cut."""
    purpose = _PURPOSES.get(purpose_of(request.input_type) or "")
    if request.input_type is not None and purpose is None:
        dropped.append("input_type")
    body: JsonObject = {"input_type": purpose or _UNSAID_PURPOSE, "truncate": "NONE"}
    if all(is_plain(one) for one in request.inputs):
        body["texts"] = [text_of(one) for one in request.inputs]
    else:
        body["inputs"] = [{"content": render_content(one)} for one in request.inputs]
    if request.dimensions is not None:
        if "-v3" in native_id:
            raise InvalidRequest("dimensions: this model makes vectors of one length only.")
        body["output_dimension"] = request.dimensions
    return body


def vectors_in(value: JsonObject) -> list[object]:
    """A bare list, or by type where the model says so."""
    found = value.get("embeddings")
    if isinstance(found, dict):
        found = found.get("float")
    if not isinstance(found, list):
        raise BadResponse("The provider's answer has no embeddings.")
    return found
