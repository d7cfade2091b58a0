"""Anthropic's Messages: Claude at Anthropic, at Vertex, and wherever else this wire is spoken. What a client may say is read, too; its answers come with the route."""

from waystation.codec.dialect import Headers, RenderedRequest, StreamParser, Target
from waystation.dialects.anthropic_messages.errors import parse_error
from waystation.dialects.anthropic_messages.parse_request import parse_request
from waystation.dialects.anthropic_messages.request import render_request
from waystation.dialects.anthropic_messages.response import parse_response
from waystation.dialects.anthropic_messages.stream import MessageParser
from waystation.dialects.anthropic_messages.wire import NAME
from waystation.errors import ProviderError
from waystation.operations.chat import ChatRequest, ChatResult


class AnthropicMessages:
    """The dialect `anthropic_messages`; see `codec.dialect.Outward` for what each method owes."""

    name = NAME
    bytes_only: frozenset[str] = frozenset()

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

    def stream_parser(self) -> StreamParser:
        """For one provider's stream of events."""
        return MessageParser()

    def parse_error(self, status: int, headers: Headers, body: bytes) -> ProviderError:
        """By status, with the type that the body names."""
        return parse_error(status, headers, body)


DIALECT = AnthropicMessages()
