"""OpenAI's Responses: models that speak nothing else, clients that do, and reasoning that travels encrypted.

Other hosts of this wire mark their reasoning with words of their own, since none of them can read another's.
"""

from waystation.codec.dialect import Headers, Identity, RenderedRequest, StreamParser, Target
from waystation.codec.error_envelope import render_error_envelope
from waystation.dialects.openai_responses.errors import TOO_LONG, parse_error
from waystation.dialects.openai_responses.request import parse_request, refuse_state
from waystation.dialects.openai_responses.request_body import render_request
from waystation.dialects.openai_responses.response import parse_response
from waystation.dialects.openai_responses.result import render_response
from waystation.dialects.openai_responses.result_events import ResultRenderer
from waystation.dialects.openai_responses.stream import ResponseStreamParser
from waystation.dialects.openai_responses.wire import NAME, ORIGIN
from waystation.errors import GatewayError, ProviderError
from waystation.operations.chat import ChatRequest, ChatResult
from waystation.operations.parts import JsonObject
from waystation.operations.usage import Cost


class OpenAIResponses:
    """A host's way to speak this wire; see `codec.dialect.Dialect` for what each method owes."""

    bytes_only: frozenset[str] = frozenset()
    routes: tuple[str, ...] = ("/responses",)
    told_in_answers = TOO_LONG

    def __init__(self, name: str, origin: str) -> None:
        self.name = name
        self._origin = origin

    def parse_request(self, body: bytes, path: str) -> ChatRequest:
        """`InvalidRequest` names the field."""
        del path
        request = parse_request(body, self._origin)
        refuse_state(request)
        return request

    def render_request(self, request: ChatRequest, target: Target) -> RenderedRequest:
        """The body for `POST /responses`."""
        return render_request(request, target, self._origin)

    def parse_response(self, body: bytes) -> ChatResult:
        """`BadResponse`, or the error told inside a 200 answer."""
        return parse_response(body, self._origin)

    def render_response(
        self, result: ChatResult, identity: Identity, cost: Cost | None, metadata: JsonObject | None
    ) -> bytes:
        """A `response`."""
        return render_response(result, identity, cost, metadata)

    def stream_renderer(self, identity: Identity) -> ResultRenderer:
        """For one client's stream of events."""
        return ResultRenderer(identity)

    def stream_parser(self) -> StreamParser:
        """For one provider's stream of events."""
        return ResponseStreamParser(self._origin)

    def parse_error(self, status: int, headers: Headers, body: bytes) -> ProviderError:
        """By status, with the code that the body names."""
        return parse_error(status, headers, body)

    def render_error(
        self, error: GatewayError, generation_id: str | None, metadata: JsonObject | None
    ) -> bytes:
        """Contract section 2.1: before processing began, errors are those of every wire."""
        return render_error_envelope(error, generation_id, metadata)


DIALECT = OpenAIResponses(NAME, ORIGIN)
AZURE = OpenAIResponses("azure_openai_responses", "azure-openai-responses-v1")
BEDROCK = OpenAIResponses("bedrock_openai_responses", "bedrock-openai-responses-v1")
XAI = OpenAIResponses("xai_responses", "xai-responses-v1")
