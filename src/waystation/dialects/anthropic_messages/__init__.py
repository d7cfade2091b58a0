"""Anthropic's Messages: Claude at Anthropic, at Vertex, and wherever else this wire is spoken. Clients speak it, too."""

from waystation.codec.dialect import Headers, Identity, RenderedRequest, StreamParser, Target
from waystation.dialects.anthropic_messages.count import parse_count, render_count, render_count_answer
from waystation.dialects.anthropic_messages.errors import parse_error, render_error
from waystation.dialects.anthropic_messages.message import render_response
from waystation.dialects.anthropic_messages.message_events import MessageRenderer
from waystation.dialects.anthropic_messages.parse_request import parse_request
from waystation.dialects.anthropic_messages.request import render_request
from waystation.dialects.anthropic_messages.response import parse_response
from waystation.dialects.anthropic_messages.stream import MessageParser
from waystation.dialects.anthropic_messages.wire import NAME
from waystation.errors import GatewayError, ProviderError
from waystation.operations.chat import ChatRequest, ChatResult
from waystation.operations.parts import JsonObject
from waystation.operations.usage import Cost


class AnthropicMessages:
    """The dialect `anthropic_messages`; see `codec.dialect.Dialect` for what each method owes."""

    name = NAME
    bytes_only: frozenset[str] = frozenset()
    routes: tuple[str, ...] = ("/messages",)
    told_in_answers: frozenset[str] = frozenset()

    def parse_request(self, body: bytes, path: str) -> ChatRequest:
        """`InvalidRequest` names the field."""
        del path
        return parse_request(body)

    def render_request(self, request: ChatRequest, target: Target) -> RenderedRequest:
        """The body for `POST /messages`."""
        return render_request(request, target)

    def parse_response(self, body: bytes) -> ChatResult:
        """`BadResponse`, or the error told inside a 200 answer."""
        return parse_response(body)

    def render_response(
        self, result: ChatResult, identity: Identity, cost: Cost | None, metadata: JsonObject | None
    ) -> bytes:
        """A `message`."""
        return render_response(result, identity, cost, metadata)

    def stream_parser(self) -> StreamParser:
        """For one provider's stream of events."""
        return MessageParser()

    def stream_renderer(self, identity: Identity) -> MessageRenderer:
        """For one client's stream of events."""
        return MessageRenderer(identity)

    def parse_error(self, status: int, headers: Headers, body: bytes) -> ProviderError:
        """By status, with the type that the body names."""
        return parse_error(status, headers, body)

    def render_error(
        self, error: GatewayError, generation_id: str | None, metadata: JsonObject | None
    ) -> bytes:
        """Contract section 2.6."""
        return render_error(error, generation_id, metadata)

    def render_count(self, request: ChatRequest, target: Target) -> RenderedRequest:
        """The body for `POST /messages/count_tokens`."""
        return render_count(request, target)

    def parse_count(self, body: bytes) -> int:
        """`BadResponse` where nothing is counted."""
        return parse_count(body)

    def parse_count_request(self, body: bytes, path: str) -> ChatRequest:
        """A request whose answer nobody wants."""
        return self.parse_request(body, path)

    def render_count_answer(self, tokens: int, *, estimated: bool) -> bytes:
        """`input_tokens`."""
        return render_count_answer(tokens, estimated=estimated)


DIALECT = AnthropicMessages()
