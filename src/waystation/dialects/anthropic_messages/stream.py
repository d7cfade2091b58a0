"""A stream of Anthropic's events -> ours. Correct for any split; without `message_stop` a stream was cut.

`input_json_delta` is passed on as it comes; counters are corrected by every later event that names them.
"""

from typing import Final

from msgspec import DecodeError, Struct, json

from waystation.codec.frame_reader import FrameReader, decode_event
from waystation.codec.framing import Frame, SseParser
from waystation.dialects.anthropic_messages.citations import parse_citation
from waystation.dialects.anthropic_messages.errors import parse_error_object
from waystation.dialects.anthropic_messages.finish import finish_reason
from waystation.dialects.anthropic_messages.response import arguments_of, refusal_of
from waystation.dialects.anthropic_messages.usage import merged, parse_usage
from waystation.dialects.anthropic_messages.wire import (
    ANSWER_TOOL,
    CALL_KEYS,
    MESSAGE_KEYS,
    NAME,
    ORIGIN,
    object_of,
    rest_of,
    text_at,
)
from waystation.errors import BadResponse
from waystation.operations.chat_events import Annotation, MessageEnd, MessageStart, Note
from waystation.operations.parts import JsonObject, Reasoning

_DECODE: Final = json.Decoder().decode
_STOP_KEYS: Final = frozenset({"stop_reason"})


class _Block(Struct):
    """A content block that is being told. `thought` numbers blocks of thinking; `start` is where its text begins."""

    kind: str
    index: int
    thought: int = 0
    start: int = 0
    value: JsonObject = {}
    is_answer: bool = False
    has_input: bool = False
    fragments: list[str] = []


class MessageParser(FrameReader[Frame]):
    """One stream. `feed` bytes as they come; `close` when the provider has no more."""

    def __init__(self) -> None:
        super().__init__(SseParser())
        self._blocks: dict[int, _Block] = {}
        self._thoughts = 0
        self._length = 0
        self._usage: JsonObject = {}
        self._stop: str | None = None
        self._started = False
        self._has_calls = False
        self._said_last: JsonObject = {}

    def _read(self, frame: Frame) -> None:
        if frame.data.strip() == b"[DONE]":
            return
        event = decode_event(frame.data)
        kind = text_at(event, "type") or frame.name
        if kind == "error" or event.get("error"):
            raise parse_error_object(event)
        if kind == "message_start":
            self._start(event)
        elif kind.startswith(("message_", "content_block_")):
            if not self._started:
                raise BadResponse("The provider's stream does not begin with its message.")
            self._go_on(kind, event)

    def _go_on(self, kind: str, event: JsonObject) -> None:
        """One event of a message that has begun; kinds that are not known say nothing."""
        if kind == "content_block_delta":
            self._delta(event)
        elif kind == "content_block_start":
            self._start_block(event)
        elif kind == "content_block_stop":
            self._stop_block(event)
        elif kind == "message_delta":
            self._message_delta(event)
        elif kind == "message_stop":
            self._finish()

    def _start(self, event: JsonObject) -> None:
        message = event.get("message")
        if self._started or not isinstance(message, dict):
            raise BadResponse("The provider's stream begins in a way that is not its own.")
        self._started = True
        self._count(message.get("usage"))
        self._tracker.out.append(
            MessageStart(
                text_at(message, "id"),
                text_at(message, "model"),
                extras=_opening(message),
                dialect=NAME,
            )
        )
        self._tracker.touch(0)

    def _start_block(self, event: JsonObject) -> None:
        index, value = event.get("index"), event.get("content_block")
        if not isinstance(index, int) or not isinstance(value, dict):
            raise BadResponse("The provider's stream begins a block that is none.")
        kind = text_at(value, "type") or ""
        block = _Block(kind, index, self._thoughts, self._length, value, fragments=[])
        self._blocks[index] = block
        if kind == "text":
            self._text(text_at(value, "text") or "")
            self._cite(value.get("citations"), block)
        elif kind == "thinking":
            self._thoughts += 1
            self._think(block, text_at(value, "thinking") or "")
            self._sign(block, text_at(value, "signature") or "")
        elif kind == "redacted_thinking":
            self._thoughts += 1
            hidden = Reasoning("encrypted", data=text_at(value, "data"), origin=ORIGIN, index=block.thought)
            self._tracker.reasoning(0, "", (hidden,))
        elif kind == "tool_use":
            self._start_call(block)

    def _start_call(self, block: _Block) -> None:
        name = text_at(block.value, "name")
        if not name:
            raise BadResponse("The provider called a tool without a name.")
        block.is_answer = name == ANSWER_TOOL
        if not block.is_answer:
            self._has_calls = True
            call_id = text_at(block.value, "id") or f"call_{block.index}"
            self._tracker.start_call(0, block.index, call_id, name, rest_of(block.value, CALL_KEYS))

    def _delta(self, event: JsonObject) -> None:
        index, value = event.get("index"), event.get("delta")
        block = self._blocks.get(index) if isinstance(index, int) else None
        if block is None or not isinstance(value, dict):
            raise BadResponse("The provider's stream goes on with a block that is not open.")
        kind = value.get("type")
        if kind == "text_delta":
            self._text(text_at(value, "text") or "")
        elif kind == "thinking_delta":
            self._think(block, text_at(value, "thinking") or "")
        elif kind == "signature_delta":
            self._sign(block, text_at(value, "signature") or "")
        elif kind == "input_json_delta":
            self._input(block, text_at(value, "partial_json") or "")
        elif kind == "citations_delta":
            self._cite([value.get("citation")], block)
        elif kind == "compaction_delta":
            block.value |= {key: item for key, item in value.items() if key != "type"}

    def _stop_block(self, event: JsonObject) -> None:
        index = event.get("index")
        block = self._blocks.pop(index, None) if isinstance(index, int) else None
        if block is None:
            return
        if block.kind == "tool_use" and not block.has_input and (given := block.value.get("input")):
            self._input(block, arguments_of(given))
        elif block.kind == "text":
            self._tracker.end_part(0, "text")
        elif block.kind in {"thinking", "redacted_thinking"}:
            self._tracker.end_part(0, "reasoning")
        elif block.kind != "tool_use":
            self._tracker.out.append(Note({"block": self._whole(block)}))

    def _whole(self, block: _Block) -> JsonObject:
        """What the provider's own tools were asked or answered."""
        if not block.fragments:
            return block.value
        try:
            return block.value | {"input": _DECODE("".join(block.fragments))}
        except (DecodeError, RecursionError):
            return block.value

    def _message_delta(self, event: JsonObject) -> None:
        self._count(event.get("usage"))
        delta = event.get("delta")
        if not isinstance(delta, dict):
            return
        self._stop = text_at(delta, "stop_reason") or self._stop
        self._said_last |= rest_of(delta, _STOP_KEYS) or {}
        if (refusal := refusal_of(delta.get("stop_details"))) is not None:
            self._tracker.refusal(0, refusal.text)

    def _finish(self) -> None:
        usage = parse_usage(self._usage) if self._usage else None
        reason = finish_reason(self._stop, has_calls=self._has_calls)
        if not self._tracker.has_content(0) and (
            self._stop is None or (reason == "stop" and not (usage and usage.completion_tokens))
        ):
            raise BadResponse("The provider's answer is empty.")
        self._over = True
        tier = text_at(self._usage, "service_tier")
        said: JsonObject | None = {"delta": self._said_last} if self._said_last else None
        self._tracker.end_choice(0, reason, self._stop, extras=said)
        self._tracker.out.append(MessageEnd(usage, service_tier=tier))

    def _count(self, value: object) -> None:
        if isinstance(value, dict):
            self._usage = merged(self._usage, value)

    def _text(self, text: str) -> None:
        if text:
            self._length += len(text)
            self._tracker.text(0, text)

    def _think(self, block: _Block, text: str) -> None:
        if text:
            piece = Reasoning(text=text, origin=ORIGIN, index=block.thought)
            self._tracker.reasoning(0, text, (piece,))

    def _sign(self, block: _Block, signature: str) -> None:
        if signature:
            piece = Reasoning(signature=signature, origin=ORIGIN, index=block.thought)
            self._tracker.reasoning(0, "", (piece,))

    def _input(self, block: _Block, fragment: str) -> None:
        block.has_input = block.has_input or bool(fragment)
        if block.is_answer:
            self._text(fragment)
        elif block.kind == "tool_use":
            self._tracker.call_arguments(0, block.index, fragment)
        else:
            block.fragments.append(fragment)

    def _cite(self, citations: object, block: _Block) -> None:
        for citation in citations if isinstance(citations, list) else ():
            annotation = parse_citation(citation, block.start, self._length)
            if annotation is not None:
                if self._tracker.open_part(0, "text") is None:
                    self._tracker.text(0, "")  # what is cited may come before the text that it stands on
                self._tracker.out.append(Annotation(0, annotation, object_of(citation)))


def _opening(message: JsonObject) -> JsonObject | None:
    """What the beginning says that only this dialect can say again, its first counters among it."""
    usage = message.get("usage")
    rest = rest_of(message, MESSAGE_KEYS) or {}
    return {"message": rest, "usage": usage} if rest or isinstance(usage, dict) else None
