"""Answers, streams and errors of Ollama, one rule at a time."""

import pytest
from msgspec import json

from waystation.codec.assemble import assemble
from waystation.codec.stream_checker import check_stream
from waystation.dialects.ollama import DIALECT
from waystation.errors import (
    BadResponse,
    ModelGone,
    Overloaded,
    ProviderError,
    RateLimited,
    UpstreamRejected,
)
from waystation.operations.chat import ChatResult
from waystation.operations.chat_events import Event, MessageEnd, StreamError
from waystation.operations.parts import JsonObject, Reasoning, Text, ToolCall

TIME = "2026-08-07T06:08:11.017589123Z"
COUNTS = {"prompt_eval_count": 5, "eval_count": 3}
CALL = {"function": {"name": "look", "arguments": {"at": "x"}}}


def said(**message: object) -> JsonObject:
    return {
        "model": "qwen3",
        "created_at": TIME,
        "message": {"role": "assistant", "content": ""} | message,
        "done": False,
    }


def ended(reason: object = "stop", **more: object) -> JsonObject:
    return said() | {"done": True, "done_reason": reason} | COUNTS | more


def answer(reason: object = "stop", **message: object) -> ChatResult:
    return DIALECT.parse_response(json.encode(ended(reason) | {"message": message}))


def streamed(*lines: JsonObject) -> list[Event]:
    parser = DIALECT.stream_parser()
    events = [event for line in lines for event in parser.feed(json.encode(line) + b"\n")] + parser.close()
    check_stream(events)
    return events


def error_of(events: list[Event]) -> ProviderError:
    last = events[-1]
    assert isinstance(last, StreamError)
    assert isinstance(last.error, ProviderError)
    return last.error


def test_a_whole_answer() -> None:
    result = answer(content="Hello", thinking="hm")
    choice = result.choices[0]

    assert choice.parts == (Reasoning(text="hm", plain=True), Text("Hello"))
    assert (choice.finish_reason, choice.native_finish_reason) == ("stop", "stop")
    assert (result.model, result.created) == ("qwen3", 1786082891)
    assert result.usage is not None
    assert (result.usage.prompt_tokens, result.usage.completion_tokens) == (5, 3)


@pytest.mark.parametrize(
    ("native", "reason"), [("stop", "stop"), ("length", "length"), ("something_new", "stop"), (None, "stop")]
)
def test_done_reasons(native: str | None, reason: str) -> None:
    choice = answer(native, content="a").choices[0]
    assert (choice.finish_reason, choice.native_finish_reason) == (reason, native)


def test_a_call_without_an_id_is_given_the_same_one_each_time() -> None:
    first, second = (
        [part for part in answer(tool_calls=[CALL, CALL]).choices[0].parts if isinstance(part, ToolCall)]
        for _ in range(2)
    )
    assert first == second
    assert len({call.id for call in first}) == 2
    assert [call.arguments for call in first] == ['{"at":"x"}'] * 2


def test_a_call_with_an_id_keeps_it() -> None:
    choice = answer(tool_calls=[CALL | {"id": "call_9"}]).choices[0]
    assert choice.parts == (ToolCall("call_9", "look", '{"at":"x"}'),)
    assert choice.finish_reason == "tool_calls"


def test_an_answer_that_is_cut_says_so_even_with_calls() -> None:
    assert answer("length", tool_calls=[CALL]).choices[0].finish_reason == "length"


def test_log_probabilities_have_openais_shape() -> None:
    told = [{"token": "a", "logprob": -0.5, "bytes": [97], "top_logprobs": []}]
    body = ended() | {"message": {"content": "a"}, "logprobs": told}
    assert DIALECT.parse_response(json.encode(body)).choices[0].logprobs == {"content": told}

    choice = assemble(streamed(said(content="a") | {"logprobs": told}, ended())).choices[0]
    assert choice.logprobs == {"content": told}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b"{" * 5000,
        b'{"done":true}',
        json.encode(ended("load")),
        json.encode(ended("unload", eval_count=3)),
        json.encode(ended(eval_count=0)),
        json.encode(said(content="half")),
        json.encode(ended() | {"message": {"tool_calls": [{"function": {"arguments": {}}}]}}),
        json.encode({"error": "out of memory at 10.0.0.7:11434"}),
    ],
)
def test_what_is_no_answer_is_a_bad_response(body: bytes) -> None:
    with pytest.raises(BadResponse) as caught:
        DIALECT.parse_response(body)
    assert "10.0.0.7" not in caught.value.message


def test_a_stream_of_thinking_text_and_calls() -> None:
    events = streamed(
        said(thinking="h"),
        said(thinking="m"),
        said(content="so"),
        said(tool_calls=[CALL | {"id": "a"}, CALL | {"id": "b"}]),
        said(tool_calls=[{"id": "c", "function": {"name": "other", "arguments": {}}}]),
        ended(),
    )
    choice = assemble(events).choices[0]

    assert choice.parts == (
        Reasoning(text="hm", plain=True),
        Text("so"),
        ToolCall("a", "look", '{"at":"x"}'),
        ToolCall("b", "look", '{"at":"x"}'),
        ToolCall("c", "other", "{}"),
    )
    assert choice.finish_reason == "tool_calls"
    assert isinstance(events[-1], MessageEnd)
    assert events[-1].usage is not None
    assert events[-1].usage.total_tokens == 8


def test_content_beside_the_end_mark_is_kept() -> None:
    events = streamed(ended() | {"message": {"content": "all at once"}})
    assert assemble(events).choices[0].parts == (Text("all at once"),)


def test_a_stream_without_its_end_mark_was_cut() -> None:
    assert isinstance(error_of(streamed(said(content="half"))), BadResponse)
    assert isinstance(error_of(streamed()), BadResponse)


def test_an_error_in_mid_stream_ends_it() -> None:
    events = streamed(said(content="half"), {"error": "llama runner terminated"}, said(content="more"))
    assert isinstance(error_of(events), BadResponse)
    assert isinstance(error_of(streamed(said(content="half"), {"error": "busy", "status": 503})), Overloaded)


def test_a_line_that_is_not_json_is_an_error() -> None:
    parser = DIALECT.stream_parser()
    assert isinstance(error_of(parser.feed(b"<html>\n")), BadResponse)
    assert parser.close() == []


def test_an_empty_stream_is_no_success() -> None:
    assert isinstance(error_of(streamed(said(), ended(eval_count=0))), BadResponse)


@pytest.mark.parametrize(
    ("status", "text", "kind"),
    [
        (404, "model 'x' not found", ModelGone),
        (400, '"x" does not support tools', UpstreamRejected),
        (429, "too many requests", RateLimited),
        (500, "llama runner terminated", Overloaded),
        (503, "server busy", Overloaded),
    ],
)
def test_errors_by_status(status: int, text: str, kind: type[ProviderError]) -> None:
    error = DIALECT.parse_error(status, [], json.encode({"error": text}))
    assert isinstance(error, kind)
    assert error.upstream_status == status


def test_a_prompt_that_is_too_long_is_known() -> None:
    body = json.encode({"error": "the input length exceeds the context length"})
    assert DIALECT.parse_error(400, [], body).error_type == "context_length_exceeded"
    assert isinstance(DIALECT.parse_error(400, [], b"<html>"), UpstreamRejected)
    shaped = json.encode({"error": {"message": "no", "type": "invalid"}})
    assert DIALECT.parse_error(400, [], shaped).provider_code == "invalid"
