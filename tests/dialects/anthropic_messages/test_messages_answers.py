"""Answers, streams and errors of Anthropic's wire, one rule at a time."""

from collections.abc import Mapping

import pytest
from msgspec import json

from waystation.codec.assemble import assemble
from waystation.dialects.anthropic_messages import DIALECT
from waystation.dialects.anthropic_messages.wire import ANSWER_TOOL, ORIGIN
from waystation.errors import (
    BadResponse,
    CredentialRejected,
    Overloaded,
    ProviderError,
    RateLimited,
    UpstreamRejected,
)
from waystation.operations.chat import ChatResult
from waystation.operations.chat_events import Event, MessageEnd, StreamError
from waystation.operations.parts import JsonObject, Reasoning, Refusal, Text, ToolCall

START = {
    "type": "message_start",
    "message": {"id": "msg_1", "model": "claude", "usage": {"input_tokens": 5, "output_tokens": 1}},
}
STOP = {"type": "message_stop"}


def answer(*content: Mapping[str, object], stop: str = "end_turn", **more: object) -> ChatResult:
    usage = {"input_tokens": 5, "output_tokens": 3}
    body = {
        "type": "message",
        "id": "msg_1",
        "content": list(content),
        "stop_reason": stop,
        "usage": usage,
    } | more
    return DIALECT.parse_response(json.encode(body))


def streamed(*events: Mapping[str, object]) -> list[Event]:
    parser = DIALECT.stream_parser()
    out: list[Event] = []
    for event in events:
        out += parser.feed(b"event: %b\ndata: %b\n\n" % (str(event["type"]).encode(), json.encode(event)))
    return out + parser.close()


def start(index: int, **block: object) -> JsonObject:
    return {"type": "content_block_start", "index": index, "content_block": block}


def delta(index: int, **value: object) -> JsonObject:
    return {"type": "content_block_delta", "index": index, "delta": value}


def ended(reason: str, **usage: object) -> JsonObject:
    return {"type": "message_delta", "delta": {"stop_reason": reason}, "usage": usage}


@pytest.mark.parametrize(
    ("native", "reason"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("pause_turn", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("refusal", "content_filter"),
        ("something_new", "stop"),
    ],
)
def test_stop_reasons(native: str, reason: str) -> None:
    choice = answer({"type": "text", "text": "a"}, stop=native).choices[0]
    assert (choice.finish_reason, choice.native_finish_reason) == (reason, native)


def test_the_providers_own_tools_are_not_the_clients_to_call() -> None:
    choice = answer(
        {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "q"}},
        {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []},
        {
            "type": "text",
            "text": "found",
            "citations": [
                {
                    "type": "web_search_result_location",
                    "url": "https://e.test",
                    "title": "E",
                    "cited_text": "c",
                }
            ],
        },
    ).choices[0]
    assert not any(isinstance(part, ToolCall) for part in choice.parts)
    assert choice.finish_reason == "stop"
    cited = {"url": "https://e.test", "title": "E", "start_index": 0, "end_index": 5, "content": "c"}
    assert choice.annotations == ({"type": "url_citation", "url_citation": cited},)


def test_a_refusal_says_why() -> None:
    details = {"type": "refusal", "explanation": "No."}
    choice = answer(stop="refusal", stop_details=details).choices[0]
    assert (choice.parts, choice.finish_reason) == ((Refusal("No."),), "content_filter")


def test_an_answer_with_nothing_in_it_is_none() -> None:
    with pytest.raises(BadResponse):
        answer(usage={"input_tokens": 5, "output_tokens": 0})


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"type":"message"}', b'{"content":"a"}', b"{" * 5000])
def test_what_is_no_answer_is_a_bad_response(body: bytes) -> None:
    with pytest.raises(BadResponse):
        DIALECT.parse_response(body)


def test_an_error_inside_a_success_is_an_error() -> None:
    body = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    with pytest.raises(Overloaded):
        DIALECT.parse_response(json.encode(body))


def test_cached_tokens_of_both_lives_are_counted() -> None:
    usage = {
        "input_tokens": 5,
        "output_tokens": 3,
        "cache_read_input_tokens": 100,
        "cache_creation_input_tokens": 50,
        "cache_creation": {"ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 30},
    }
    told = answer({"type": "text", "text": "a"}, usage=usage).usage
    assert told is not None
    assert (told.prompt_tokens, told.cached_tokens) == (155, 100)
    assert (told.cache_write_tokens, told.cache_write_1h_tokens) == (50, 30)


def test_a_stream_of_thinking_text_and_calls() -> None:
    events = streamed(
        START,
        start(0, type="thinking", thinking="", signature=""),
        delta(0, type="thinking_delta", thinking="h"),
        delta(0, type="thinking_delta", thinking="m"),
        delta(0, type="signature_delta", signature="c2ln"),
        {"type": "content_block_stop", "index": 0},
        {"type": "ping"},
        start(1, type="text", text=""),
        delta(1, type="text_delta", text="so"),
        {"type": "content_block_stop", "index": 1},
        start(2, type="tool_use", id="t1", name="look", input={}),
        delta(2, type="input_json_delta", partial_json='{"at"'),
        delta(2, type="input_json_delta", partial_json=':"x"}'),
        {"type": "content_block_stop", "index": 2},
        start(3, type="tool_use", id="t2", name="look", input={}),
        {"type": "content_block_stop", "index": 3},
        ended("tool_use", output_tokens=9),
        STOP,
    )
    choice = assemble(events).choices[0]
    assert choice.parts == (
        Reasoning(text="hm", signature="c2ln", origin=ORIGIN, index=0),
        Text("so"),
        ToolCall("t1", "look", '{"at":"x"}'),
        ToolCall("t2", "look", "{}"),
    )
    assert choice.finish_reason == "tool_calls"


def test_counters_said_last_count() -> None:
    first = {
        "type": "message_start",
        "message": {
            "id": "m",
            "usage": {"input_tokens": 5, "cache_read_input_tokens": 0, "output_tokens": 1},
        },
    }
    events = streamed(
        first,
        start(0, type="text", text="a"),
        ended(
            "end_turn",
            input_tokens=7,
            cache_read_input_tokens=11,
            cache_creation_input_tokens=None,
            output_tokens=9,
        ),
        STOP,
    )
    end = events[-1]
    assert isinstance(end, MessageEnd)
    assert end.usage is not None
    assert (end.usage.prompt_tokens, end.usage.cached_tokens, end.usage.completion_tokens) == (18, 11, 9)


def test_a_structured_answer_by_tool_streams_as_text() -> None:
    events = streamed(
        START,
        start(0, type="tool_use", id="t", name=ANSWER_TOOL, input={}),
        delta(0, type="input_json_delta", partial_json='{"a":'),
        delta(0, type="input_json_delta", partial_json="1}"),
        {"type": "content_block_stop", "index": 0},
        ended("tool_use", output_tokens=9),
        STOP,
    )
    choice = assemble(events).choices[0]
    assert (choice.parts, choice.finish_reason) == ((Text('{"a":1}'),), "stop")


@pytest.mark.parametrize(
    "events",
    [
        (),
        (STOP,),
        (START,),
        (START, STOP),
        (START, start(0, type="text", text="a")),
        (START, start(0, type="text", text="a"), ended("end_turn", output_tokens=3)),
        (START, delta(7, type="text_delta", text="a"), STOP),
        (START, START),
        (START, start(0, type="tool_use", id="t")),
    ],
)
def test_streams_that_are_cut_or_out_of_order_are_errors(events: tuple[Mapping[str, object], ...]) -> None:
    assert isinstance(streamed(*events)[-1], StreamError)


def test_an_error_in_mid_stream_ends_it() -> None:
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    last = streamed(START, start(0, type="text", text="a"), error, STOP)[-1]
    assert isinstance(last, StreamError)
    assert isinstance(last.error, Overloaded)


@pytest.mark.parametrize(
    ("status", "kind", "made"),
    [
        (400, "invalid_request_error", UpstreamRejected),
        (401, "authentication_error", CredentialRejected),
        (429, "rate_limit_error", RateLimited),
        (529, "overloaded_error", Overloaded),
    ],
)
def test_errors_by_status(status: int, kind: str, made: type[ProviderError]) -> None:
    body = json.encode({"type": "error", "error": {"type": kind, "message": "why"}})
    error = DIALECT.parse_error(status, [(b"retry-after", b"7")], body)
    assert type(error) is made
    assert error.provider_code == kind


def test_a_prompt_that_is_too_long_is_named_so() -> None:
    body = json.encode(
        {
            "type": "error",
            "error": {"type": "invalid_request_error", "message": "prompt is too long: 9 tokens"},
        }
    )
    error = DIALECT.parse_error(400, [], body)
    assert error.error_type == "context_length_exceeded"


def test_counters_never_go_below_nothing() -> None:
    told = answer({"type": "text", "text": "a"}, usage={"input_tokens": -4, "output_tokens": True}).usage
    assert told is not None
    assert told.total_tokens == 0
