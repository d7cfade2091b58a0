"""The checker must be able to fail: each rule is broken once."""

import pytest

from waystation.codec.stream_checker import MalformedStreamError, check_stream
from waystation.errors import BadResponse
from waystation.operations.chat_events import (
    Annotation,
    ChoiceEnd,
    Event,
    MessageEnd,
    MessageStart,
    PartEnd,
    PartStart,
    StreamError,
    TextDelta,
    ToolCallDelta,
)

START, END = MessageStart(), MessageEnd()
OPEN, CLOSE, STOP = PartStart(0, 0, "text"), PartEnd(0, 0), ChoiceEnd(0, "stop")
CALL = PartStart(0, 0, "tool_call", "1", "f", 0)


@pytest.mark.parametrize(
    "events",
    [
        [START, OPEN, TextDelta(0, 0, "a"), CLOSE, Annotation(0, {}), STOP, END],
        [START, STOP, END],
        [START, OPEN, StreamError(BadResponse("x"))],
        [StreamError(BadResponse("x"))],
        [START, CALL, ToolCallDelta(0, 0, 0, "{}"), CLOSE, PartStart(0, 1, "tool_call", "2", "g", 1), PartEnd(0, 1), STOP, END],
    ],
)  # fmt: skip
def test_well_formed(events: list[Event]) -> None:
    check_stream(events)


@pytest.mark.parametrize(
    ("events", "complaint"),
    [
        ([], "neither"),
        ([START], "neither"),
        ([OPEN], "before MessageStart"),
        ([START, START], "second MessageStart"),
        ([START, END, END], "after the end"),
        ([START, TextDelta(0, 0, "a")], "no open text part"),
        ([START, OPEN, TextDelta(0, 1, "a")], "no open text part"),
        ([START, OPEN, TextDelta(1, 0, "a")], "no open text part"),
        ([START, OPEN, OPEN], "while another is open"),
        ([START, PartStart(0, 1, "text")], "not numbered in order"),
        ([START, OPEN, CLOSE, CLOSE], "not open"),
        ([START, OPEN, STOP], "leaves a part open"),
        ([START, OPEN, CLOSE, END], "without an end"),
        ([START, STOP, STOP], "twice"),
        ([START, STOP, OPEN], "after the end of its choice"),
        ([START, STOP, Annotation(0, {})], "after the end of its choice"),
        ([START, PartStart(0, 0, "tool_call", None, "f", 0)], "has no id"),
        ([START, PartStart(0, 0, "tool_call", "1", "f", 1)], "tool_index out of order"),
        ([START, CALL, ToolCallDelta(0, 0, 1, "")], "another tool_index"),
    ],
)
def test_malformed(events: list[Event], complaint: str) -> None:
    with pytest.raises(MalformedStreamError, match=complaint):
        check_stream(events)
