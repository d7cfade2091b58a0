"""A stream of `POST /v2/chat` -> events. Correct for any split; without `message-end` a stream was cut."""

from collections.abc import Callable

from waystation.codec.frame_reader import FrameReader, decode_event
from waystation.codec.framing import Frame, SseParser
from waystation.dialects.cohere.citations import annotations_of
from waystation.dialects.cohere.finish import BROKEN_OFF, finish_reason
from waystation.dialects.cohere.response import EMPTY, is_empty, make_call_id, offset_of, parse_logprobs
from waystation.dialects.cohere.usage import parse_usage
from waystation.dialects.cohere.wire import NAME, PLAN, object_of, objects_of, text_of
from waystation.errors import BadResponse
from waystation.operations.chat_events import Annotation, MessageEnd, MessageStart
from waystation.operations.parts import JsonObject, Reasoning


class ChatStreamParser(FrameReader[Frame]):
    """One stream. `feed` bytes as they come; `close` when the provider has no more."""

    def __init__(self) -> None:
        super().__init__(SseParser())
        self._offsets: dict[int, int] = {}
        self._length = 0
        self._thoughts = 0
        self._thought: object = None
        self._started = False
        self._readers: dict[str, Callable[[JsonObject], None]] = {
            "message-start": self._message_start,
            "content-start": self._content,
            "content-delta": self._content,
            "tool-plan-delta": self._plan,
            "tool-call-start": self._call_start,
            "tool-call-delta": self._call_delta,
            "citation-start": self._citation,
            "message-end": self._message_end,
        }
        """Events that say something; others, of later versions of the wire, are left alone."""

    def _read(self, frame: Frame) -> None:
        if frame.data.strip() == b"[DONE]":
            return
        event = decode_event(frame.data)
        kind = text_of(event.get("type")) or frame.name
        if kind == "error" or event.get("error") or (not kind and "message" in event):
            raise BadResponse("The provider reported an error instead of an answer.")
        read = self._readers.get(kind)
        if read is not None:
            read(event)

    def _message_start(self, event: JsonObject) -> None:
        if not self._started:
            self._started = True
            self._tracker.out.append(MessageStart(text_of(event.get("id")) or None, dialect=NAME))
            self._tracker.touch(0)

    def _message(self, event: JsonObject) -> JsonObject:
        """What the event says of the message, which has begun by now."""
        self._message_start({})
        return object_of(object_of(event.get("delta")).get("message"))

    def _content(self, event: JsonObject) -> None:
        message = self._message(event)
        index = event.get("index")
        if isinstance(index, int):
            self._offsets.setdefault(index, self._length)
        for block in objects_of(message.get("content")):
            thought, text = text_of(block.get("thinking")), text_of(block.get("text"))
            if thought:
                self._think(thought, index, None)
            if text:
                self._length += len(text)
                self._tracker.text(0, text, parse_logprobs(event.get("logprobs")))

    def _plan(self, event: JsonObject) -> None:
        plan = text_of(self._message(event).get("tool_plan"))
        if plan:
            self._think(plan, PLAN, PLAN)

    def _think(self, text: str, block: object, identity: str | None) -> None:
        """Thoughts of one block of the wire are one detail, numbered."""
        if block != self._thought:
            self._thought = block
            self._thoughts += 1
        self._tracker.reasoning(0, text, (Reasoning(text=text, id=identity, index=self._thoughts - 1),))

    def _call_start(self, event: JsonObject) -> None:
        for call in objects_of(self._message(event).get("tool_calls"))[:1]:
            function = object_of(call.get("function"))
            name = text_of(function.get("name"))
            if not name:
                raise BadResponse("The provider's stream calls a tool without a name.")
            key = _key(event)
            if self._tracker.knows_call(0, key):
                raise BadResponse("The provider's stream begins a call twice.")
            self._tracker.start_call(0, key, text_of(call.get("id")) or make_call_id(name), name)
            self._say_arguments(key, text_of(function.get("arguments")))

    def _call_delta(self, event: JsonObject) -> None:
        for call in objects_of(self._message(event).get("tool_calls"))[:1]:
            key = _key(event)
            if not self._tracker.knows_call(0, key):
                raise BadResponse("The provider's stream has arguments of a call that never began.")
            self._say_arguments(key, text_of(object_of(call.get("function")).get("arguments")))

    def _say_arguments(self, key: int, fragment: str) -> None:
        if fragment and not self._tracker.call_arguments(0, key, fragment):
            raise BadResponse("The provider's stream continues a call that is over.")

    def _citation(self, event: JsonObject) -> None:
        for citation in objects_of(self._message(event).get("citations")):
            for annotation in annotations_of(citation, offset_of(citation, self._offsets)):
                self._tracker.out.append(Annotation(0, annotation))

    def _message_end(self, event: JsonObject) -> None:
        self._message(event)
        delta = object_of(event.get("delta"))
        native, usage = text_of(delta.get("finish_reason")), parse_usage(delta.get("usage"))
        reason = finish_reason(native, has_calls=self._tracker.has_calls(0))
        if delta.get("error") or reason == "error":
            raise BadResponse(BROKEN_OFF)
        if not self._tracker.has_content(0) and is_empty(reason, usage):
            raise BadResponse(EMPTY)
        self._tracker.end_choice(0, reason, native or None)
        self._tracker.out.append(MessageEnd(usage=usage))
        self._over = True


def _key(event: JsonObject) -> int:
    index = event.get("index")
    return index if isinstance(index, int) else 0
