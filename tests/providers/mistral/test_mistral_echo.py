"""Answers to a prefill: told without the prefill, whatever the pieces they come in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waystation.codec.assemble import assemble, disassemble
from waystation.codec.stream_checker import check_stream
from waystation.operations.chat import ChatResult, Choice
from waystation.operations.chat_events import Event, TextDelta
from waystation.operations.parts import Part, Reasoning, Text
from waystation.providers.mistral.echo import EchoInEvents, without_echo

PREFIX = "abcab "


def result(*texts: str) -> ChatResult:
    choices = [
        Choice(index, (Reasoning(text="hm", plain=True), Text(text)), "stop")
        for index, text in enumerate(texts)
    ]
    return ChatResult("openai_chat", "up-1", "m", 7, tuple(choices))


def text_of(parts: tuple[Part, ...]) -> str:
    return "".join(part.text for part in parts if isinstance(part, Text))


def streamed(text: str, size: int) -> list[Event]:
    """The events of such an answer, its text in pieces of this size."""
    events: list[Event] = []
    for event in disassemble(result(text)):
        if isinstance(event, TextDelta):
            pieces = [text[at : at + size] for at in range(0, len(text), size)]
            events += [TextDelta(event.choice, event.part, piece) for piece in pieces]
        else:
            events.append(event)
    return events


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("abcab and on", "and on"),
        ("abcab", ""),
        ("abcabx", "x"),
        ("abcd", "abcd"),
        ("abc", "abc"),
        (" abcab ", " abcab "),
    ],
)
def test_the_echo_is_taken_off_and_nothing_else(said: str, told: str) -> None:
    amended = without_echo(PREFIX)(result(said, "other"))

    assert [text_of(choice.parts) for choice in amended.choices] == [told, "other"]


@given(st.text("abc ", max_size=12), st.integers(1, 5))
def test_a_stream_tells_what_the_whole_answer_tells(said: str, size: int) -> None:
    whole = without_echo(PREFIX)(result(said))
    echo = EchoInEvents(PREFIX)

    events = [told for event in streamed(said, size) for told in echo.amend([event])]

    check_stream(events)
    assert text_of(assemble(events).choices[0].parts) == text_of(whole.choices[0].parts)
