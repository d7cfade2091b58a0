"""Gemini's `generateContent` and `streamGenerateContent`, as spoken by AI Studio and by Vertex AI."""

from waystation.codec.dialect import Headers, Identity, RenderedRequest, StreamParser, StreamRenderer, Target
from waystation.dialects.gemini.count import (
    parse_count,
    parse_count_request,
    render_count,
    render_count_answer,
)
from waystation.dialects.gemini.errors import parse_error, render_error
from waystation.dialects.gemini.rendering import ChunkRenderer, render_response
from waystation.dialects.gemini.request import parse_request
from waystation.dialects.gemini.request_body import render_request
from waystation.dialects.gemini.response import parse_response
from waystation.dialects.gemini.stream import GenerationParser
from waystation.dialects.gemini.wire import NAME
from waystation.errors import GatewayError, ProviderError
from waystation.operations.chat import ChatRequest, ChatResult
from waystation.operations.parts import JsonObject
from waystation.operations.usage import Cost


class Gemini:
    """The dialect `gemini`; see `codec.dialect.Dialect` for what each method owes."""

    name = NAME
    bytes_only: frozenset[str] = frozenset()
    routes: tuple[str, ...] = ()
    told_in_answers: frozenset[str] = frozenset()
    verbs: tuple[str, ...] = ("generateContent", "streamGenerateContent")
    """What stands after the model in its paths."""

    def parse_request(self, body: bytes, path: str) -> ChatRequest:
        """`InvalidRequest` names the field; model and streaming are read from the path."""
        return parse_request(body, path)

    def render_request(self, request: ChatRequest, target: Target) -> RenderedRequest:
        """The body for `POST /models/<model>:generateContent`, or its streaming sister."""
        return render_request(request, target)

    def parse_response(self, body: bytes) -> ChatResult:
        """`BadResponse`, a refusal of the prompt, or the error told inside a 200 answer."""
        return parse_response(body)

    def render_response(
        self, result: ChatResult, identity: Identity, cost: Cost | None, metadata: JsonObject | None
    ) -> bytes:
        """A `GenerateContentResponse`."""
        del cost
        return render_response(result, identity, metadata)

    def stream_parser(self) -> StreamParser:
        """For one provider's stream, as events or as a JSON array."""
        return GenerationParser()

    def stream_renderer(self, identity: Identity) -> StreamRenderer:
        """For one client's stream of `GenerateContentResponse`."""
        return ChunkRenderer(identity)

    def parse_error(self, status: int, headers: Headers, body: bytes) -> ProviderError:
        """By Google's canonical status, else by the HTTP status."""
        return parse_error(status, headers, body)

    def render_error(
        self, error: GatewayError, generation_id: str | None, metadata: JsonObject | None
    ) -> bytes:
        """Google's error envelope."""
        return render_error(error, generation_id, metadata)

    def render_count(self, request: ChatRequest, target: Target) -> RenderedRequest:
        """The body for `:countTokens`."""
        return render_count(request, target)

    def parse_count(self, body: bytes) -> int:
        """`BadResponse` where nothing is counted."""
        return parse_count(body)

    def parse_count_request(self, body: bytes, path: str) -> ChatRequest:
        """A prompt, bare or in a whole request."""
        return parse_count_request(body, path)

    def render_count_answer(self, tokens: int, *, estimated: bool) -> bytes:
        """`totalTokens`."""
        return render_count_answer(tokens, estimated=estimated)


DIALECT = Gemini()
