"""Answers for a client that speaks Gemini: whole ones, and streams of chunks. Our model slug and id stand in them."""

from collections.abc import Sequence
from typing import Final

from msgspec import json, structs

from waystation.codec.assemble import assemble
from waystation.codec.carried_reasoning import carry
from waystation.codec.dialect import Identity
from waystation.dialects.gemini.errors import render_error
from waystation.dialects.gemini.families import family_of
from waystation.dialects.gemini.model_turn import render_model_parts
from waystation.dialects.gemini.wire import NAME, ORIGIN, object_of
from waystation.operations.chat import ChatResult, Choice
from waystation.operations.chat_events import (
    ChoiceEnd,
    Event,
    MediaDelta,
    MessageEnd,
    MessageStart,
    PartEnd,
    PartStart,
    ReasoningDelta,
    RefusalDelta,
    StreamError,
    TextDelta,
    ToolCallDelta,
)
from waystation.operations.parts import JsonObject, Part, Reasoning, Text
from waystation.operations.usage import Usage

_ENCODE: Final = json.Encoder().encode
_REASONS: Final = {"stop": "STOP", "tool_calls": "STOP", "length": "MAX_TOKENS", "content_filter": "SAFETY"}


def render_response(result: ChatResult, identity: Identity, metadata: JsonObject | None) -> bytes:
    """A `GenerateContentResponse`; the router's metadata stands beside its own keys, as on the other wires."""
    own = result.dialect == NAME
    candidates = [_candidate(choice, identity, own=own) for choice in result.choices]
    value = _chunk(identity, candidates, result.usage, own=own)
    return _ENCODE(value if metadata is None else {**value, "openrouter_metadata": metadata})


def _chunk(identity: Identity, candidates: list[JsonObject], usage: Usage | None, *, own: bool) -> JsonObject:
    value: JsonObject = {"candidates": candidates}
    if usage is not None:
        value["usageMetadata"] = dict(usage.extras) if own and usage.extras else render_usage(usage)
    return {**value, "modelVersion": identity.model, "responseId": identity.id}


def render_usage(usage: Usage) -> JsonObject:
    """`usageMetadata`: thoughts beside the candidates' tokens."""
    value: JsonObject = {
        "promptTokenCount": usage.prompt_tokens,
        "candidatesTokenCount": usage.completion_tokens - usage.reasoning_tokens,
        "totalTokenCount": usage.total_tokens,
    }
    if usage.reasoning_tokens:
        value["thoughtsTokenCount"] = usage.reasoning_tokens
    if usage.cached_tokens:
        value["cachedContentTokenCount"] = usage.cached_tokens
    return value


def _candidate(choice: Choice, identity: Identity, *, own: bool) -> JsonObject:
    value = _said(choice.index, choice.parts, identity)
    native = choice.native_finish_reason if own else None
    value["finishReason"] = native or _REASONS.get(choice.finish_reason or "stop", "OTHER")
    return value | choice.extras if own and choice.extras else value


def _said(index: int, parts: Sequence[Part], identity: Identity) -> JsonObject:
    shown = [
        _carried(part) if isinstance(part, Reasoning) else part
        for part in parts
        if identity.include_reasoning or not isinstance(part, Reasoning)
    ]
    rendered = render_model_parts(shown, family_of(""), same_dialect=True, drop=lambda _: None)
    return {"content": {"parts": rendered, "role": "model"}, "index": index}


def _carried(part: Reasoning) -> Reasoning:
    """A thought of another maker's, with all of it but its text in the place of the signature (`codec.carried_reasoning`)."""
    if part.origin == ORIGIN or part.plain:
        return part
    return Reasoning(text=part.text or "", signature=carry([structs.replace(part, text=None)]), origin=ORIGIN)


def _belongs_to_another(detail: Reasoning) -> bool:
    """Whether it signs a part that is not reasoning."""
    return detail.kind == "encrypted" and detail.id is not None and detail.origin == ORIGIN


class ChunkRenderer:
    """Events -> server-sent events. Text goes out as it comes; calls and media once they are whole, as on Gemini's own wire."""

    def __init__(self, identity: Identity) -> None:
        self.metadata: JsonObject | None = None
        self._identity = identity
        self._open: dict[int, list[Event]] = {}
        self._own = False
        self._waiting: dict[int, list[Reasoning]] = {}
        """Signatures of calls and images that are still to come, by choice."""

    def feed(self, events: Sequence[Event]) -> bytes:
        """The frames that these events make."""
        return b"".join(self._frames(event) for event in events)

    def comment(self) -> bytes:
        """A keep-alive frame that clients ignore."""
        return b": WAYSTATION PROCESSING\n\n"

    def close(self) -> bytes:
        """This wire has no end mark."""
        return b""

    def _frames(self, event: Event) -> bytes:  # noqa: PLR0911 - one line a kind of event
        match event:
            case TextDelta(choice=choice, text=text):
                return self._frame([_said(choice, (Text(text),), self._identity)]) if text else b""
            case ReasoningDelta():
                return self._thought(event)
            case ChoiceEnd():
                return self._frame([self._ended(event)])
            case MessageStart():
                self._own = event.dialect == NAME
            case MessageEnd(usage=usage):
                return self._frame([], usage, self.metadata)
            case StreamError(error=error):
                return b"data: " + render_error(error, None, self.metadata) + b"\n\n"
            case PartStart(choice=choice, kind=kind) if kind not in {"text", "reasoning"}:
                self._open[choice] = [event]
            case ToolCallDelta(choice=choice) | MediaDelta(choice=choice) | RefusalDelta(choice=choice):
                self._open.setdefault(choice, []).append(event)
            case PartEnd(choice=choice) if choice in self._open:
                made = assemble([*self._open.pop(choice), MessageEnd()]).choices[0].parts
                parts = (*self._waiting.pop(choice, ()), *made)
                return self._frame([_said(choice, parts, self._identity)])
            case _:
                pass
        return b""

    def _thought(self, event: ReasoningDelta) -> bytes:
        """What can be said at once; the signature of a call or an image goes out with it."""
        if not self._identity.include_reasoning:
            return b""
        details = event.details or (Reasoning(text=event.text, plain=True),)
        at_once = [detail for detail in details if not _belongs_to_another(detail)]
        for detail in details:
            if _belongs_to_another(detail):
                # Each image goes out alone, so it is the first of its frame.
                first = (
                    structs.replace(detail, id="image_0")
                    if (detail.id or "").startswith("image_")
                    else detail
                )
                self._waiting.setdefault(event.choice, []).append(first)
        return self._frame([_said(event.choice, at_once, self._identity)]) if at_once else b""

    def _ended(self, event: ChoiceEnd) -> JsonObject:
        native = event.native_reason if self._own else None
        ended = _said(event.choice, (), self._identity)
        ended["finishReason"] = native or _REASONS.get(event.reason, "OTHER")
        return ended | object_of((event.extras or {}).get("choice")) if self._own else ended

    def _frame(
        self,
        candidates: list[JsonObject],
        usage: Usage | None = None,
        metadata: JsonObject | None = None,
    ) -> bytes:
        value = _chunk(self._identity, candidates, usage, own=self._own)
        if metadata is not None:
            value["openrouter_metadata"] = metadata
        return b"data: " + _ENCODE(value) + b"\n\n"
