"""Amazon Bedrock's Converse and ConverseStream: one wire for all models that Bedrock serves, framed as AWS event streams."""

from waystation.codec.dialect import Headers, Identity, RenderedRequest, StreamParser, Target
from waystation.dialects.bedrock_converse.errors import parse_error, render_error
from waystation.dialects.bedrock_converse.rendering import ConverseStreamRenderer, render_response
from waystation.dialects.bedrock_converse.request import parse_request
from waystation.dialects.bedrock_converse.request_body import render_request
from waystation.dialects.bedrock_converse.response import parse_response
from waystation.dialects.bedrock_converse.stream import ConverseStreamParser
from waystation.dialects.bedrock_converse.wire import NAME
from waystation.errors import GatewayError, ProviderError
from waystation.operations.chat import ChatRequest, ChatResult
from waystation.operations.parts import JsonObject
from waystation.operations.usage import Cost


class BedrockConverse:
    """The dialect `bedrock_converse`; see `codec.dialect.Dialect` for what each method owes. Spoken outward only."""

    name = NAME
    bytes_only: frozenset[str] = frozenset({"image", "video", "file"})
    routes: tuple[str, ...] = ()

    def parse_request(self, body: bytes, path: str) -> ChatRequest:
        """The model's id and whether to stream are in the path."""
        return parse_request(body, path)

    def render_request(self, request: ChatRequest, target: Target) -> RenderedRequest:
        """The body for `POST /model/{id}/converse` or `/converse-stream`."""
        return render_request(request, target)

    def parse_response(self, body: bytes) -> ChatResult:
        """`BadResponse` where there is no answer."""
        return parse_response(body)

    def render_response(
        self, result: ChatResult, identity: Identity, cost: Cost | None, metadata: JsonObject | None
    ) -> bytes:
        """A `ConverseResponse`; this wire has no word for cost and metadata."""
        del cost, metadata
        return render_response(result, identity)

    def stream_parser(self) -> StreamParser:
        """For one provider's event stream."""
        return ConverseStreamParser()

    def stream_renderer(self, identity: Identity) -> ConverseStreamRenderer:
        """For one client's event stream."""
        return ConverseStreamRenderer(identity)

    def parse_error(self, status: int, headers: Headers, body: bytes) -> ProviderError:
        """By the exception's name, else by status."""
        return parse_error(status, headers, body)

    def render_error(
        self, error: GatewayError, generation_id: str | None, metadata: JsonObject | None
    ) -> bytes:
        """An exception's body."""
        del generation_id, metadata
        return render_error(error)


DIALECT = BedrockConverse()
