"""Whole answers: what a provider may say, and what the client is told."""

import json
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from waystation.codec.dialect import Identity
from waystation.dialects.openai_chat import DIALECT
from waystation.errors import BadResponse, Overloaded, ProviderError, RateLimited, UpstreamRejected
from waystation.operations.chat import ChatResult, Choice
from waystation.operations.parts import (
    AudioOutput,
    ImageOutput,
    JsonObject,
    Opaque,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
)
from waystation.operations.usage import Cost, Usage

IDENTITY = Identity("gen-1710000000-abc", "acme/m1", "Acme", 1_710_000_000)
COST = Cost(total=21_000, prompt=9_000, completion=12_000, upstream=21_000)


def parse(*choices: object, **fields: object) -> ChatResult:
    body = {
        "id": "x",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": list(choices),
        **fields,
    }
    return DIALECT.parse_response(json.dumps(body).encode())


def said(finish_reason: object = "stop", **message: object) -> JsonObject:
    return {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish_reason}


def render(result: ChatResult, identity: Identity = IDENTITY, cost: Cost | None = COST) -> JsonObject:
    return cast("JsonObject", json.loads(DIALECT.render_response(result, identity, cost, None)))


def result_of(
    *parts: object, dialect: str = "openai_chat", finish_reason: str = "stop", **fields: object
) -> ChatResult:
    choice = Choice(0, parts, finish_reason, "end_turn")  # type: ignore[arg-type] # parts of any kind, tersely
    return ChatResult(dialect, "up-1", "m", 1, (choice,), **fields)  # type: ignore[arg-type] # as above


def message_of(result: ChatResult, identity: Identity = IDENTITY) -> JsonObject:
    choices = cast("list[JsonObject]", render(result, identity)["choices"])
    return cast("JsonObject", choices[0]["message"])


def test_the_answer_of_the_contract() -> None:
    assert render(result_of(Text("Hi"), usage=Usage(9, 2))) == {
        "id": "gen-1710000000-abc",
        "object": "chat.completion",
        "created": 1_710_000_000,
        "model": "acme/m1",
        "provider": "Acme",
        "system_fingerprint": None,
        "service_tier": None,
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "native_finish_reason": "end_turn",
                "logprobs": None,
                "message": {"role": "assistant", "content": "Hi", "refusal": None, "reasoning": None},
            }
        ],
        "usage": {
            "prompt_tokens": 9,
            "completion_tokens": 2,
            "total_tokens": 11,
            "cost": 0.000021,
            "is_byok": False,
            "prompt_tokens_details": {
                "cached_tokens": 0,
                "cache_write_tokens": 0,
                "audio_tokens": 0,
                "video_tokens": 0,
            },
            "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0, "image_tokens": 0},
            "cost_details": {
                "upstream_inference_cost": 0.000021,
                "upstream_inference_prompt_cost": 0.000009,
                "upstream_inference_completions_cost": 0.000012,
            },
        },
    }


def test_an_unknown_cost_is_left_out_and_never_zero() -> None:
    usage = cast(
        "JsonObject", render(result_of(Text("a"), usage=Usage(1, 1)), cost=Cost(None, 0, 0, None))["usage"]
    )
    assert "cost" not in usage
    assert "cost_details" not in usage


def test_tokens_written_for_an_hour_are_told_once() -> None:
    usage = Usage(prompt_tokens=90, completion_tokens=1, cache_write_tokens=50, cache_write_1h_tokens=30)
    for parts in ((Text("Hi"),), (Text("Hi"), Reasoning(text="x", plain=True))):
        told = cast("JsonObject", render(result_of(*parts, usage=usage))["usage"])
        assert cast("JsonObject", told["prompt_tokens_details"])["cache_write_tokens"] == 50


def test_no_success_has_an_error_key() -> None:
    assert "error" not in render(parse(said(content="a"), error=None))


def test_router_metadata_stands_at_the_top() -> None:
    body = json.loads(DIALECT.render_response(result_of(Text("a")), IDENTITY, None, {"strategy": "direct"}))
    assert body["openrouter_metadata"] == {"strategy": "direct"}


def test_everything_an_assistant_may_say() -> None:
    message = message_of(
        result_of(
            Reasoning(text="hm", plain=True),
            Text("a"),
            Text("b"),
            Refusal("no"),
            ImageOutput("data:i"),
            AudioOutput({"id": "1", "data": "QUJD"}),
            ToolCall("c1", "f", ""),
            ToolCall("c2", "g", '{"a":1}'),
        )
    )
    assert message == {
        "role": "assistant",
        "content": "ab",
        "refusal": "no",
        "reasoning": "hm",
        "reasoning_details": [{"type": "reasoning.text", "text": "hm", "format": "unknown", "index": 0}],
        "images": [{"type": "image_url", "image_url": {"url": "data:i"}}],
        "audio": {"id": "1", "data": "QUJD"},
        "tool_calls": [
            {"id": "c1", "type": "function", "index": 0, "function": {"name": "f", "arguments": "{}"}},
            {"id": "c2", "type": "function", "index": 1, "function": {"name": "g", "arguments": '{"a":1}'}},
        ],
    }


def test_excluded_reasoning_is_not_told() -> None:
    identity = Identity("gen-1", "a/b", "Acme", 1, include_reasoning=False)
    message = message_of(result_of(Reasoning(text="hm", plain=True), Text("a")), identity)
    assert message["reasoning"] is None
    assert "reasoning_details" not in message


def test_extras_of_another_dialect_are_not_told() -> None:
    result = parse(
        {**said(content="a", mood="good"), "flag": 1}, citations=["u"], usage={"prompt_tokens": 1, "q": 2}
    )
    body = render(result)
    assert (body["citations"], cast("list[JsonObject]", body["choices"])[0]["flag"]) == (["u"], 1)
    assert cast("JsonObject", body["usage"])["q"] == 2
    assert message_of(result)["mood"] == "good"
    other = ChatResult("gemini", "x", "m", 1, result.choices, result.usage, extras=result.extras)
    assert b"citations" not in DIALECT.render_response(other, IDENTITY, None, None)
    assert b"good" not in DIALECT.render_response(other, IDENTITY, None, None)
    assert b'"q"' not in DIALECT.render_response(other, IDENTITY, None, None)


def test_an_answer_that_broke_off_carries_its_error() -> None:
    choice = Choice(0, (Text("Hel"),), "error", error=Overloaded("The provider broke off its answer."))
    body = render(ChatResult("openai_chat", "x", "m", 1, (choice,)))
    first = cast("list[JsonObject]", body["choices"])[0]
    assert first["finish_reason"] == "error"
    assert first["error"] == {
        "code": 503,
        "message": "The provider broke off its answer.",
        "metadata": {"error_type": "provider_overloaded"},
    }


@pytest.mark.parametrize(
    ("native", "reason"),
    [
        ("stop", "stop"),
        ("eos", "stop"),
        ("", "stop"),
        (None, "stop"),
        ("end_turn", "stop"),
        ("anything", "stop"),
        ("length", "length"),
        ("MAX_TOKENS", "length"),
        ("content_filter", "content_filter"),
        ("tool_use", "tool_calls"),
    ],
)
def test_finish_reasons(native: object, reason: str) -> None:
    choice = parse(said(native, content="a")).choices[0]
    assert choice.finish_reason == reason
    assert choice.native_finish_reason == (native or None)


def test_calls_make_the_reason_tool_calls_unless_the_answer_was_cut() -> None:
    calls = [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
    assert parse(said("stop", tool_calls=calls)).choices[0].finish_reason == "tool_calls"
    assert parse(said("length", tool_calls=calls)).choices[0].finish_reason == "length"


def test_calls_without_id_or_arguments_get_them() -> None:
    calls = [{"function": {"name": "f"}}, {"id": "", "function": {"name": "g", "arguments": {"a": 1}}}]
    first, second = parse(said("tool_calls", tool_calls=calls)).choices[0].parts
    assert isinstance(first, ToolCall)
    assert isinstance(second, ToolCall)
    assert (first.arguments, second.arguments) == ("{}", '{"a":1}')
    assert first.id.startswith("call_")
    assert first.id != second.id


def test_a_custom_call_is_kept_whole() -> None:
    call: JsonObject = {"id": "1", "type": "custom", "custom": {"name": "f", "input": "x"}}
    result = parse(said("tool_calls", tool_calls=[call]))
    assert result.choices[0].parts == (Opaque("tool_call", call),)
    assert message_of(result)["tool_calls"] == [call]


def test_a_deprecated_function_call_is_a_call() -> None:
    (part,) = (
        parse(said("function_call", content=None, function_call={"name": "f", "arguments": "{}"}))
        .choices[0]
        .parts
    )
    assert isinstance(part, ToolCall)
    assert (part.name, part.arguments) == ("f", "{}")


@pytest.mark.parametrize("field", ["reasoning", "reasoning_content"])
def test_both_words_for_reasoning_are_understood(field: str) -> None:
    assert parse(said(content="a", **{field: "hm"})).choices[0].parts == (
        Reasoning(text="hm", plain=True),
        Text("a"),
    )


def test_an_error_beside_choices_is_still_an_error() -> None:
    with pytest.raises(RateLimited):
        parse(said(content="Hel"), error={"code": 429, "message": "slow"})


def test_choices_that_share_a_number_are_numbered_by_position() -> None:
    result = parse(said(content="a"), said(content="b"))
    assert [choice.index for choice in result.choices] == [0, 1]


def test_hollow_fields_say_nothing() -> None:
    hollow = {
        "refusal": "",
        "tool_calls": None,
        "function_call": {"name": "", "arguments": ""},
        "audio": {"id": ""},
    }
    assert parse(said("", content="4", **hollow)).choices[0].parts == (Text("4"),)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"choices": []}',
        b'{"choices": [{}]}',
        b'{"choices": [null]}',
        b'{"choices": "a"}',
        b'{"choices": [{"message": {"role": "assistant", "content": ""}, "finish_reason": "stop"}]}',
        b'{"choices": [{"message": {"content": null}}], "usage": {"completion_tokens": 0}}',
        b'{"error": "something"}',
        b'{"choices": [{"message": {"content": [{"no": "type"}]}}]}',
        b"[" * 100_000,
        b'{"choices": [{"message": {"content": "\\ud83d"}}]}',
    ],
)
def test_what_is_no_answer_is_a_bad_response(body: bytes) -> None:
    with pytest.raises(BadResponse):
        DIALECT.parse_response(body)


@pytest.mark.parametrize("reason", ["length", "content_filter"])
def test_an_answer_may_be_empty_where_its_reason_explains_it(reason: str) -> None:
    assert parse(said(reason, content="")).choices[0].parts == ()


def test_an_answer_may_be_empty_where_tokens_were_spent() -> None:
    assert (
        parse(said(content=None), usage={"prompt_tokens": 1, "completion_tokens": 9}).choices[0].parts == ()
    )


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"code": 429, "message": "slow"}, RateLimited),
        ({"code": "502", "message": "x"}, Overloaded),
        ({"type": "invalid_request_error", "message": "bad", "code": None}, UpstreamRejected),
        ({"message": "x"}, BadResponse),
    ],
)
def test_an_error_inside_a_success_is_an_error(error: JsonObject, kind: type[ProviderError]) -> None:
    with pytest.raises(kind):
        DIALECT.parse_response(json.dumps({"error": error}).encode())


@pytest.mark.parametrize(
    ("usage", "counted"),
    [
        ({"prompt_tokens": 5, "completion_tokens": 2}, Usage(5, 2)),
        ({"prompt_tokens": 5.0, "completion_tokens": "2"}, Usage(5, 2)),
        ({"prompt_tokens": None, "completion_tokens": None}, Usage()),
        ({"prompt_tokens": 5, "total_tokens": 9}, Usage(5, 4)),
        ({"prompt_tokens": -5, "completion_tokens": "many"}, Usage()),
        (
            {
                "prompt_tokens": 12,
                "completion_tokens": 2,
                "total_tokens": 354,
                "completion_tokens_details": {"reasoning_tokens": 340},
            },
            Usage(12, 342, reasoning_tokens=340),
        ),
        (
            {"prompt_tokens": 9, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 4}},
            Usage(9, 2, cached_tokens=4),
        ),
        (
            {"prompt_tokens": 9, "completion_tokens": 2, "cached_tokens": 4},
            Usage(9, 2, cached_tokens=4, extras={"cached_tokens": 4}),
        ),
        (
            {"prompt_tokens": 9, "prompt_cache_hit_tokens": 4},
            Usage(9, 0, cached_tokens=4, extras={"prompt_cache_hit_tokens": 4}),
        ),
        ({"prompt_tokens": 1, "cost": 0.000021}, Usage(1, upstream_cost_nano=21_000)),
        ({"prompt_tokens": 1, "cost": "0.00000000149"}, Usage(1, upstream_cost_nano=1)),
        ({"prompt_tokens": 1, "cost": "1e999990"}, Usage(1)),
        ({"prompt_tokens": 1, "cost": "1e9999999"}, Usage(1)),
        ({"prompt_tokens": 1, "cost": "NaN"}, Usage(1)),
        ({"prompt_tokens": 1, "cost": -1}, Usage(1)),
        ({"prompt_tokens": 1, "cost": {"total_cost": 0.00501}}, Usage(1, upstream_cost_nano=5_010_000)),
        (
            {"prompt_tokens": 1, "cost_in_usd_ticks": 1_399_000},
            Usage(1, upstream_cost_nano=139_900, extras={"cost_in_usd_ticks": 1_399_000}),
        ),
    ],
)
def test_usage_has_one_way_to_count(usage: JsonObject, counted: Usage) -> None:
    assert parse(said(content="a"), usage=usage).usage == counted


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "type",
                    "text",
                    "url",
                    "image_url",
                    "function",
                    "name",
                    "arguments",
                    "id",
                    "cost",
                    "total_cost",
                    "code",
                ]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)
MESSAGES = st.dictionaries(
    st.sampled_from(
        [
            "content", "reasoning", "reasoning_details", "tool_calls", "function_call", "images", "audio", "refusal",
            "annotations", "x",
        ]
    ),
    _JSON,
    max_size=4,
)  # fmt: skip
_CHOICES = st.dictionaries(
    st.sampled_from(["index", "finish_reason", "native_finish_reason", "logprobs", "error", "y"]),
    _JSON,
    max_size=3,
)


@settings(max_examples=150, derandomize=True, deadline=None)
@given(
    st.lists(st.tuples(_CHOICES, MESSAGES), max_size=2),
    st.dictionaries(
        st.sampled_from(["created", "usage", "id", "model", "error", "system_fingerprint"]), _JSON
    ),
)
def test_whatever_a_provider_says_is_an_answer_or_its_failure(
    choices: list[tuple[JsonObject, JsonObject]], fields: JsonObject
) -> None:
    body = {"choices": [{**choice, "message": message} for choice, message in choices], **fields}
    try:
        result = DIALECT.parse_response(json.dumps(body).encode())
    except ProviderError:
        return
    assert render(result)["choices"]
