"""OpenAI's `POST /embeddings`, as a dozen providers speak it: one dialect a spelling. What clients say is in `inbound`."""

from waystation.codec.dialect import Headers, RenderedRequest, Target
from waystation.codec.json_answer import parse_json_error
from waystation.dialects.openai_embeddings.request import render_request
from waystation.dialects.openai_embeddings.response import parse_response
from waystation.dialects.openai_embeddings.spelling import OPENAI, SPELLINGS, Spelling
from waystation.errors import ProviderError
from waystation.operations.embeddings import EmbeddingsRequest, EmbeddingsResult


class OpenAIEmbeddings:
    """One spelling of the wire; see `codec.operation_dialect.EmbeddingsOutward` for what each method owes."""

    def __init__(self, spelling: Spelling) -> None:
        self._spelling = spelling

    @property
    def name(self) -> str:
        """The spelling's."""
        return self._spelling.name

    def most_inputs(self, target: Target) -> int:
        """The same for all models."""
        del target
        return self._spelling.most_inputs

    def render_request(self, request: EmbeddingsRequest, target: Target) -> RenderedRequest:
        """The body for `POST /embeddings`."""
        return render_request(request, target, self._spelling)

    def parse_response(self, body: bytes, headers: Headers, request: EmbeddingsRequest) -> EmbeddingsResult:
        """`BadResponse`, or the error told inside a 200 answer."""
        del headers
        return parse_response(body, request, self._spelling)

    def parse_error(self, status: int, headers: Headers, body: bytes) -> ProviderError:
        """By status."""
        return parse_json_error(status, headers, body)


DIALECT = OpenAIEmbeddings(OPENAI)
DIALECTS = (DIALECT, *(OpenAIEmbeddings(spelling) for spelling in SPELLINGS if spelling is not OPENAI))
