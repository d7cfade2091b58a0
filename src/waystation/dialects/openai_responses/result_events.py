"""Events -> a client's stream of response events (contract section 29). Source: schema `StreamEvents`.

An item is over when the next one begins or the response ends: what is said of a text after it, such as what it cites, still
belongs to it. How one item is told is in `open_items`.
"""

import time
from collections.abc import Sequence
from typing import Final, TypeVar

from msgspec import json

from waystation.codec.dialect import Identity
from waystation.dialects.openai_responses.answer_items import image_item, names_of
from waystation.dialects.openai_responses.errors import failure
from waystation.dialects.openai_responses.open_items import OpenCall, OpenItem, OpenMessage, OpenThought
from waystation.dialects.openai_responses.result import ending, response_object
from waystation.dialects.openai_responses.usage import render_usage
from waystation.dialects.openai_responses.wire import NAME, object_of, text_of
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
from waystation.operations.parts import JsonObject, Reasoning

_Item = TypeVar("_Item", bound=OpenItem)
_ENCODE: Final = json.Encoder().encode
COMMENT: Final = b": OPENROUTER PROCESSING\n\n"
DONE: Final = b"data: [DONE]\n\n"
_ITEM_EVENTS: Final = ("response.output_item.added", "response.output_item.done")


class ResultRenderer:
    """One stream. `metadata`, the router's, may be set until `MessageEnd` and goes out with the last event."""

    def __init__(self, identity: Identity) -> None:
        self.metadata: JsonObject | None = None
        self._identity = identity
        self._names = names_of(identity.id, identity.request)
        self._response: JsonObject | None = None
        self._same_dialect = False
        self._sequence = 0
        self._items: list[JsonObject] = []
        self._open: OpenItem | None = None
        self._theirs: dict[object, int] = {}
        self._reason = "stop"
        self._out: list[bytes] = []

    def feed(self, events: Sequence[Event]) -> bytes:
        """The frames of these events, as bytes for one write."""
        for event in events:
            # The commonest case, written out: one more text of a piece that is open.
            opened = self._open
            if type(event) is TextDelta and event.logprobs is None and type(opened) is OpenMessage:
                frame = opened.quick(event.text)
                if frame is not None:
                    self._out.append(frame % self._sequence)
                    self._sequence += 1
                    continue
            self._render(event)
        data = b"".join(self._out)
        self._out.clear()
        return data

    def comment(self) -> bytes:
        """A comment block, which clients ignore."""
        return COMMENT

    def close(self) -> bytes:
        """`[DONE]`, whatever the end was."""
        return DONE

    def say(self, kind: str, **fields: object) -> None:
        """One more event."""
        event = {"type": kind, "sequence_number": self._sequence, **fields}
        self._sequence += 1
        self._out.append(b"data: %b\n\n" % _ENCODE(event))

    def _render(self, event: Event) -> None:  # noqa: C901, PLR0912 - one line a kind of event reads best
        match event:
            case TextDelta():
                self._message().text(event.text, event.logprobs)
            case ReasoningDelta():
                self._reasoning(event)
            case ToolCallDelta():
                if isinstance(self._open, OpenCall) and event.choice == 0:
                    self._open.arguments(event.arguments)
            case PartStart():
                self._part_start(event)
            case RefusalDelta():
                self._message().refusal(event.text)
            case Annotation():
                if isinstance(self._open, OpenMessage):
                    self._open.cite(event, same_dialect=self._same_dialect)
            case MediaDelta():
                self._media(event)
            case ChoiceEnd():
                self._reason = event.reason if event.choice == 0 else self._reason
            case MessageStart():
                self._same_dialect = event.dialect == NAME
                self._start()
            case MessageEnd():
                self._message_end(event)
            case Note():
                self._note(event.value)
            case BodySent():
                self._start()
                self.say("response.debug", debug={"echo_upstream_body": event.body})
            case StreamError():
                self._fail(event)
            case _:
                pass

    def _start(self) -> JsonObject:
        """The response as it is at its beginning, said once."""
        if self._response is None:
            self._response = response_object(self._identity, self._identity.request)
            self.say("response.created", response=self._response)
            self.say("response.in_progress", response=self._response)
        return self._response

    def _part_start(self, event: PartStart) -> None:
        if event.choice != 0:
            return
        if event.kind == "tool_call":
            extras = event.extras if self._same_dialect else None
            self._begin(OpenCall(self, self._next_place(), self._names, event, extras))
        elif event.kind == "text" and isinstance(self._open, OpenMessage):
            item_id = text_of((event.extras or {}).get("id"))
            if self._same_dialect and item_id != self._open.given_id:
                self._close()
            else:
                self._open.next_piece()
        if event.kind == "text" and self._open is None:
            self._message(event.extras)

    def _message(self, extras: JsonObject | None = None) -> OpenMessage:
        if isinstance(self._open, OpenMessage):
            return self._open
        given = text_of((extras or {}).get("id")) if self._same_dialect else ""
        return self._begin(OpenMessage(self, self._next_place(), self._names, given))

    def _reasoning(self, event: ReasoningDelta) -> None:
        if not self._identity.include_reasoning or event.choice != 0:
            return
        details = event.details
        if event.text and not any(detail.text for detail in details):
            details = (Reasoning(text=event.text, plain=True), *details)
        for piece in details:
            if isinstance(self._open, OpenThought) and self._open.takes(piece):
                self._open.think(piece)
            else:
                self._begin(OpenThought(self, self._next_place(), self._names, piece)).think(piece)

    def _media(self, event: MediaDelta) -> None:
        url = text_of(object_of(event.value.get("image_url")).get("url"))
        if event.kind != "image" or self._same_dialect or not url:
            return
        self._close()
        self._whole(image_item(url, self._names))

    def _note(self, value: JsonObject) -> None:
        """What only this wire says: of an item's end, or of items that the provider's own tools made."""
        if not self._same_dialect:
            return
        if self._open is not None:
            self._open.rest |= object_of(value.get("rest"))
        event = object_of(value.get("event"))
        if not event:
            return
        kind, item, place = (
            text_of(event.get("type")),
            object_of(event.get("item")),
            event.get("output_index"),
        )
        if place not in self._theirs:
            self._close()
            self._theirs[place] = len(self._items)
            self._items.append(item)
            if kind == _ITEM_EVENTS[1]:
                self.say(_ITEM_EVENTS[0], output_index=self._theirs[place], item=item)
        index = self._theirs[place]
        if kind == _ITEM_EVENTS[1]:
            self._items[index] = item
        rest = {key: said for key, said in event.items() if key not in {"type", "sequence_number"}}
        self.say(kind, **{**rest, "output_index": index})

    def _message_end(self, event: MessageEnd) -> None:
        told = ending(self._reason)
        self._close(text_of(told["status"]))
        response = self._start() | told
        if event.usage is not None:
            response["usage"] = render_usage(event.usage, event.cost, same_dialect=self._same_dialect)
        if self._same_dialect:
            response |= object_of((event.extras or {}).get("response"))
        if event.service_tier is not None:
            response["service_tier"] = event.service_tier
        if response["status"] == "completed":
            response["completed_at"] = int(time.time())
        self._finish(response)

    def _fail(self, event: StreamError) -> None:
        response = self._start()
        if event.error.status == 500:
            self.metadata = None  # of what is ours to fix nothing is told
        self._close("incomplete")
        if event.usage is not None:
            response["usage"] = render_usage(event.usage, event.cost, same_dialect=self._same_dialect)
        self._finish(response | failure(event.error))

    def _finish(self, response: JsonObject) -> None:
        response["output"] = self._items
        if self.metadata is not None:
            response["openrouter_metadata"] = self.metadata
        self.say(f"response.{response['status']}", response=response)

    def _next_place(self) -> int:
        """Where the next item stands, once the open one is over."""
        self._close()
        return len(self._items)

    def _begin(self, item: _Item) -> _Item:
        self._open = item
        item.begin()
        return item

    def _whole(self, item: JsonObject) -> None:
        """An item that comes at once."""
        for kind in _ITEM_EVENTS:
            self.say(kind, output_index=len(self._items), item=item)
        self._items.append(item)

    def _close(self, status: str = "completed") -> None:
        if self._open is not None:
            opened, self._open = self._open, None
            self._items.append(opened.end(status))
