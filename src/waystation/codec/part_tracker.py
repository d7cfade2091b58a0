"""Opens and closes parts, so that a parser only says what came and the stream is still well formed.

In each choice parts follow each other: one is open at a time. Fragments of parallel tool calls that a provider mixes
are put in order here: what belongs to the next part waits until the open call's arguments are whole.
"""

from collections.abc import Callable, Hashable

from msgspec import DecodeError, Struct, json

from waystation.operations.chat_events import (
    ChoiceEnd,
    Event,
    MediaDelta,
    PartEnd,
    PartKind,
    PartStart,
    ReasoningDelta,
    RefusalDelta,
    TextDelta,
    ToolCallDelta,
)
from waystation.operations.parts import JsonObject, Reasoning


class _Call(Struct, gc=False):
    """A tool call of one choice. `fragments` is what came of its arguments; `waiting` what could not be told yet."""

    index: int
    id: str
    name: str
    extras: JsonObject | None
    part: int = -1
    fragments: list[str] = []
    waiting: list[str] = []
    closed: bool = False


class _Choice:
    """Where one choice stands: its open part, how many there were, its calls, and what waits for its turn."""

    def __init__(self, index: int) -> None:
        self.index = index
        self.kind: PartKind | None = None
        self.part = -1
        self.calls: dict[Hashable, _Call] = {}
        self.call: _Call | None = None
        self.queue: list[Callable[[], None]] = []
        self.ended = False
        self.has_content = False


class PartTracker:
    """Turns "this came" into part events, appended to `out`. One tracker a stream."""

    def __init__(self) -> None:
        self.out: list[Event] = []
        self._choices: dict[int, _Choice] = {}

    def take(self) -> list[Event]:
        """The events since the last call."""
        events, self.out = self.out, []
        return events

    def choices(self) -> list[int]:
        """Every choice that was named, in the order they came."""
        return list(self._choices)

    def has_calls(self, choice: int) -> bool:
        """True where this choice calls a tool."""
        return choice in self._choices and bool(self._choices[choice].calls)

    def has_content(self, choice: int) -> bool:
        """True where anything but emptiness was said in this choice."""
        return choice in self._choices and self._choices[choice].has_content

    def open_part(self, choice: int, kind: PartKind) -> int | None:
        """The number of the part that more of this kind would simply continue; None where it would open one, or wait."""
        state = self._choices.get(choice)
        return state.part if state is not None and state.kind == kind and not state.queue else None

    def touch(self, choice: int) -> None:
        """This choice exists, although nothing was said in it yet."""
        self._at(choice)

    def text(
        self, choice: int, text: str, logprobs: JsonObject | None = None, extras: JsonObject | None = None
    ) -> None:
        """More text."""
        state = self._choices.get(choice)
        if state is not None and state.kind == "text" and not state.queue:
            self.out.append(TextDelta(choice, state.part, text, logprobs, extras))
            return
        state = self._at(choice)

        def say() -> None:
            self._open(state, "text")
            self.out.append(TextDelta(choice, state.part, text, logprobs, extras))

        self._when_free(state, say)

    def reasoning(
        self,
        choice: int,
        text: str,
        details: tuple[Reasoning, ...] = (),
        extras: JsonObject | None = None,
    ) -> None:
        """More reasoning."""
        state = self._at(choice)
        if state.kind == "reasoning" and not state.queue:
            self.out.append(ReasoningDelta(choice, state.part, text, details, extras))
            return

        def say() -> None:
            self._open(state, "reasoning")
            self.out.append(ReasoningDelta(choice, state.part, text, details, extras))

        self._when_free(state, say)

    def start_part(self, choice: int, kind: PartKind, extras: JsonObject | None = None) -> None:
        """A part of this kind begins, although one of the same kind may be open; `extras`: what only its wire says of it."""
        state = self._at(choice)

        def say() -> None:
            self._close(state)
            self._open(state, kind, extras=extras)

        self._when_free(state, say)

    def end_part(self, choice: int, kind: PartKind) -> None:
        """The open part of this kind is over, whatever follows: the wire said so."""
        state = self._choices.get(choice)
        if state is not None and state.kind == kind and not state.queue:
            self._close(state)

    def refusal(self, choice: int, text: str, logprobs: JsonObject | None = None) -> None:
        """More of a refusal."""
        state = self._at(choice)

        def say() -> None:
            self._open(state, "refusal")
            self.out.append(RefusalDelta(choice, state.part, text, logprobs))

        self._when_free(state, say)

    def image(self, choice: int, value: JsonObject) -> None:
        """A whole image: a part of its own."""
        state = self._at(choice)

        def say() -> None:
            self._close(state)
            self._open(state, "image")
            self.out.append(MediaDelta(choice, state.part, "image", value))

        self._when_free(state, say)

    def audio(self, choice: int, value: JsonObject) -> None:
        """More sound."""
        state = self._at(choice)

        def say() -> None:
            self._open(state, "audio")
            self.out.append(MediaDelta(choice, state.part, "audio", value))

        self._when_free(state, say)

    def knows_call(self, choice: int, key: Hashable) -> bool:
        """True where a call with this key was begun."""
        return choice in self._choices and key in self._choices[choice].calls

    def start_call(
        self, choice: int, key: Hashable, call_id: str, name: str, extras: JsonObject | None = None
    ) -> None:
        """A tool call begins. `key` is the wire's own way to tell calls apart."""
        state = self._at(choice)
        call = _Call(len(state.calls), call_id, name, extras)
        state.calls[key] = call
        state.has_content = True

        def say() -> None:
            self._close(state)
            self._open(state, "tool_call", call)
            for fragment in call.waiting:
                self._fragment(state, call, fragment)

        self._when_free(state, say)

    def call_arguments(self, choice: int, key: Hashable, fragment: str) -> bool:
        """More of a call's arguments. False where that call is over already, so that the fragment has no place."""
        state = self._choices[choice]
        call = state.calls[key]
        if call.part < 0:
            call.waiting.append(fragment)
        elif call.closed:
            return not fragment.strip()
        else:
            self._fragment(state, call, fragment)
            if state.queue and _is_whole(call):
                self._run_queue(state)
        return True

    def end_choice(
        self,
        choice: int,
        reason: str,
        native_reason: str | None = None,
        logprobs: JsonObject | None = None,
        extras: JsonObject | None = None,
    ) -> None:
        """Nothing more comes in this choice: its open part and whatever waited are closed before."""
        state = self._at(choice)
        while state.queue:
            state.call = None
            self._run_queue(state)
        self._close(state)
        state.ended = True
        self.out.append(ChoiceEnd(choice, reason, native_reason, logprobs, extras))

    def _at(self, choice: int) -> _Choice:
        state = self._choices.get(choice)
        if state is None:
            state = self._choices[choice] = _Choice(choice)
        return state

    def _when_free(self, state: _Choice, say: Callable[[], None]) -> None:
        """Say it now, or after the open tool call if its arguments are not whole."""
        state.has_content = True
        if state.queue or (state.call is not None and not _is_whole(state.call)):
            state.queue.append(say)
        else:
            say()

    def _run_queue(self, state: _Choice) -> None:
        """Say what waited, until a tool call that is not whole is open again."""
        while state.queue and (state.call is None or _is_whole(state.call)):
            state.queue.pop(0)()

    def _open(
        self,
        state: _Choice,
        kind: PartKind,
        call: _Call | None = None,
        extras: JsonObject | None = None,
    ) -> None:
        if state.kind == kind:
            return
        self._close(state)
        state.part += 1
        state.kind = kind
        if call is None:
            self.out.append(PartStart(state.index, state.part, kind, extras=extras))
            return
        state.call = call
        call.part = state.part
        self.out.append(PartStart(state.index, state.part, kind, call.id, call.name, call.index, call.extras))

    def _close(self, state: _Choice) -> None:
        if state.kind is None:
            return
        if state.kind == "tool_call":
            for call in state.calls.values():
                if call.part == state.part:
                    self._close_call(state, call)
            state.call = None
        self.out.append(PartEnd(state.index, state.part))
        state.kind = None

    def _close_call(self, state: _Choice, call: _Call) -> None:
        """Arguments are never empty: a call that was given none says so."""
        if not "".join(call.fragments):
            self._fragment(state, call, "{}")
        call.closed = True

    def _fragment(self, state: _Choice, call: _Call, fragment: str) -> None:
        call.fragments.append(fragment)
        self.out.append(ToolCallDelta(state.index, call.part, call.index, fragment))


def _is_whole(call: _Call) -> bool:
    """True where the arguments so far are a complete JSON value."""
    try:
        json.decode("".join(call.fragments))
    except (DecodeError, RecursionError):
        return False
    return True
