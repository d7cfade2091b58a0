"""A stream of response events -> ours. Correct for any split; without `response.completed` or its like a stream was cut.

What the deltas left out is told at the end of its item, what no item told at the end of the response.
"""

from collections.abc import Callable
from typing import Final

from msgspec import Struct, field

from waystation.codec.frame_reader import FrameReader, decode_event
from waystation.codec.framing import Frame, SseParser
from waystation.dialects.openai_responses.annotations import parse_annotation
from waystation.dialects.openai_responses.errors import NO_ANSWER, parse_error_object
from waystation.dialects.openai_responses.finish import finish_reason, native_reason
from waystation.dialects.openai_responses.output_items import (
    CALL_KEYS,
    CALLS,
    MESSAGE_KEYS,
    THOUGHT_KEYS,
    arguments_of,
    call_extras,
    call_id_of,
    created_of,
    image_url,
    sealed,
    searches_in,
    token_logprobs,
)
from waystation.dialects.openai_responses.response import EMPTY, is_empty, refuse_failure
from waystation.dialects.openai_responses.usage import parse_usage
from waystation.dialects.openai_responses.wire import (
    NAME,
    RESULT_KEYS,
    index_of,
    object_of,
    objects_of,
    rest_of,
    text_of,
)
from waystation.errors import BadResponse
from waystation.operations.chat_events import Annotation, MessageEnd, MessageStart, Note
from waystation.operations.parts import JsonObject, Reasoning

_TOLD: Final = CALLS | {"message", "reasoning"}
"""Items that the neutral form has words for."""


class _Item(Struct):
    """An item that is being told. `told` is the text said so far of each piece of it, by (field, position)."""

    kind: str = ""
    id: str | None = None
    told: dict[tuple[str, int], str] = field(default_factory=dict)
    starts: dict[int, int] = field(default_factory=dict)
    numbers: dict[tuple[str, int], int] = field(default_factory=dict)
    annotations: int = 0
    arguments: str = ""
    over: bool = False


class ResponseStreamParser(FrameReader[Frame]):
    """One stream. `feed` bytes as they come; `close` when the provider has no more."""

    def __init__(self, origin: str) -> None:
        self._origin = origin
        super().__init__(SseParser())
        self._items: dict[int, _Item] = {}
        self._length = 0
        self._thoughts = 0
        self._seen: list[JsonObject] = []
        self._started = False
        self._readers: dict[str, Callable[[JsonObject], None]] = {
            "response.created": self._response_start,
            "response.in_progress": self._response_start,
            "response.output_item.added": self._item_added,
            "response.output_item.done": self._item_done,
            "response.output_text.delta": self._text_delta,
            "response.output_text.annotation.added": self._annotation,
            "response.refusal.delta": self._refusal_delta,
            "response.reasoning_summary_text.delta": self._summary_delta,
            "response.reasoning_text.delta": self._thought_delta,
            "response.function_call_arguments.delta": self._arguments_delta,
            "response.custom_tool_call_input.delta": self._arguments_delta,
            "response.completed": self._response_end,
            "response.incomplete": self._response_end,
            "response.failed": self._response_failed,
            "response.cancelled": self._response_failed,
            "error": self._error,
        }
        """Events that say something new; the others repeat it, or tell of the provider's own tools."""

    def _read(self, frame: Frame) -> None:
        if frame.data.strip() == b"[DONE]":
            return
        event = decode_event(frame.data)
        kind = text_of(event.get("type")) or frame.name
        if not kind and event.get("error"):
            kind = "error"
        read = self._readers.get(kind)
        if read is not None:
            read(event)
        elif isinstance(event.get("output_index"), int) and event["output_index"] in self._items:
            self._pass_on(event, self._items[event["output_index"]])

    def _response_start(self, event: JsonObject) -> None:
        self._start(object_of(event.get("response")))

    def _start(self, response: JsonObject) -> None:
        if self._started:
            return
        self._started = True
        self._tracker.out.append(
            MessageStart(
                text_of(response.get("id")) or None,
                text_of(response.get("model")) or None,
                created_of(response),
                dialect=NAME,
            )
        )
        self._tracker.touch(0)

    def _item(self, event: JsonObject, kind: str = "") -> tuple[int, _Item]:
        self._start({})
        number = index_of(event.get("output_index"))
        item = self._items.get(number)
        if item is None:
            item = self._items[number] = _Item(kind, text_of(event.get("item_id")) or None)
        return number, item

    def _item_added(self, event: JsonObject) -> None:
        value = object_of(event.get("item"))
        number, item = self._item(event)
        self._begin(number, item, value)
        self._pass_on(event, item)

    def _pass_on(self, event: JsonObject, item: _Item) -> None:
        """What is said of items that only this wire has."""
        if item.kind not in _TOLD:
            self._tracker.out.append(Note({"event": event}))

    def _begin(self, number: int, item: _Item, value: JsonObject) -> None:
        """What the item is; a call is told at once."""
        if item.kind:
            return
        item.kind = text_of(value.get("type"))
        item.id = text_of(value.get("id")) or item.id
        if item.kind in CALLS:
            name = text_of(value.get("name"))
            if not name:
                raise BadResponse("The provider's stream calls a tool without a name.")
            begun = {key: said for key, said in value.items() if key != "status"}
            self._tracker.start_call(0, number, call_id_of(value), name, call_extras(begun))

    def _text_delta(self, event: JsonObject) -> None:
        _, item = self._item(event, "message")
        self._say(
            item, index_of(event.get("content_index")), text_of(event.get("delta")), event.get("logprobs")
        )

    def _say(self, item: _Item, position: int, text: str, chances: object = None) -> None:
        if position not in item.starts:
            item.starts[position] = self._length
            if text:
                self._tracker.start_part(0, "text", {"id": item.id} if item.id else None)
        if text:
            key = ("text", position)
            item.told[key] = item.told.get(key, "") + text
            self._length += len(text)
            self._tracker.text(0, text, token_logprobs(chances))

    def _refusal_delta(self, event: JsonObject) -> None:
        _, item = self._item(event, "message")
        self._refuse(item, index_of(event.get("content_index")), text_of(event.get("delta")))

    def _refuse(self, item: _Item, position: int, text: str) -> None:
        if text:
            key = ("refusal", position)
            item.told[key] = item.told.get(key, "") + text
            self._tracker.refusal(0, text)

    def _annotation(self, event: JsonObject) -> None:
        _, item = self._item(event, "message")
        self._annotate(item, index_of(event.get("content_index")), object_of(event.get("annotation")))

    def _annotate(self, item: _Item, position: int, value: JsonObject) -> None:
        item.annotations += 1
        annotation = parse_annotation(value, item.starts.get(position, self._length))
        if annotation is not None:
            self._tracker.out.append(Annotation(0, annotation, value))

    def _summary_delta(self, event: JsonObject) -> None:
        _, item = self._item(event, "reasoning")
        self._think(item, "summary", index_of(event.get("summary_index")), text_of(event.get("delta")))

    def _thought_delta(self, event: JsonObject) -> None:
        _, item = self._item(event, "reasoning")
        self._think(item, "content", index_of(event.get("content_index")), text_of(event.get("delta")))

    def _think(self, item: _Item, place: str, position: int, text: str) -> None:
        key = (place, position)
        if key not in item.numbers:
            item.numbers[key] = self._thoughts
            self._thoughts += 1
        if text:
            item.told[key] = item.told.get(key, "") + text
            number = item.numbers[key]
            detail = (
                Reasoning("summary", text=text, id=item.id, origin=self._origin, index=number)
                if place == "summary"
                else Reasoning("text", text=text, id=item.id, origin=self._origin, index=number)
            )
            self._tracker.reasoning(0, text, (detail,))

    def _arguments_delta(self, event: JsonObject) -> None:
        number, item = self._item(event)
        if item.kind not in CALLS:
            raise BadResponse("The provider's stream has arguments of a call that never began.")
        self._add_arguments(number, item, text_of(event.get("delta")))

    def _add_arguments(self, number: int, item: _Item, fragment: str) -> None:
        if fragment:
            item.arguments += fragment
            if not self._tracker.call_arguments(0, number, fragment):
                raise BadResponse("The provider's stream continues a call that is over.")

    def _item_done(self, event: JsonObject) -> None:
        value = object_of(event.get("item"))
        number, item = self._item(event)
        was_told = item.over
        self._complete(number, item, value)
        if not was_told:
            self._pass_on(event, item)

    def _complete(self, number: int, item: _Item, value: JsonObject) -> None:
        """The item as it is at its end: what was not told of it yet is told now."""
        if item.over or not value:
            return
        self._begin(number, item, value)
        item.over = True
        self._seen.append(value)
        if item.kind == "message":
            self._complete_message(item, value)
            self._close_item(value, MESSAGE_KEYS)
        elif item.kind == "reasoning":
            self._complete_thoughts(number, item, value)
        elif item.kind in CALLS:
            self._add_arguments(number, item, _rest(arguments_of(value), item.arguments))
            self._close_item(value, CALL_KEYS)
        elif item.kind == "image_generation_call" and text_of(value.get("result")):
            self._tracker.image(0, {"type": "image_url", "image_url": {"url": image_url(value)}})

    def _complete_message(self, item: _Item, value: JsonObject) -> None:
        told_before = item.annotations
        for position, piece in enumerate(objects_of(value.get("content"))):
            if piece.get("type") == "refusal":
                told = item.told.get(("refusal", position), "")
                self._refuse(item, position, _rest(text_of(piece.get("refusal")), told))
                continue
            text = _rest(text_of(piece.get("text")), item.told.get(("text", position), ""))
            self._say(item, position, text, piece.get("logprobs") if text else None)
            for annotation in objects_of(piece.get("annotations")):
                if told_before > 0:
                    told_before -= 1
                else:
                    self._annotate(item, position, annotation)

    def _complete_thoughts(self, number: int, item: _Item, value: JsonObject) -> None:
        item.id = item.id or text_of(value.get("id")) or None
        for place in ("summary", "content"):
            for position, piece in enumerate(objects_of(value.get(place))):
                told = item.told.get((place, position), "")
                self._think(item, place, position, _rest(text_of(piece.get("text")), told))
        for detail in sealed({**value, "id": item.id}, self._origin, self._thoughts):
            self._thoughts += 1
            item.numbers["sealed", 0] = detail.index or 0
            self._tracker.reasoning(0, "", (detail,))
        if item.numbers:
            self._close_item(value, THOUGHT_KEYS)
        else:
            event = {"type": "response.output_item.done", "output_index": number, "item": value}
            self._tracker.out.append(Note({"event": event}))

    def _close_item(self, value: JsonObject, known: frozenset[str]) -> None:
        """What an item says at its end that only this wire can say again."""
        rest = rest_of(value, known)
        if rest is not None:
            self._tracker.out.append(Note({"rest": rest}))

    def _response_end(self, event: JsonObject) -> None:
        response = object_of(event.get("response"))
        refuse_failure(response)
        self._start(response)
        for number, value in enumerate(objects_of(response.get("output"))):
            self._complete(number, self._items.setdefault(number, _Item()), value)
        native = native_reason(response)
        usage = parse_usage(response.get("usage"), searches_in(self._seen))
        reason = finish_reason(native, has_calls=self._tracker.has_calls(0))
        if not self._tracker.has_content(0) and not self._seen and is_empty(reason, usage):
            raise BadResponse(EMPTY)
        self._tracker.end_choice(0, reason, native)
        self._tracker.out.append(
            MessageEnd(
                usage=usage,
                service_tier=text_of(response.get("service_tier")) or None,
                extras=_ending(response),
            )
        )
        self._over = True

    def _response_failed(self, event: JsonObject) -> None:
        refuse_failure(object_of(event.get("response")))
        raise BadResponse(NO_ANSWER)

    def _error(self, event: JsonObject) -> None:
        raise parse_error_object(event.get("error") or event)


def _ending(response: JsonObject) -> JsonObject | None:
    """What the whole response says that only this wire can say again."""
    rest = rest_of(response, RESULT_KEYS)
    return {"response": rest} if rest else None


def _rest(whole: str, told: str) -> str:
    """What is left to tell; nothing where the end contradicts what was told before."""
    return whole[len(told) :] if whole.startswith(told) else ""
