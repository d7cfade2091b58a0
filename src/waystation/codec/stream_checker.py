"""Is a stream of events well formed, as `operations.chat_events` says? Parsers owe it; tests ask it of each recording."""

from collections.abc import Iterable

from waystation.operations.chat_events import (
    Annotation,
    BodySent,
    ChoiceEnd,
    Event,
    MediaDelta,
    MessageEnd,
    MessageStart,
    Note,
    PartEnd,
    PartKind,
    PartStart,
    ReasoningDelta,
    RefusalDelta,
    StreamError,
    TextDelta,
    ToolCallDelta,
)


class MalformedStreamError(AssertionError):
    """A parser broke the rules; the message says which one and where."""


def check_stream(events: Iterable[Event]) -> None:
    """Raise `MalformedStreamError` at the first event that breaks the rules, or where the stream has no end."""
    checker = StreamChecker()
    for event in events:
        checker.feed(event)
    checker.close()


class StreamChecker:
    """The rules, one event at a time: one open part a choice, parts and calls numbered from 0, one end."""

    def __init__(self) -> None:
        self._count = 0
        self._started = False
        self._over = False
        self._open: dict[int, tuple[int, PartKind, int] | None] = {}
        self._parts: dict[int, int] = {}
        self._calls: dict[int, int] = {}
        self._ended: set[int] = set()

    def feed(self, event: Event) -> None:
        """One event more."""
        self._count += 1
        self._require(not self._over, event, "comes after the end")
        self._require(
            self._started or isinstance(event, MessageStart | StreamError), event, "comes before MessageStart"
        )
        match event:
            case MessageStart():
                self._require(not self._started, event, "is the second MessageStart")
                self._started = True
            case PartStart():
                self._start_part(event)
            case PartEnd(choice=choice, part=part):
                self._require(self._open_part(choice) == part, event, "ends a part that is not open")
                self._open[choice] = None
            case Annotation(choice=choice):
                self._require(choice not in self._ended, event, "comes after the end of its choice")
            case ChoiceEnd():
                self._end_choice(event)
            case MessageEnd():
                missing = set(self._open) - self._ended
                self._require(not missing, event, f"leaves choices {sorted(missing)} without an end")
                self._over = True
            case StreamError():
                self._over = True
            case Note() | BodySent():
                pass
            case _:
                self._delta(event)

    def close(self) -> None:
        """There are no more events."""
        if not self._over:
            raise MalformedStreamError("the stream has neither MessageEnd nor StreamError")

    def _start_part(self, event: PartStart) -> None:
        choice = event.choice
        self._require(choice not in self._ended, event, "comes after the end of its choice")
        self._require(self._open.get(choice) is None, event, "opens a part while another is open")
        self._require(event.part == self._parts.get(choice, 0), event, "is not numbered in order")
        self._parts[choice] = event.part + 1
        if event.kind == "tool_call":
            self._require(
                event.tool_index == self._calls.get(choice, 0), event, "has a tool_index out of order"
            )
            self._require(bool(event.id), event, "has no id")
            self._calls[choice] = event.tool_index + 1
        self._open[choice] = (event.part, event.kind, event.tool_index)

    def _end_choice(self, event: ChoiceEnd) -> None:
        self._require(event.choice not in self._ended, event, "ends its choice twice")
        self._require(self._open.get(event.choice) is None, event, "leaves a part open")
        self._open.setdefault(event.choice, None)
        self._ended.add(event.choice)

    def _delta(self, event: TextDelta | ReasoningDelta | RefusalDelta | ToolCallDelta | MediaDelta) -> None:
        kinds: dict[type, PartKind] = {
            TextDelta: "text",
            ReasoningDelta: "reasoning",
            RefusalDelta: "refusal",
            ToolCallDelta: "tool_call",
        }
        kind = event.kind if isinstance(event, MediaDelta) else kinds[type(event)]
        opened = self._open.get(event.choice)
        self._require(
            opened is not None and opened[:2] == (event.part, kind), event, f"finds no open {kind} part"
        )
        if isinstance(event, ToolCallDelta):
            self._require(
                opened is not None and opened[2] == event.tool_index, event, "has another tool_index"
            )

    def _open_part(self, choice: int) -> int | None:
        opened = self._open.get(choice)
        return None if opened is None else opened[0]

    def _require(self, holds: bool, event: Event, complaint: str) -> None:  # noqa: FBT001 - reads as a sentence
        if not holds:
            raise MalformedStreamError(f"event {self._count} {complaint}: {event!r}")
