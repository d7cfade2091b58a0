"""Ollama's `POST /api/embed`. Texts that are too long are refused, not cut. Source: Ollama's API reference."""

from typing import Final

from waystation.codec.dialect import Headers, RenderedRequest, Target
from waystation.codec.embedding_inputs import texts_of
from waystation.codec.json_answer import count_at, decode_answer, parse_json_error, text_at
from waystation.codec.vectors import in_order, parse_vector
from waystation.errors import BadResponse, ProviderError
from waystation.operations.embeddings import EmbeddingsRequest, EmbeddingsResult
from waystation.operations.parts import JsonObject
from waystation.operations.usage import Usage

NAME: Final = "ollama_embeddings"
PATH: Final = "/api/embed"
MOST_INPUTS: Final = 2048
_UNSAYABLE: Final = ("input_type", "user")


class OllamaEmbeddings:
    """The dialect `ollama_embeddings`; see `codec.operation_dialect.EmbeddingsOutward` for what each method owes."""

    name = NAME

    def most_inputs(self, target: Target) -> int:
        """The wire has no limit; as many as OpenAI takes."""
        del target
        return MOST_INPUTS

    def render_request(self, request: EmbeddingsRequest, target: Target) -> RenderedRequest:
        """The body for `POST /api/embed`."""
        body: JsonObject = {
            "model": target.native_id,
            "input": texts_of(request.inputs),
            "truncate": False,
        }
        if request.dimensions is not None:
            body["dimensions"] = request.dimensions
        dropped = [name for name in _UNSAYABLE if getattr(request, name) is not None]
        return RenderedRequest(PATH, body, [*dropped, *(request.extras or ())], [])

    def parse_response(self, body: bytes, headers: Headers, request: EmbeddingsRequest) -> EmbeddingsResult:
        """`BadResponse`, or the error told inside a 200 answer."""
        del headers
        value = decode_answer(body)
        vectors, tokens = value.get("embeddings"), count_at(value, "prompt_eval_count")
        if not isinstance(vectors, list):
            raise BadResponse("The provider's answer has no embeddings.")
        return EmbeddingsResult(
            dialect=NAME,
            vectors=in_order([(None, parse_vector(vector)) for vector in vectors], request),
            model=text_at(value, "model"),
            usage=Usage(prompt_tokens=tokens) if tokens is not None else None,
        )

    def parse_error(self, status: int, headers: Headers, body: bytes) -> ProviderError:
        """By status; the body says only why."""
        return parse_json_error(status, headers, body)


DIALECT = OllamaEmbeddings()
