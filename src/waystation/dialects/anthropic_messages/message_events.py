"""Events -> a client's stream of Messages events (contract section 30). Source: schema `MessagesStreamEvents`.

A block is closed when the next one begins or the message ends: what other wires say of a text after it, such as what it
cites, still belongs to it.
"""

from collections.abc import Sequence
from typing import Final

from msgspec import json

from waystation.codec.dialect import Identity
from waystation.dialects.anthropic_messages.answer_blocks import (
    call_block,
    carried_signature,
    citation_of,
    is_claudes,
    is_hidden,
    text_block,
    thought_block,
)
from waystation.dialects.anthropic_messages.errors import render_error_object
from waystation.dialects.anthropic_messages.finish import stop_reason
from waystation.dialects.anthropic_messages.message import opening, refusal_details
from waystation.dialects.anthropic_messages.usage import render_usage
from waystation.dialects.anthropic_messages.wire import NAME, object_of
from waystation.operations.chat_events import (
    Annotation,
    ChoiceEnd,
    Event,
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
from waystation.operations.parts import JsonObject, Reasoning
from waystation.operations.usage import Usage

_ENCODE: Final = json.Encoder().encode
PING: Final = b'event: ping\ndata: {"type":"ping"}\n\n'
_TEXT: Final = (
    b"event: content_block_delta\n"
    b'data: {"type":"content_block_delta","index":%d,"delta":{"type":"text_delta","text":%b}}\n\n'
)
_INPUT: Final = (
    b"event: content_block_delta\n"
    b'data: {"type":"content_block_delta","index":%d,"delta":{"type":"input_json_delta","partial_json":%b}}\n\n'
)
_STOP: Final = b'event: content_block_stop\ndata: {"type":"content_block_stop","index":%d}\n\n'


class MessageRenderer:
    """One stream. `metadata`, the router's, may be set until the end and goes out with `message_stop`, or with the error."""

    def __init__(self, identity: Identity) -> None:
        self.metadata: JsonObject | None = None
        self._identity = identity
        self._same_dialect = False
        self._index = -1
        self._open: str | None = None
        self._thought: Reasoning | None = None
        self._refusal = ""
        self._end: ChoiceEnd | None = None
        self._out: list[bytes] = []

    def feed(self, events: Sequence[Event]) -> bytes:
        """The frames of these events, as bytes for one write."""
        out = self._out
        for event in events:
            # The commonest case, written out: one more text of a block that is open.
            if type(event) is TextDelta and self._open == "text":
                out.append(_TEXT % (self._index, _ENCODE(event.text)))
            else:
                self._render(event)
        data = b"".join(out)
        out.clear()
        return data

    def comment(self) -> bytes:
        """A `ping`, which clients ignore."""
        return PING

    def close(self) -> bytes:
        """Nothing: `message_stop` was the end."""
        return b""

    def _render(self, event: Event) -> None:  # noqa: C901, PLR0912 - one line a kind of event reads best
        match event:
            case TextDelta():
                self._text(event.text)
            case ReasoningDelta():
                self._reasoning(event)
            case ToolCallDelta():
                if self._open == "tool_use" and event.choice == 0:
                    self._out.append(_INPUT % (self._index, _ENCODE(event.arguments)))
            case PartStart():
                self._part_start(event)
            case RefusalDelta():
                self._refusal += event.text
                if not self._same_dialect:
                    self._text(event.text)
            case Annotation():
                self._cite(event)
            case ChoiceEnd():
                self._end = self._end or event
            case MessageStart():
                self._message_start(event)
            case MessageEnd():
                self._message_end(event)
            case Note():
                self._note(object_of(event.value.get("block")))
            case StreamError():
                self._stream_error(event)
            case _:
                pass

    def _message_start(self, event: MessageStart) -> None:
        self._same_dialect = event.dialect == NAME
        said = event.extras or {} if self._same_dialect else {}
        usage = render_usage(Usage(), None, event.service_tier, same_dialect=False)
        message = opening(self._identity) | object_of(said.get("message"))
        message["usage"] = usage | object_of(said.get("usage"))
        self._say("message_start", {"message": message})

    def _part_start(self, event: PartStart) -> None:
        if event.choice != 0:
            return
        if event.kind == "text":
            self._start(text_block(""))
        elif event.kind == "tool_call":
            extras = event.extras if self._same_dialect else None
            self._start(call_block(event.id or "", event.name or "", extras))
        else:
            self._stop()

    def _text(self, text: str) -> None:
        if self._open != "text":
            self._start(text_block(""))
        self._out.append(_TEXT % (self._index, _ENCODE(text)))

    def _reasoning(self, event: ReasoningDelta) -> None:
        if not self._identity.include_reasoning or event.choice != 0:
            return
        if event.text and not any(detail.text for detail in event.details):
            self._think(Reasoning(text=event.text, plain=True))
        for detail in event.details:
            self._think(detail)

    def _think(self, piece: Reasoning) -> None:
        """One more piece: of the open block where it continues that, else a block of its own."""
        if is_hidden(piece):
            self._start(thought_block(piece, same_dialect=self._same_dialect))
            return
        if self._thought is None or not _continues(self._thought, piece):
            self._start({"type": "thinking", "thinking": "", "signature": ""})
        if piece.text:
            self._delta({"type": "thinking_delta", "thinking": piece.text})
        if is_claudes(piece) and piece.signature:
            self._delta({"type": "signature_delta", "signature": piece.signature})
        last = self._thought
        signature = piece.signature or (last.signature if last is not None else None)
        identity = piece.id or (last.id if last is not None else None)
        self._thought = Reasoning(
            piece.kind, None, signature, None, identity, piece.origin, piece.index, piece.plain, piece.extras
        )

    def _note(self, block: JsonObject) -> None:
        """What a tool of the provider's own was asked, or answered."""
        if not self._same_dialect or not block:
            return
        asked = block.get("input")
        self._start(block | {"input": {}} if isinstance(asked, dict) else block)
        if isinstance(asked, dict) and asked:
            self._out.append(_INPUT % (self._index, _ENCODE(_ENCODE(asked).decode())))

    def _cite(self, event: Annotation) -> None:
        citation = event.extras if self._same_dialect else citation_of(event.value)
        if citation is not None and self._open == "text":
            self._delta({"type": "citations_delta", "citation": citation})

    def _message_end(self, event: MessageEnd) -> None:
        self._stop()
        said: JsonObject = {"delta": self._ending()}
        said["usage"] = render_usage(
            event.usage or Usage(), event.cost, event.service_tier, same_dialect=self._same_dialect
        )
        self._say("message_delta", said)
        self._say("message_stop", {} if self.metadata is None else {"openrouter_metadata": self.metadata})

    def _stream_error(self, event: StreamError) -> None:
        told = render_error_object(event.error, self._identity.id)
        said: JsonObject = {key: value for key, value in told.items() if key != "type"}
        if self.metadata is not None and event.error.status != 500:
            said["openrouter_metadata"] = self.metadata
        self._say("error", said)

    def _ending(self) -> JsonObject:
        end = self._end or ChoiceEnd(0, "stop")
        reason = stop_reason(
            end.reason, end.native_reason, same_dialect=self._same_dialect, refused=bool(self._refusal)
        )
        said: JsonObject = {
            "stop_reason": reason,
            "stop_sequence": None,
            "stop_details": None,
            "container": None,
        }
        if self._same_dialect:
            return said | object_of((end.extras or {}).get("delta"))
        if reason == "refusal":
            said["stop_details"] = refusal_details(self._refusal or None)
        return said

    def _start(self, block: JsonObject) -> None:
        self._stop()
        self._index += 1
        self._open = str(block.get("type"))
        self._say("content_block_start", {"index": self._index, "content_block": block})

    def _stop(self) -> None:
        """Close the open block; a thought that Claude did not make gets what stands for its signature."""
        thought, self._thought = self._thought, None
        if self._open is None:
            return
        if thought is not None and not is_claudes(thought):
            self._delta({"type": "signature_delta", "signature": carried_signature(thought)})
        self._open = None
        self._out.append(_STOP % self._index)

    def _delta(self, delta: JsonObject) -> None:
        self._say("content_block_delta", {"index": self._index, "delta": delta})

    def _say(self, kind: str, rest: JsonObject) -> None:
        self._out.append(b"event: %b\ndata: %b\n\n" % (kind.encode(), _ENCODE({"type": kind, **rest})))


def _continues(last: Reasoning, piece: Reasoning) -> bool:
    """Whether a piece belongs to the thought that is being told: of the same number, which nothing has signed yet."""
    return (
        piece.kind == last.kind
        and piece.index == last.index
        and piece.origin == last.origin
        and piece.plain == last.plain
        and last.signature is None
    )
