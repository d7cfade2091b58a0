"""What a dialect owes: wire -> ours is `parse_*`, ours -> wire is `render_*`, in both directions, without I/O.

A dialect's inbound half speaks with clients, its outbound half with providers. It never knows another dialect.
"""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from msgspec import Struct

from waystation.errors import GatewayError, ProviderError
from waystation.operations.chat import ChatRequest, ChatResult
from waystation.operations.chat_events import Event
from waystation.operations.parts import JsonObject
from waystation.operations.usage import Cost

Headers = Sequence[tuple[bytes, bytes]]


class Identity(Struct, frozen=True):
    """What the client is told about its generation: our id, the concrete model slug, the provider's display name."""

    id: str
    model: str
    provider: str
    created: int
    include_reasoning: bool = True
    is_completion: bool = False
    request: ChatRequest | None = None
    """What was asked, for wires whose answers repeat it."""


class Target(Struct, frozen=True):
    """What rendering needs to know of the endpoint: its name for the model, and what it can do."""

    native_id: str
    supported_parameters: frozenset[str] = frozenset()
    max_completion_tokens: int | None = None
    reasoning_field: str = "reasoning"
    """The word this endpoint has for reasoning text in messages: `reasoning` or `reasoning_content`; "" for none."""
    nested_reasoning: bool = False
    """True where it takes the `reasoning` object itself, false where it takes `reasoning_effort`."""
    max_tokens_field: str = "max_tokens"
    developer_role: bool = False
    """True where it knows the role `developer`; elsewhere that is `system`."""
    efforts: tuple[str, ...] = ()
    """The words it has for effort; empty where it has all of them."""
    model_id: str = ""
    """The catalogue's slug, for wires whose native id may be an opaque name of the operator's own."""


class RenderedRequest(Struct):
    """A request on its way out: path below the provider's base URL, body, and what could not be said."""

    path: str
    body: JsonObject
    dropped: list[str]
    headers: list[tuple[str, str]]


class StreamParser(Protocol):
    """Bytes from a provider -> events. Correct for any split of the bytes."""

    def feed(self, data: bytes) -> list[Event]:
        """Events completed by this piece."""
        ...

    def close(self) -> list[Event]:
        """The provider ended the stream: what is left, or a `StreamError` where it ended too soon."""
        ...


class StreamRenderer(Protocol):
    """Events -> bytes for the client."""

    metadata: JsonObject | None
    """The router's, set for callers who asked: goes out with what ends the stream, an error included (contract 19)."""

    def feed(self, events: Sequence[Event]) -> bytes:
        """The frames that these events make; may be empty."""
        ...

    def comment(self) -> bytes:
        """A keep-alive frame that clients ignore."""
        ...

    def close(self) -> bytes:
        """The end mark; empty where the wire has none or an error ended the stream."""
        ...


class Outward(Protocol):
    """The half of a wire format that speaks with providers. Stateless: a module of functions may serve as one."""

    name: str
    bytes_only: frozenset[str]
    """The kinds of parts that it takes as bytes but not by URL: of image, video and file."""

    def render_request(self, request: ChatRequest, target: Target) -> RenderedRequest:
        """The provider's request body, and what of the request it could not say."""
        ...

    def parse_response(self, body: bytes) -> ChatResult:
        """A provider's whole answer; `BadResponse` (or the error in it) where it is none."""
        ...

    def stream_parser(self) -> StreamParser:
        """A fresh parser for one provider's stream."""
        ...

    def parse_error(self, status: int, headers: Headers, body: bytes) -> ProviderError:
        """What a provider's error answer means; nothing of its body goes into the message unfiltered."""
        ...


class Dialect(Outward, Protocol):
    """A wire format that clients speak, too."""

    routes: tuple[str, ...]
    """Inbound paths below a base (`/chat/completions`)."""
    told_in_answers: frozenset[str]
    """The `error_type`s that are said in an answer of status 200 rather than as an error."""

    def parse_request(self, body: bytes, path: str) -> ChatRequest:
        """Validate and translate a client's body; `InvalidRequest` names the field."""
        ...

    def render_response(
        self, result: ChatResult, identity: Identity, cost: Cost | None, metadata: JsonObject | None
    ) -> bytes:
        """The client's whole answer."""
        ...

    def stream_renderer(self, identity: Identity) -> StreamRenderer:
        """A fresh renderer for one client's stream."""
        ...

    def render_error(
        self, error: GatewayError, generation_id: str | None, metadata: JsonObject | None
    ) -> bytes:
        """The client's error body."""
        ...


@runtime_checkable
class CountsTokens(Protocol):
    """An outward half whose providers count the tokens of a prompt."""

    def render_count(self, request: ChatRequest, target: Target) -> RenderedRequest:
        """The question."""
        ...

    def parse_count(self, body: bytes) -> int:
        """The answer; `BadResponse` where there is none in it."""
        ...

    def parse_error(self, status: int, headers: Headers, body: bytes) -> ProviderError:
        """As everywhere."""
        ...


class CountedIn(Protocol):
    """An inward half whose clients ask for counts."""

    def parse_count_request(self, body: bytes, path: str) -> ChatRequest:
        """The prompt to be counted; `InvalidRequest` names the field."""
        ...

    def render_count_answer(self, tokens: int, *, estimated: bool) -> bytes:
        """The count; one that no provider made says so."""
        ...

    def render_error(
        self, error: GatewayError, generation_id: str | None, metadata: JsonObject | None
    ) -> bytes:
        """The client's error body."""
        ...
