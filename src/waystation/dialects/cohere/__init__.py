"""Cohere's Chat, version 2: the Command models where they are made. No client speaks it here."""

from waystation.codec.dialect import Headers, RenderedRequest, StreamParser, Target
from waystation.dialects.cohere.errors import parse_error
from waystation.dialects.cohere.request import parse_request
from waystation.dialects.cohere.request_body import render_request
from waystation.dialects.cohere.response import parse_response
from waystation.dialects.cohere.stream import ChatStreamParser
from waystation.dialects.cohere.wire import NAME
from waystation.errors import ProviderError
from waystation.operations.chat import ChatRequest, ChatResult


class Cohere:
    """The dialect `cohere`; see `codec.dialect.Outward` for what each method owes."""

    name = NAME
    bytes_only: frozenset[str] = frozenset()

    def parse_request(self, body: bytes, path: str) -> ChatRequest:
        """`InvalidRequest` names the field."""
        del path
        return parse_request(body)

    def render_request(self, request: ChatRequest, target: Target) -> RenderedRequest:
        """The body for `POST /v2/chat`."""
        return render_request(request, target)

    def parse_response(self, body: bytes) -> ChatResult:
        """`BadResponse` where there is no answer in it."""
        return parse_response(body)

    def stream_parser(self) -> StreamParser:
        """For one provider's stream of events."""
        return ChatStreamParser()

    def parse_error(self, status: int, headers: Headers, body: bytes) -> ProviderError:
        """By status."""
        return parse_error(status, headers, body)


DIALECT = Cohere()
