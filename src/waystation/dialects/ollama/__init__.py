"""Ollama's own chat: `POST /api/chat`, streamed as a JSON object a line. Outward only."""

from waystation.codec.dialect import Headers, RenderedRequest, StreamParser, Target
from waystation.dialects.ollama.errors import parse_error
from waystation.dialects.ollama.request import render_request
from waystation.dialects.ollama.response import parse_response
from waystation.dialects.ollama.stream import ChatParser
from waystation.dialects.ollama.wire import NAME
from waystation.errors import ProviderError
from waystation.operations.chat import ChatRequest, ChatResult


class Ollama:
    """The dialect `ollama`; see `codec.dialect.Outward` for what each method owes."""

    name = NAME
    bytes_only: frozenset[str] = frozenset({"image", "file"})

    def render_request(self, request: ChatRequest, target: Target) -> RenderedRequest:
        """The body for `POST /api/chat`."""
        return render_request(request, target)

    def parse_response(self, body: bytes) -> ChatResult:
        """`BadResponse`, or the error told inside a 200 answer."""
        return parse_response(body)

    def stream_parser(self) -> StreamParser:
        """For one provider's stream of lines."""
        return ChatParser()

    def parse_error(self, status: int, headers: Headers, body: bytes) -> ProviderError:
        """By status; the body says only why."""
        return parse_error(status, headers, body)


DIALECT = Ollama()
