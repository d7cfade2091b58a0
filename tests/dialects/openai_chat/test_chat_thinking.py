"""Reasoning as chunks of content: whole, streamed, signed, and on its way back."""

import json
from typing import cast

import pytest

from waystation.codec.assemble import assemble
from waystation.codec.dialect import Identity, Target
from waystation.codec.stream_checker import check_stream
from waystation.dialects.openai_chat import DIALECT
from waystation.errors import BadResponse
from waystation.operations.chat import ChatRequest, Message
from waystation.operations.chat_events import Event, ReasoningDelta, TextDelta
from waystation.operations.parts import JsonObject, Opaque, Part, Reasoning, Text, ToolCall

IDENTITY = Identity("gen-1", "acme/m1", "Acme", 1_710_000_000)
CHUNKS = Target("m", reasoning_field="content")
SIGNATURE = "c2ln+bmF0/dXJl=="


def thinking(text: str, **more: object) -> JsonObject:
    return {"type": "thinking", "thinking": [{"type": "text", "text": text}], **more}


def answer(content: object) -> JsonObject:
    body = {
        "id": "up-1",
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"}
        ],
    }
    result = DIALECT.parse_response(json.dumps(body).encode())
    rendered = json.loads(DIALECT.render_response(result, IDENTITY, None, None))
    return cast("JsonObject", rendered["choices"][0]["message"])


def chunk(content: object, **fields: object) -> bytes:
    value = {
        "id": "up-1",
        "choices": [{"index": 0, "delta": {"content": content}, "finish_reason": None}],
        **fields,
    }
    return b"data: %b\n\n" % json.dumps(value, separators=(",", ":")).encode()


def events_of(*frames: bytes) -> list[Event]:
    parser = DIALECT.stream_parser()
    events = [event for frame in frames for event in parser.feed(frame)]
    end = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
    events += parser.feed(end) + parser.close()
    check_stream(events)
    return events


def sent_back(*parts: Part, target: Target = CHUNKS) -> tuple[JsonObject, list[str]]:
    request = ChatRequest("openai_chat", "m", (Message("assistant", parts),))
    rendered = DIALECT.render_request(request, target)
    return cast("list[JsonObject]", rendered.body["messages"])[0], rendered.dropped


def test_a_thinking_chunk_is_reasoning_and_the_text_is_the_answer() -> None:
    message = answer(
        [thinking("2+2"), {"type": "reference", "reference_ids": [1]}, {"type": "text", "text": "4"}]
    )

    assert message["content"] == "4"
    assert message["reasoning"] == "2+2"
    assert message["reasoning_details"] == [
        {"type": "reasoning.text", "text": "2+2", "format": "unknown", "index": 0}
    ]


def test_a_signature_is_told_with_its_thinking() -> None:
    message = answer([thinking("hm", signature=SIGNATURE), {"type": "text", "text": "4"}])

    details = cast("list[JsonObject]", message["reasoning_details"])
    assert details[0]["signature"] == SIGNATURE


@pytest.mark.parametrize("thought", [None, 7, {}])
def test_thinking_of_an_unknown_shape_is_no_answer(thought: object) -> None:
    with pytest.raises(BadResponse):
        answer([{"type": "thinking", "thinking": thought}])


def test_thinking_streams_as_reasoning_before_the_text() -> None:
    events = events_of(
        chunk([thinking("2+")]),
        chunk([thinking("2")]),
        chunk([thinking("", signature=SIGNATURE), {"type": "text", "text": "4"}]),
        chunk("!"),
    )

    assert [event.text for event in events if isinstance(event, ReasoningDelta)] == ["2+", "2", ""]
    assert [event.text for event in events if isinstance(event, TextDelta)] == ["4", "!"]
    assert assemble(events).choices[0].parts == (
        Reasoning(text="2+2", signature=SIGNATURE, index=0),
        Text("4!"),
    )


@pytest.mark.parametrize(
    "content",
    [
        [],
        [None],
        [{"type": "thinking"}],
        [{"type": "thinking", "thinking": [7]}],
        [{"text": 7}],
        {"text": "x"},
    ],
)
def test_chunks_that_say_nothing_open_no_part(content: object) -> None:
    events = events_of(chunk(content), chunk("x"))

    assert assemble(events).choices[0].parts == (Text("x"),)


def test_earlier_reasoning_goes_back_in_front_of_the_text() -> None:
    message, dropped = sent_back(Reasoning(text="hm", plain=True), Text("4"))

    assert message["content"] == [thinking("hm"), {"type": "text", "text": "4"}]
    assert dropped == []


def test_a_turn_of_reasoning_and_calls_goes_back_without_empty_text() -> None:
    message, _ = sent_back(Reasoning(text="hm", plain=True), ToolCall("a", "f", "{}"))

    assert message["content"] == [thinking("hm")]
    assert message["tool_calls"]


def test_signed_thinking_goes_back_byte_for_byte_from_the_pieces_a_client_collected() -> None:
    pieces = (Reasoning(text="2+", index=0), Reasoning(text="2", index=0))
    signed = Reasoning(text="", signature=SIGNATURE, origin="unknown", index=0)

    message, dropped = sent_back(*pieces, signed, Reasoning(text="then", index=1), Text("4"))

    assert message["content"] == [
        thinking("2+2", signature=SIGNATURE),
        thinking("then"),
        {"type": "text", "text": "4"},
    ]
    assert dropped == []


def test_another_familys_signature_stays_behind_and_its_text_goes() -> None:
    message, _ = sent_back(
        Reasoning(text="hm", plain=True),
        Reasoning(text="hm", signature="x", origin="anthropic-claude-v1"),
        Text("4"),
    )

    assert message["content"] == [thinking("hm"), {"type": "text", "text": "4"}]


def test_what_cannot_be_read_is_dropped_and_noted() -> None:
    hidden = Reasoning(kind="encrypted", data="c2VjcmV0")
    message, dropped = sent_back(hidden, Opaque("reasoning_detail", {"type": "x"}), Text("4"))

    assert message["content"] == "4"
    assert dropped == ["messages.reasoning_details"]


def test_a_callers_own_thinking_chunks_are_reasoning_for_any_endpoint() -> None:
    body = {"messages": [{"role": "assistant", "content": [thinking("hm"), {"type": "text", "text": "4"}]}]}
    request = DIALECT.parse_request(json.dumps(body).encode(), "")

    rendered = DIALECT.render_request(request, Target("m", reasoning_field="reasoning_content"))

    assert rendered.body["messages"] == [{"role": "assistant", "content": "4", "reasoning_content": "hm"}]


def test_padding_of_a_stream_is_neither_kept_nor_in_the_way() -> None:
    frames = [chunk("a", p="abc"), chunk("b", p="abcdefg"), chunk('"p":"', p=""), chunk("d", p="x")]

    events = events_of(*frames)

    assert [event.text for event in events if isinstance(event, TextDelta)] == ["a", "b", '"p":"', "d"]
    assert not assemble(events).extras
    assert events_of(b"".join(frames)) == events
