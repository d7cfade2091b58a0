"""Events -> a client's stream of `chat.completion.chunk`, exactly as contract section 5 draws it.

Nearly all frames differ from the one before in one text. Such a frame is encoded once with a mark where the text goes,
cut at the mark, and from then on joined with each new text.
"""

from collections.abc import Sequence
from typing import Final

from msgspec import json

from waystation.codec.dialect import Identity
from waystation.codec.error_envelope import render_stream_error_object
from waystation.dialects.openai_chat.reasoning import plain_detail, render_detail
from waystation.dialects.openai_chat.usage import render_usage
from waystation.dialects.openai_chat.wire import NAME
from waystation.operations.chat_events import (
    Annotation,
    BodySent,
    ChoiceEnd,
    Event,
    MediaDelta,
    MessageEnd,
    MessageStart,
    Note,
    PartStart,
    ReasoningDelta,
    RefusalDelta,
    StreamError,
    TextDelta,
    ToolCallDelta,
)
from waystation.operations.parts import JsonObject

_ENCODE: Final = json.Encoder().encode
_MARK: Final = "\ue000text\ue000"
_MARK_BYTES: Final = _ENCODE(_MARK)
COMMENT: Final = b": OPENROUTER PROCESSING\n\n"
DONE: Final = b"data: [DONE]\n\n"
_Frames = dict[tuple[int, int], list[bytes]]


class ChunkRenderer:
    """One stream. `metadata`, the router's, may be set until the end and goes out with the last chunk."""

    object_name = "chat.completion.chunk"

    def __init__(self, identity: Identity) -> None:
        self.metadata: JsonObject | None = None
        self._identity = identity
        self._common: JsonObject = {
            "id": identity.id,
            "object": self.object_name,
            "created": identity.created,
            "model": identity.model,
            "provider": identity.provider,
        }
        self._same_dialect = False
        self._greeted: set[int] = set()
        self._note: JsonObject | None = None
        self._texts: _Frames = {}
        self._thoughts: _Frames = {}
        self._arguments: _Frames = {}
        self._failed = False

    def feed(self, events: Sequence[Event]) -> bytes:
        """The frames of these events, as bytes for one write."""
        out: list[bytes] = []
        for event in events:
            # The commonest case, written out: one more text of a choice that already spoke.
            if (
                type(event) is TextDelta
                and event.extras is None
                and event.logprobs is None
                and self._note is None
            ):
                pieces = self._texts.get((event.choice, 0))
                if pieces is not None:
                    out.append(_ENCODE(event.text).join(pieces))
                    continue
            frame = self._render(event)
            if frame:
                out.append(frame)
        return b"".join(out)

    def comment(self) -> bytes:
        """A comment block, which clients ignore."""
        return COMMENT

    def close(self) -> bytes:
        """`[DONE]`, unless an error ended the stream."""
        return b"" if self._failed else DONE

    def _render(self, event: Event) -> bytes:  # noqa: C901, PLR0911, PLR0912 - one line a kind of event reads best
        match event:
            case TextDelta():
                return self._text(event)
            case ReasoningDelta():
                return self._reasoning(event)
            case ToolCallDelta():
                delta: JsonObject = {
                    "tool_calls": [{"index": event.tool_index, "function": {"arguments": _MARK}}]
                }
                return self._quick(self._arguments, event.choice, event.tool_index, delta, event.arguments)
            case PartStart():
                return self._call_start(event) if event.kind == "tool_call" else b""
            case RefusalDelta():
                return self._chunk(event.choice, {"refusal": event.text}, event.logprobs)
            case MediaDelta():
                name, value = ("images", [event.value]) if event.kind == "image" else ("audio", event.value)
                return self._chunk(event.choice, {name: value})
            case Annotation():
                return self._chunk(event.choice, {"annotations": [event.value]})
            case ChoiceEnd():
                return self._choice_end(event)
            case MessageStart():
                self._same_dialect = event.dialect == NAME
                if event.system_fingerprint is not None:
                    self._common["system_fingerprint"] = event.system_fingerprint
                return b""
            case MessageEnd():
                return self._message_end(event)
            case Note():
                if self._same_dialect:
                    self._note = {**(self._note or {}), **event.value}
                return b""
            case BodySent():
                return self._frame([], {"debug": {"echo_upstream_body": event.body}})
            case StreamError():
                return self._stream_error(event)
            case _:
                return b""

    def _text(self, event: TextDelta) -> bytes:
        if event.extras is None and event.logprobs is None:
            return self._quick(self._texts, event.choice, 0, {"content": _MARK}, event.text)
        return self._chunk(event.choice, {"content": event.text}, event.logprobs, event.extras)

    def _reasoning(self, event: ReasoningDelta) -> bytes:
        if not self._identity.include_reasoning:
            return b""
        if event.extras is None and not event.details:
            delta: JsonObject = {"reasoning": _MARK, "reasoning_details": [plain_detail(_MARK)]}
            return self._quick(self._thoughts, event.choice, 0, delta, event.text)
        details = [render_detail(detail, same_dialect=self._same_dialect) for detail in event.details]
        said: JsonObject = {
            "reasoning": event.text or None,
            "reasoning_details": details or [plain_detail(event.text)],
        }
        return self._chunk(event.choice, said, None, event.extras)

    def _call_start(self, event: PartStart) -> bytes:
        function: JsonObject = {"name": event.name or "", "arguments": ""}
        call: JsonObject = {
            "index": event.tool_index,
            "id": event.id,
            "type": "function",
            "function": function,
        }
        if event.extras and self._same_dialect:
            rest = dict(event.extras)
            inner = rest.pop("function", None)
            function |= inner if isinstance(inner, dict) else {}
            call |= rest
        return self._chunk(event.choice, {"tool_calls": [call]})

    def _choice_end(self, event: ChoiceEnd) -> bytes:
        self._greeted.add(event.choice)
        return self._frame(
            [
                self._choice(
                    event.choice,
                    {},
                    event.logprobs,
                    event.extras,
                    reason=event.reason,
                    native_reason=event.native_reason,
                )
            ]
        )

    def _message_end(self, event: MessageEnd) -> bytes:
        rest: JsonObject = {}
        if event.usage is not None:
            rest["usage"] = render_usage(event.usage, event.cost, same_dialect=self._same_dialect)
        if event.service_tier is not None:
            rest["service_tier"] = event.service_tier
        if event.extras and self._same_dialect:
            rest |= event.extras
        if self.metadata is not None:
            rest["openrouter_metadata"] = self.metadata
        return self._frame([], rest) if rest or self._note else b""

    def _stream_error(self, event: StreamError) -> bytes:
        self._failed = True
        self._note = None
        choice = self._choice(0, {"content": ""}, reason="error", native_reason="error")
        rest: JsonObject = {"error": render_stream_error_object(event.error)}
        if event.usage is not None:
            rest["usage"] = render_usage(event.usage, event.cost, same_dialect=self._same_dialect)
        if self.metadata is not None and event.error.status != 500:
            rest["openrouter_metadata"] = self.metadata
        return self._frame([choice], rest)

    def _quick(self, frames: _Frames, choice: int, index: int, delta: JsonObject, text: str) -> bytes:
        """A frame whose delta has `_MARK` for its text; remembered, once nothing in it is for the first time."""
        pieces = frames.get((choice, index))
        if pieces is None or self._note is not None:
            lasting = choice in self._greeted and self._note is None
            pieces = self._chunk(choice, delta).split(_MARK_BYTES)
            if lasting:
                frames[choice, index] = pieces
        return _ENCODE(text).join(pieces)

    def _chunk(
        self,
        choice: int,
        delta: JsonObject,
        logprobs: JsonObject | None = None,
        extras: JsonObject | None = None,
    ) -> bytes:
        """A frame of one delta; the first of its choice says the role."""
        if choice not in self._greeted:
            self._greeted.add(choice)
            delta = (
                {"role": "assistant", "content": "", **delta}
                if "content" not in delta
                else {"role": "assistant", **delta}
            )
        return self._frame([self._choice(choice, delta, logprobs, extras)])

    def _choice(
        self,
        index: int,
        delta: JsonObject,
        logprobs: JsonObject | None = None,
        extras: JsonObject | None = None,
        *,
        reason: str | None = None,
        native_reason: str | None = None,
    ) -> JsonObject:
        """One item of `choices`; another skin of the same stream says it in its own way."""
        value: JsonObject = {
            "index": index,
            "delta": delta,
            "finish_reason": reason,
            "native_finish_reason": native_reason,
        }
        if logprobs is not None:
            value["logprobs"] = logprobs
        if extras and self._same_dialect:
            for_delta, for_choice = extras.get("delta"), extras.get("choice")
            if isinstance(for_delta, dict):
                value["delta"] = delta | for_delta
            if isinstance(for_choice, dict):
                value |= for_choice
        return value

    def _frame(self, choices: list[JsonObject], rest: JsonObject | None = None) -> bytes:
        body = {**self._common, "choices": choices}
        if self._note is not None:
            body |= self._note
            self._note = None
        if rest:
            body |= rest
        return b"data: %b\n\n" % _ENCODE(body)
