"""Streams of ConverseStream in events: blocks, ends, exceptions in the middle, and streams that were cut."""

import json
from typing import Any

import pytest

from waystation.codec.assemble import assemble
from waystation.codec.event_stream import render_event_message
from waystation.codec.stream_checker import check_stream
from waystation.dialects.bedrock_converse import DIALECT
from waystation.dialects.bedrock_converse.wire import ANSWER_TOOL
from waystation.errors import (
    BadResponse,
    CredentialRejected,
    Overloaded,
    ProviderError,
    RateLimited,
    UpstreamRejected,
)
from waystation.operations.chat_events import Event, MessageEnd, StreamError
from waystation.operations.parts import ImageOutput, Reasoning, Text, ToolCall
from waystation.operations.usage import Usage

START = ("messageStart", {"role": "assistant"})
METADATA = (
    "metadata",
    {"usage": {"inputTokens": 3, "outputTokens": 2, "totalTokens": 5}, "metrics": {"latencyMs": 1}},
)
Said = tuple[str, dict[str, Any]]


def message(event: str, payload: Any) -> bytes:
    headers = {":event-type": event, ":content-type": "application/json", ":message-type": "event"}
    return render_event_message(headers, json.dumps({**payload, "p": "abc"}).encode())


def delta(index: int, **said: Any) -> Said:
    return "contentBlockDelta", {"contentBlockIndex": index, "delta": said}


def call(index: int, name: str, **more: Any) -> Said:
    return "contentBlockStart", {
        "contentBlockIndex": index,
        "start": {"toolUse": {"toolUseId": f"id{index}", "name": name, **more}},
    }


def stop(index: int) -> Said:
    return "contentBlockStop", {"contentBlockIndex": index}


def end(reason: str = "end_turn") -> tuple[Said, Said]:
    return ("messageStop", {"stopReason": reason}), METADATA


def events_of(*said: Said, tail: bytes = b"") -> list[Event]:
    parser = DIALECT.stream_parser()
    events = parser.feed(b"".join([message(*one) for one in said]) + tail) + parser.close()
    check_stream(events)
    return events


def failure(events: list[Event]) -> ProviderError:
    last = events[-1]
    assert isinstance(last, StreamError)
    assert isinstance(last.error, ProviderError)
    return last.error


def test_text_reasoning_and_parallel_calls() -> None:
    events = events_of(
        START,
        delta(0, reasoningContent={"text": "H"}),
        delta(0, reasoningContent={"text": "m."}),
        delta(0, reasoningContent={"signature": "c2ln"}),
        stop(0),
        delta(1, text="One"),
        delta(1, text="."),
        stop(1),
        call(2, "f"),
        delta(2, toolUse={"input": '{"x"'}),
        delta(2, toolUse={"input": ":1}"}),
        stop(2),
        call(3, "g"),
        stop(3),
        call(4, "h"),
        delta(4, toolUse={"input": ""}),
        stop(4),
        *end("tool_use"),
    )
    result = assemble(events)
    [choice] = result.choices
    assert choice.parts == (
        Reasoning(text="Hm.", signature="c2ln", index=0),
        Text("One."),
        ToolCall("id2", "f", '{"x":1}'),
        ToolCall("id3", "g", "{}"),
        ToolCall("id4", "h", "{}"),
    )
    assert (choice.finish_reason, choice.native_finish_reason) == ("tool_calls", "tool_use")
    assert result.usage == Usage(3, 2)


def test_a_block_with_a_signature_alone_is_reasoning_of_no_words() -> None:
    events = events_of(START, delta(0, reasoningContent={"signature": "c2ln"}), delta(1, text="x"), *end())
    assert assemble(events).choices[0].parts[0] == Reasoning(
        text="", signature="c2ln", origin="anthropic-claude-v1", index=0
    )


def test_redacted_reasoning_in_pieces_is_one_blob() -> None:
    whole = events_of(
        START, delta(0, reasoningContent={"redactedContent": "RXFSYQ=="}), stop(0), delta(1, text="x"), *end()
    )
    pieces = events_of(
        START,
        delta(0, reasoningContent={"redactedContent": "RXE="}),
        delta(0, reasoningContent={"redactedContent": "UmE="}),
        stop(0),
        delta(1, text="x"),
        *end(),
    )
    assert assemble(whole).choices == assemble(pieces).choices
    assert assemble(whole).choices[0].parts[0] == Reasoning(
        kind="encrypted", data="EqRa", origin="anthropic-claude-v1", index=0
    )


def test_the_answer_tools_input_is_the_answers_text() -> None:
    events = events_of(
        START,
        call(0, ANSWER_TOOL),
        delta(0, toolUse={"input": '{"city": '}),
        delta(0, toolUse={"input": '"Paris"}'}),
        stop(0),
        *end("tool_use"),
    )
    [choice] = assemble(events).choices
    assert choice.parts == (Text('{"city": "Paris"}'),)
    assert choice.finish_reason == "stop"


def test_what_the_provider_ran_itself_is_not_shown() -> None:
    events = events_of(
        START,
        call(0, "nova_grounding", type="server_tool_use"),
        delta(0, toolUse={"input": "{}"}),
        stop(0),
        ("contentBlockStart", {"contentBlockIndex": 1, "start": {"toolResult": {"toolUseId": "id0"}}}),
        delta(1, toolResult=[{"text": "hidden"}]),
        stop(1),
        delta(2, text="Found."),
        stop(2),
        *end(),
    )
    assert assemble(events).choices[0].parts == (Text("Found."),)


def test_citations_mark_the_text_of_their_block_wherever_they_stand_in_it() -> None:
    web = {"location": {"web": {"url": "https://a.test", "domain": "a.test"}}}
    for order in (
        (delta(1, citation=web), delta(1, text="so")),
        (delta(1, text="so"), delta(1, citation=web)),
    ):
        events = events_of(START, delta(0, text="It is "), stop(0), *order, stop(1), *end())
        [annotation] = assemble(events).choices[0].annotations
        assert annotation["url_citation"] == {
            "url": "https://a.test",
            "title": "a.test",
            "start_index": 6,
            "end_index": 8,
        }


def test_an_image_is_told_once_it_is_whole() -> None:
    started = ("contentBlockStart", {"contentBlockIndex": 0, "start": {"image": {"format": "png"}}})
    events = events_of(
        START,
        started,
        delta(0, image={"source": {"bytes": "iVBO"}}),
        delta(0, image={"source": {"bytes": "Rw0KGgo="}}),
        stop(0),
        *end(),
    )
    assert assemble(events).choices[0].parts == (ImageOutput("data:image/png;base64,iVBORw0KGgo="),)


@pytest.mark.parametrize(
    ("name", "kind", "status"),
    [
        ("throttlingException", RateLimited, 429),
        ("internalServerException", Overloaded, 500),
        ("modelStreamErrorException", Overloaded, 500),
        ("serviceUnavailableException", Overloaded, 503),
        ("validationException", UpstreamRejected, 400),
        ("accessDeniedException", CredentialRejected, 403),
        ("surpriseException", Overloaded, 500),
    ],
)
def test_an_exception_in_the_middle_ends_the_stream(
    name: str, kind: type[ProviderError], status: int
) -> None:
    exception = render_event_message(
        {":exception-type": name, ":content-type": "application/json", ":message-type": "exception"},
        b'{"message":"Too bad."}',
    )
    events = events_of(START, delta(0, text="One"), tail=exception + message(*end()[0]) + message(*METADATA))
    error = failure(events)
    assert type(error) is kind
    assert error.upstream_status == status
    assert error.provider_code == name


def test_an_exception_told_as_an_event_is_one_too() -> None:
    events = events_of(START, ("throttlingException", {"message": "Slow down."}))
    assert isinstance(failure(events), RateLimited)


def test_an_unmodelled_error_is_an_error() -> None:
    headers = {":message-type": "error", ":error-code": "InternalFailure", ":error-message": "Oh."}
    assert isinstance(failure(events_of(START, tail=render_event_message(headers, b""))), Overloaded)


@pytest.mark.parametrize("kept", range(6))
def test_a_stream_without_both_its_ends_was_cut(kept: int) -> None:
    said = [START, delta(0, text="One"), stop(0), *end()]
    events = events_of(*said[:kept])
    if kept < len(said):
        assert "cut" in str(failure(events))
    else:
        assert isinstance(events[-1], MessageEnd)


def test_a_stream_cut_inside_a_message_is_an_error() -> None:
    events = events_of(START, delta(0, text="One"), tail=message(*delta(0, text="Two"))[:30])
    assert "cut" in str(failure(events))


def test_a_damaged_message_is_an_error_after_what_came_before() -> None:
    damaged = bytearray(message(*delta(0, text="Two")))
    damaged[-1] ^= 1
    events = events_of(START, delta(0, text="One"), tail=bytes(damaged))
    assert isinstance(failure(events), BadResponse)
    assert len(events) == 4


def test_a_payload_that_is_no_json_is_an_error() -> None:
    headers = {":event-type": "messageStop", ":message-type": "event"}
    assert isinstance(failure(events_of(START, tail=render_event_message(headers, b"{"))), BadResponse)


@pytest.mark.parametrize(
    "said",
    [
        [("contentBlockStart", {"contentBlockIndex": 0, "start": {"toolUse": {"toolUseId": "a"}}})],
        [delta(0, toolUse={"input": "{}"})],
    ],
)
def test_a_call_without_a_name_is_an_error(said: list[Said]) -> None:
    assert isinstance(failure(events_of(START, *said, *end("tool_use"))), BadResponse)


def test_a_call_without_an_id_gets_one() -> None:
    started = ("contentBlockStart", {"contentBlockIndex": 0, "start": {"toolUse": {"name": "f"}}})
    [part] = assemble(events_of(START, started, stop(0), *end("tool_use"))).choices[0].parts
    assert isinstance(part, ToolCall)
    assert part.id.startswith("tooluse_")


def test_an_empty_stream_that_spent_nothing_is_an_error() -> None:
    nothing = ("metadata", {"usage": {"inputTokens": 3, "outputTokens": 0, "totalTokens": 3}})
    assert "empty" in str(failure(events_of(START, end()[0], nothing)))
    assert isinstance(events_of(START, end("guardrail_intervened")[0], nothing)[-1], MessageEnd)
    assert isinstance(failure(events_of(START, end("malformed_tool_use")[0], nothing)), BadResponse)


def test_unknown_events_and_what_follows_the_end_are_left_alone() -> None:
    events = events_of(("initial-response", {}), START, ("laterEvent", {"x": 1}), delta(0, text="x"), *end())
    assert isinstance(events[-1], MessageEnd)
    parser = DIALECT.stream_parser()
    parser.feed(b"".join([message(*one) for one in (START, delta(0, text="x"), *end())]))
    assert parser.feed(message(*delta(0, text="more"))) == []
    assert parser.close() == []


def test_metadata_before_the_stop_is_no_end() -> None:
    events = events_of(START, delta(0, text="x"), METADATA, delta(0, text="y"), end()[0])
    assert assemble(events).choices[0].parts == (Text("xy"),)
