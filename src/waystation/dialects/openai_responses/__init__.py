"""OpenAI's Responses, toward providers: models that speak nothing else, and reasoning that travels encrypted.

Other hosts of this wire mark their reasoning with words of their own, since none of them can read another's.
"""

from waystation.codec.dialect import Headers, RenderedRequest, StreamParser, Target
from waystation.dialects.openai_responses.errors import parse_error
from waystation.dialects.openai_responses.request import parse_request
from waystation.dialects.openai_responses.request_body import render_request
from waystation.dialects.openai_responses.response import parse_response
from waystation.dialects.openai_responses.stream import ResponseStreamParser
from waystation.dialects.openai_responses.wire import NAME, ORIGIN
from waystation.errors import ProviderError
from waystation.operations.chat import ChatRequest, ChatResult


class OpenAIResponses:
    """A host's way to speak this wire; see `codec.dialect.Outward` for what each method owes."""

    bytes_only: frozenset[str] = frozenset()

    def __init__(self, name: str, origin: str) -> None:
        self.name = name
        self._origin = origin

    def parse_request(self, body: bytes, path: str) -> ChatRequest:
        """`InvalidRequest` names the field."""
        del path
        return parse_request(body, self._origin)

    def render_request(self, request: ChatRequest, target: Target) -> RenderedRequest:
        """The body for `POST /responses`."""
        return render_request(request, target, self._origin)

    def parse_response(self, body: bytes) -> ChatResult:
        """`BadResponse`, or the error told inside a 200 answer."""
        return parse_response(body, self._origin)

    def stream_parser(self) -> StreamParser:
        """For one provider's stream of events."""
        return ResponseStreamParser(self._origin)

    def parse_error(self, status: int, headers: Headers, body: bytes) -> ProviderError:
        """By status, with the code that the body names."""
        return parse_error(status, headers, body)


DIALECT = OpenAIResponses(NAME, ORIGIN)
AZURE = OpenAIResponses("azure_openai_responses", "azure-openai-responses-v1")
BEDROCK = OpenAIResponses("bedrock_openai_responses", "bedrock-openai-responses-v1")
XAI = OpenAIResponses("xai_responses", "xai-responses-v1")
