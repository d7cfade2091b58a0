"""The answer to a forced tool call, which the embedded model gives as text, read back as the call it is."""

import secrets

from msgspec.structs import replace

from waystation.operations.chat import ChatResult, Choice
from waystation.operations.chat_events import ChoiceEnd, Event, PartEnd, PartStart, TextDelta, ToolCallDelta
from waystation.operations.parts import Text, ToolCall
from waystation.providers.local.tools import ToolAnswer, tool_call_from_text


def with_tool_calls(result: ChatResult) -> ChatResult:
    """The result with each choice's text as a call; a choice whose text is no call (cut short) keeps it."""
    return replace(result, choices=tuple(_called(choice) for choice in result.choices))


class ToolCallEvents:
    """The same for a stream: text is held back until its choice ends, then told as a call, or as the text it was."""

    def __init__(self) -> None:
        self._answers: dict[int, tuple[int, ToolAnswer]] = {}
        """Of each choice, the number of its text part and what that part said so far."""

    def amend(self, events: list[Event]) -> list[Event]:
        """The events to go on with, of those that one read brought."""
        amended: list[Event] = []
        for event in events:
            match event:
                case PartStart(choice=choice, part=part, kind="text"):
                    self._answers.setdefault(choice, (part, ToolAnswer()))
                case TextDelta(choice=choice, text=text) if choice in self._answers:
                    self._answers[choice][1].feed(text)
                case PartEnd(choice=choice, part=part) if self._holds(choice, part):
                    pass
                case ChoiceEnd(choice=choice) if choice in self._answers:
                    amended += _told(event, *self._answers.pop(choice))
                case _:
                    amended.append(event)
        return amended

    def _holds(self, choice: int, part: int) -> bool:
        return choice in self._answers and self._answers[choice][0] == part


def _called(choice: Choice) -> Choice:
    text = "".join(part.text for part in choice.parts if isinstance(part, Text))
    call = tool_call_from_text(text)
    if call is None:
        return choice
    name, arguments = call
    return replace(choice, parts=(ToolCall(_call_id(), name, arguments),), finish_reason="tool_calls")


def _told(end: ChoiceEnd, part: int, answer: ToolAnswer) -> list[Event]:
    call, choice = answer.close(), end.choice
    if call is None:
        return [
            PartStart(choice, part, "text"),
            TextDelta(choice, part, answer.text),
            PartEnd(choice, part),
            end,
        ]
    name, arguments = call
    return [
        PartStart(choice, part, "tool_call", id=_call_id(), name=name),
        ToolCallDelta(choice, part, 0, arguments),
        PartEnd(choice, part),
        replace(end, reason="tool_calls"),
    ]


def _call_id() -> str:
    return f"call_{secrets.token_hex(12)}"
