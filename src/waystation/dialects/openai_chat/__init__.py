"""OpenAI chat completions, with OpenRouter's extensions: the wire format that most clients and providers speak."""

from waystation.codec.dialect import (
    Headers,
    Identity,
    RenderedRequest,
    StreamParser,
    Target,
)
from waystation.dialects.openai_chat.chunks import ChunkRenderer
from waystation.dialects.openai_chat.errors import parse_error, render_error
from waystation.dialects.openai_chat.request import parse_request
from waystation.dialects.openai_chat.request_body import render_request
from waystation.dialects.openai_chat.response import parse_response, render_response
from waystation.dialects.openai_chat.stream import ChunkParser
from waystation.dialects.openai_chat.wire import NAME
from waystation.errors import GatewayError, ProviderError
from waystation.operations.chat import ChatRequest, ChatResult
from waystation.operations.parts import JsonObject
from waystation.operations.usage import Cost


class OpenAIChat:
    """The dialect `openai_chat`; see `codec.dialect.Dialect` for what each method owes."""

    name = NAME
    bytes_only: frozenset[str] = frozenset({"file"})
    routes: tuple[str, ...] = ("/chat/completions",)
    told_in_answers: frozenset[str] = frozenset()

    def parse_request(self, body: bytes, path: str) -> ChatRequest:
        """`InvalidRequest` names the field."""
        del path
        return parse_request(body)

    def render_request(self, request: ChatRequest, target: Target) -> RenderedRequest:
        """The body for `POST /chat/completions`."""
        return render_request(request, target)

    def parse_response(self, body: bytes) -> ChatResult:
        """`BadResponse`, or the error told inside a 200 answer."""
        return parse_response(body)

    def render_response(
        self, result: ChatResult, identity: Identity, cost: Cost | None, metadata: JsonObject | None
    ) -> bytes:
        """A `chat.completion`."""
        return render_response(result, identity, cost, metadata)

    def stream_parser(self) -> StreamParser:
        """For one provider's stream of `chat.completion.chunk`."""
        return ChunkParser()

    def stream_renderer(self, identity: Identity) -> ChunkRenderer:
        """For one client's stream of `chat.completion.chunk`."""
        return ChunkRenderer(identity)

    def parse_error(self, status: int, headers: Headers, body: bytes) -> ProviderError:
        """By status, with the code that the body names."""
        return parse_error(status, headers, body)

    def render_error(
        self, error: GatewayError, generation_id: str | None, metadata: JsonObject | None
    ) -> bytes:
        """Contract section 2.1."""
        return render_error(error, generation_id, metadata)


DIALECT = OpenAIChat()
