"""A stream and a whole answer are two faces of one thing."""

import pytest

from waystation.codec.assemble import assemble, disassemble, join_logprobs
from waystation.codec.stream_checker import check_stream
from waystation.errors import BadResponse, Overloaded
from waystation.operations.chat import ChatResult, Choice
from waystation.operations.chat_events import MessageStart, Note, PartStart, StreamError, TextDelta
from waystation.operations.parts import (
    AudioOutput,
    ImageOutput,
    JsonObject,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
)
from waystation.operations.usage import Usage

SIGNED = Reasoning(text="hm", signature="c2ln", origin="anthropic-claude-v1", index=0)
RESULT = ChatResult(
    "openai_chat",
    "up-1",
    "m",
    7,
    (
        Choice(
            0,
            (
                Reasoning(text="plain", plain=True),
                Text("a"),
                SIGNED,
                Reasoning(kind="encrypted", data="eA==", index=1),
                Refusal("no"),
                ImageOutput("data:i", {"n": 1}),
                AudioOutput({"id": "1", "data": "QUJD"}),
                ToolCall("c1", "f", '{"a":1}', {"x": 1}),
                ToolCall("c2", "g", "{}"),
            ),
            "tool_calls",
            "tool_use",
            {"content": [{"token": "a"}]},
            ({"type": "url_citation"},),
            {"mood": "good"},
            {"flag": 1},
        ),
        Choice(1, (Text("b"),), "stop"),
    ),
    Usage(1, 2),
    "fp_1",
    "default",
    {"citations": ["u"]},
)


def test_there_and_back() -> None:
    events = disassemble(RESULT)
    check_stream(events)
    assert assemble(events) == RESULT


def test_reasoning_that_came_both_plain_and_in_details_is_told_once() -> None:
    choice = Choice(0, (Reasoning(text="hm", plain=True), SIGNED), "stop")
    (made,) = assemble(disassemble(ChatResult("d", None, None, None, (choice,)))).choices
    assert made.parts == (SIGNED,)


def test_a_stream_that_broke_before_content_raises_its_error() -> None:
    error = Overloaded("x")
    with pytest.raises(Overloaded) as raised:
        assemble([MessageStart(), StreamError(error)])
    assert raised.value is error


def test_a_stream_that_broke_after_content_keeps_it_and_its_error() -> None:
    error = Overloaded("x")
    result = assemble([MessageStart(), PartStart(0, 0, "text"), TextDelta(0, 0, "Hel"), StreamError(error)])
    (choice,) = result.choices
    assert (choice.parts, choice.finish_reason, choice.error) == ((Text("Hel"),), "error", error)
    events = disassemble(result)
    check_stream(events)
    assert events[-1] == StreamError(error)


def test_a_stream_without_an_end_is_cut() -> None:
    with pytest.raises(BadResponse):
        assemble([MessageStart()])


def test_notes_become_fields_of_the_answer() -> None:
    events = disassemble(ChatResult("d", None, None, None, (Choice(0, (Text("a"),), "stop"),)))
    assert assemble([events[0], Note({"a": 1}), Note({"b": 2}), *events[1:]]).extras == {"a": 1, "b": 2}


def test_log_probabilities_follow_each_other() -> None:
    first: JsonObject = {"content": [1], "refusal": None}
    second: JsonObject = {"content": [2], "refusal": None}
    assert join_logprobs(first, second) == {"content": [1, 2], "refusal": None}
    assert join_logprobs(None, second) == second
    assert join_logprobs(first, None) == first
