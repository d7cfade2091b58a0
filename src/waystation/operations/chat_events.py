"""Chat, as it streams: the changes to an answer while it is being made.

A well-formed stream is `MessageStart`, then for each part of each choice `PartStart`, deltas, `PartEnd`, then one
`ChoiceEnd` a choice, then exactly one of `MessageEnd` or `StreamError`. `Annotation` and `LogprobsDelta` may stand
anywhere between. Parts are numbered from 0 within their choice. Parsers owe this; `codec.stream_checker` asserts it.
"""

from typing import Literal, TypeAlias

from msgspec import Struct

from waystation.errors import GatewayError
from waystation.operations.parts import JsonObject, Reasoning
from waystation.operations.usage import Cost, Usage

PartKind: TypeAlias = Literal["text", "reasoning", "refusal", "tool_call", "image", "audio"]


class MessageStart(Struct, frozen=True, gc=False):
    """The provider began: its own id, model name and time (Unix seconds), where it says them."""

    upstream_id: str | None = None
    model: str | None = None
    created: int | None = None
    system_fingerprint: str | None = None
    service_tier: str | None = None
    extras: JsonObject | None = None
    dialect: str | None = None
    """Which dialect parsed the stream: the only one that may render the extras of its events."""


class PartStart(Struct, frozen=True, gc=False):
    """A part opens. A tool call says its `id` and `name` here, and its `tool_index` among the calls of the choice."""

    choice: int
    part: int
    kind: PartKind
    id: str | None = None
    name: str | None = None
    tool_index: int = 0
    extras: JsonObject | None = None


class TextDelta(Struct, frozen=True, gc=False):
    """More text. `extras`: fields of the delta and its choice that only the same dialect can say."""

    choice: int
    part: int
    text: str
    logprobs: JsonObject | None = None
    extras: JsonObject | None = None


class ReasoningDelta(Struct, frozen=True, gc=False):
    """More reasoning: readable `text`, and the details object it came in, kept whole, where there was one."""

    choice: int
    part: int
    text: str
    details: tuple[Reasoning, ...] = ()
    extras: JsonObject | None = None


class RefusalDelta(Struct, frozen=True, gc=False):
    """More of a refusal."""

    choice: int
    part: int
    text: str
    logprobs: JsonObject | None = None


class ToolCallDelta(Struct, frozen=True, gc=False):
    """More of a tool call's arguments (a fragment of JSON text)."""

    choice: int
    part: int
    tool_index: int
    arguments: str


class MediaDelta(Struct, frozen=True, gc=False):
    """A piece of sound, or a whole image: `value` in the OpenAI shape (`{"data": ...}`, `{"image_url": {"url": ...}}`)."""

    choice: int
    part: int
    kind: Literal["image", "audio"]
    value: JsonObject


class PartEnd(Struct, frozen=True, gc=False):
    """A part is complete."""

    choice: int
    part: int


class Annotation(Struct, frozen=True, gc=False):
    """A citation or file note (contract section 4), which belongs to the choice's text."""

    choice: int
    value: JsonObject
    extras: JsonObject | None = None
    """The citation as it came, which only the same dialect can say."""


class ChoiceEnd(Struct, frozen=True, gc=False):
    """One choice is finished; `reason` is stop, length, tool_calls, content_filter or error."""

    choice: int
    reason: str
    native_reason: str | None = None
    logprobs: JsonObject | None = None
    extras: JsonObject | None = None


class MessageEnd(Struct, frozen=True, gc=False):
    """The answer is complete. The meter adds `cost`; `usage` None where the provider reported none."""

    usage: Usage | None = None
    cost: Cost | None = None
    service_tier: str | None = None
    extras: JsonObject | None = None


class Note(Struct, frozen=True, gc=False):
    """A frame that carries no content and only the same dialect can say: provider timings, filter results ..."""

    value: JsonObject


class BodySent(Struct, frozen=True, gc=False):
    """What one attempt sent to its provider, for a caller who asked for it; before any content."""

    body: JsonObject


class StreamError(Struct, frozen=True, gc=False):
    """The provider broke off; nothing follows.

    `usage` is what it said it used until then; the meter sees to it where it said nothing, and adds what the caller pays.
    """

    error: GatewayError
    usage: Usage | None = None
    cost: Cost | None = None


Event: TypeAlias = (
    MessageStart
    | PartStart
    | TextDelta
    | ReasoningDelta
    | RefusalDelta
    | ToolCallDelta
    | MediaDelta
    | PartEnd
    | Annotation
    | ChoiceEnd
    | MessageEnd
    | Note
    | BodySent
    | StreamError
)


def is_content(event: Event) -> bool:
    """True for the first thing a client would miss: non-empty text, reasoning or refusal, a tool call, or media."""
    match event:
        case TextDelta(text=text) | RefusalDelta(text=text):
            return bool(text)
        case ReasoningDelta(text=text, details=details):
            return bool(text or details)
        case ToolCallDelta() | MediaDelta():
            return True
        case PartStart(kind=kind):
            return kind == "tool_call"
        case _:
            return False
