"""Embeddings at Amazon Bedrock, by `InvokeModel`: each maker's models have a body of their own. Outward only."""

from collections.abc import Callable
from typing import Final

from msgspec import Struct

from waystation.codec.dialect import Headers, RenderedRequest, Target
from waystation.codec.json_answer import decode_answer, parse_json_error, text_at
from waystation.codec.path_segment import path_segment
from waystation.codec.vectors import in_order, parse_vector
from waystation.dialects.bedrock_embeddings import cohere, nova, titan
from waystation.errors import BadResponse, InvalidRequest, ProviderError
from waystation.operations.embeddings import EmbeddingsRequest, EmbeddingsResult
from waystation.operations.parts import JsonObject
from waystation.operations.usage import Usage

NAME: Final = "bedrock_embeddings"
_TOKENS_HEADER: Final = b"x-amzn-bedrock-input-token-count"


class _Family(Struct, frozen=True):
    """How one maker's models are asked and read."""

    words: tuple[str, ...]
    most_inputs: int
    render_body: Callable[[EmbeddingsRequest, str, list[str]], JsonObject]
    vectors_in: Callable[[JsonObject], list[object]]
    tokens_in: Callable[[JsonObject], int | None] | None = None
    """None where the body counts none: the answer's header does."""


_FAMILIES: Final = (
    _Family(("titan-embed",), 1, titan.render_body, titan.vectors_in, titan.tokens_in),
    _Family(("nova",), 1, nova.render_body, nova.vectors_in),
    _Family(
        ("cohere.embed", "cohere/embed"),
        cohere.MOST_INPUTS,
        cohere.render_body,
        cohere.vectors_in,
    ),
)


class BedrockEmbeddings:
    """The dialect `bedrock_embeddings`; see `codec.operation_dialect.EmbeddingsOutward` for what each method owes."""

    name = NAME

    def most_inputs(self, target: Target) -> int:
        """One for Amazon's models."""
        return _family_of(target).most_inputs

    def render_request(self, request: EmbeddingsRequest, target: Target) -> RenderedRequest:
        """The body for `POST /model/{model}/invoke`; at most `most_inputs` inputs of the request are in it."""
        family = _family_of(target)
        if len(request.inputs) > family.most_inputs:
            raise InvalidRequest(f"input: this model takes {family.most_inputs} at once.")
        dropped: list[str] = []
        body = family.render_body(request, f"{target.native_id} {target.model_id}", dropped)
        if request.user is not None:
            dropped.append("user")
        dropped += request.extras or ()
        return RenderedRequest(f"/model/{path_segment(target.native_id)}/invoke", body, dropped, [])

    def parse_response(self, body: bytes, headers: Headers, request: EmbeddingsRequest) -> EmbeddingsResult:
        """By the shape of the answer: it does not name its model."""
        value = decode_answer(body)
        family = _family_of_answer(value)
        tokens = family.tokens_in(value) if family.tokens_in is not None else None
        if tokens is None:
            tokens = _counted(headers)
        return EmbeddingsResult(
            dialect=NAME,
            vectors=in_order([(None, parse_vector(vector)) for vector in family.vectors_in(value)], request),
            upstream_id=text_at(value, "id"),
            usage=Usage(prompt_tokens=tokens) if tokens is not None else None,
        )

    def parse_error(self, status: int, headers: Headers, body: bytes) -> ProviderError:
        """By status; the body says only why."""
        return parse_json_error(status, headers, body)


def _family_of(target: Target) -> _Family:
    told = f"{target.native_id} {target.model_id}".lower()
    for family in _FAMILIES:
        if any(word in told for word in family.words):
            return family
    raise InvalidRequest("model: the gateway does not know how this model's embeddings are asked for.")


def _family_of_answer(value: JsonObject) -> _Family:
    titan_family, nova_family, cohere_family = _FAMILIES
    if "embedding" in value:
        return titan_family
    found = value.get("embeddings")
    if isinstance(found, dict):
        return cohere_family
    if not isinstance(found, list):
        raise BadResponse("The provider's answer has no embeddings.")
    return nova_family if found and isinstance(found[0], dict) else cohere_family


def _counted(headers: Headers) -> int | None:
    """Tokens by the answer's header, which all models have."""
    for name, value in headers:
        if name.lower() == _TOKENS_HEADER and value.isdigit():
            return int(value)
    return None


DIALECT = BedrockEmbeddings()
