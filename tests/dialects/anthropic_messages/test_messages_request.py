"""Requests toward Anthropic's wire, each rule beside what it makes."""

from typing import cast

import pytest
from msgspec import json

from waystation.codec.dialect import Target
from waystation.dialects.anthropic_messages import DIALECT
from waystation.dialects.anthropic_messages.wire import ANSWER_TOOL, ORIGIN
from waystation.dialects.openai_chat import DIALECT as CHAT
from waystation.errors import InvalidRequest
from waystation.operations.chat import ChatRequest, Message
from waystation.operations.parts import Audio, JsonObject, Reasoning, Text, ToolCall, ToolResult

SONNET = Target("claude-sonnet-4-5", max_completion_tokens=64_000)
OPUS = Target("claude-opus-4-6", max_completion_tokens=64_000)
NEWEST = Target("claude-opus-4-7", max_completion_tokens=64_000)
NATIVE = Target("claude-sonnet-4-5", frozenset({"structured_outputs"}), 64_000)
TOOL = {
    "type": "function",
    "function": {"name": "look", "parameters": {"properties": {"at": {"type": "string"}}}},
}
CALL = {"id": "toolu_1", "type": "function", "function": {"name": "look", "arguments": '{"at":"x"}'}}
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer", "minimum": 1}}, "required": ["a"]}


def asked(target: Target = SONNET, **body: object) -> tuple[JsonObject, list[str]]:
    """The body that a chat request becomes, and what was dropped."""
    said = {"model": "anthropic/claude", "messages": [{"role": "user", "content": "Hi"}]} | body
    request = CHAT.parse_request(json.encode(said), "/chat/completions")
    rendered = DIALECT.render_request(request, target)
    assert rendered.path == "/messages"
    return rendered.body, rendered.dropped


def turns(*messages: JsonObject, target: Target = SONNET, **body: object) -> list[JsonObject]:
    return cast("list[JsonObject]", asked(target, messages=list(messages), **body)[0]["messages"])


def test_a_plain_request_says_what_the_wire_demands() -> None:
    body, dropped = asked()
    assert body == {
        "model": "claude-sonnet-4-5",
        "max_tokens": 64_000,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}],
    }
    assert dropped == []


def test_instructions_are_told_apart_wherever_they_stood() -> None:
    body, _ = asked(
        messages=[
            {"role": "system", "content": "one"},
            {"role": "user", "content": "Hi"},
            {"role": "developer", "content": "two"},
        ]
    )
    assert body["system"] == [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]
    assert [turn["role"] for turn in cast("list[JsonObject]", body["messages"])] == ["user"]


def test_neighbours_of_one_role_become_one_turn_and_results_come_first() -> None:
    told = turns(
        {"role": "user", "content": "a"},
        {"role": "user", "content": "b"},
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "user", "content": "by the way"},
        {"role": "tool", "tool_call_id": "toolu_1", "content": "seen"},
    )
    assert [turn["role"] for turn in told] == ["user", "assistant", "user"]
    assert told[1]["content"] == [{"type": "tool_use", "id": "toolu_1", "name": "look", "input": {"at": "x"}}]
    assert told[2]["content"] == [
        {"type": "tool_result", "tool_use_id": "toolu_1", "content": [{"type": "text", "text": "seen"}]},
        {"type": "text", "text": "by the way"},
    ]


def test_several_results_with_images_stand_in_one_turn() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    told = turns(
        {"role": "assistant", "content": "", "tool_calls": [CALL, CALL | {"id": "toolu_2"}]},
        {"role": "tool", "tool_call_id": "toolu_1", "content": [image]},
        {"role": "tool", "tool_call_id": "toolu_2", "content": "b"},
    )
    first, second = cast("list[JsonObject]", told[-1]["content"])
    source = {"type": "base64", "media_type": "image/png", "data": "AAAA"}
    assert first["content"] == [{"type": "image", "source": source}]
    assert second["tool_use_id"] == "toolu_2"


def test_ids_that_the_wire_refuses_are_replaced_alike_in_call_and_result() -> None:
    odd = CALL | {"id": "call:1/é"}
    told = turns(
        {"role": "assistant", "content": None, "tool_calls": [odd]},
        {"role": "tool", "tool_call_id": "call:1/é", "content": "b"},
    )
    call, result = (cast("list[JsonObject]", turn["content"])[0] for turn in told[-2:])
    assert call["id"] == result["tool_use_id"]
    assert str(call["id"]).isascii()


@pytest.mark.parametrize(
    ("arguments", "given"),
    [("", {}), ("{", {"arguments": "{"}), ("[1]", {"arguments": [1]}), ('{"a":1}', {"a": 1})],
)
def test_arguments_are_always_an_object(arguments: str, given: JsonObject) -> None:
    request = ChatRequest("openai_chat", None, (Message("assistant", (ToolCall("t", "look", arguments),)),))
    body = DIALECT.render_request(request, SONNET).body
    last = cast("list[JsonObject]", body["messages"])[-1]
    assert cast("list[JsonObject]", last["content"])[0]["input"] == given


@pytest.mark.parametrize(
    ("choice", "made"),
    [
        ("auto", {"type": "auto"}),
        ("none", {"type": "none"}),
        ("required", {"type": "any"}),
        ({"type": "function", "function": {"name": "look"}}, {"type": "tool", "name": "look"}),
    ],
)
def test_tool_choice(choice: object, made: JsonObject) -> None:
    body, _ = asked(tools=[TOOL], tool_choice=choice)
    assert body["tool_choice"] == made
    schema = {"type": "object", "properties": {"at": {"type": "string"}}}
    assert body["tools"] == [{"name": "look", "input_schema": schema}]


def test_calls_one_at_a_time() -> None:
    body, _ = asked(tools=[TOOL], parallel_tool_calls=False)
    assert body["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": True}


@pytest.mark.parametrize(
    ("file", "block"),
    [
        (
            "data:application/pdf;base64,AAAA",
            {"type": "base64", "media_type": "application/pdf", "data": "AAAA"},
        ),
        ("https://example.test/a.pdf", {"type": "url", "url": "https://example.test/a.pdf"}),
        ("data:text/plain;base64,aGk=", {"type": "text", "media_type": "text/plain", "data": "hi"}),
        ("data:text/csv,a%2Cb", {"type": "text", "media_type": "text/plain", "data": "a,b"}),
    ],
)
def test_documents(file: str, block: JsonObject) -> None:
    part = {"type": "file", "file": {"filename": "a.pdf", "file_data": file}}
    told = turns({"role": "user", "content": [part]})
    assert told[0]["content"] == [{"type": "document", "source": block, "title": "a.pdf"}]


def test_sound_is_refused_by_name() -> None:
    request = ChatRequest("openai_chat", None, (Message("user", (Audio("AAAA", "wav"),)),))
    with pytest.raises(InvalidRequest, match="audio"):
        DIALECT.render_request(request, SONNET)


def test_thinking_by_budget_leaves_room_for_the_answer_and_takes_no_sampling() -> None:
    body, dropped = asked(reasoning={"max_tokens": 2000}, max_tokens=1000, temperature=0.5)
    assert body["thinking"] == {"type": "enabled", "budget_tokens": 2000}
    assert cast("int", body["max_tokens"]) > 2000
    assert "temperature" not in body
    assert dropped == ["temperature"]


def test_effort_becomes_a_share_of_the_limit() -> None:
    body, _ = asked(reasoning={"effort": "high"}, max_tokens=10_000)
    assert body["thinking"] == {"type": "enabled", "budget_tokens": 8000}
    assert body["max_tokens"] == 10_000


def test_newer_models_think_as_they_see_fit() -> None:
    body, _ = asked(OPUS, reasoning={"effort": "xhigh"})
    assert cast("JsonObject", body["thinking"])["type"] == "adaptive"
    assert body["output_config"] == {"effort": "max"}


@pytest.mark.parametrize("reasoning", [{"effort": "none"}, {"enabled": False}, {"max_tokens": 0}])
def test_no_reasoning_is_no_thinking(reasoning: JsonObject) -> None:
    assert "thinking" not in asked(reasoning=reasoning)[0]


def test_a_forced_tool_is_worth_more_than_thinking() -> None:
    body, dropped = asked(tools=[TOOL], tool_choice="required", reasoning={"effort": "low"})
    assert "thinking" not in body
    assert dropped == ["reasoning"]


def test_thinking_of_earlier_turns_goes_back_byte_for_byte() -> None:
    details = [
        {"type": "reasoning.text", "text": " hm\n", "signature": "c2ln", "format": ORIGIN, "index": 0},
        {"type": "reasoning.encrypted", "data": "aGlkZGVu", "format": ORIGIN, "index": 1},
    ]
    told = turns(
        {"role": "assistant", "content": "so", "reasoning_details": details, "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "toolu_1", "content": "seen"},
    )
    assert cast("list[JsonObject]", told[1]["content"])[:3] == [
        {"type": "thinking", "thinking": " hm\n", "signature": "c2ln"},
        {"type": "redacted_thinking", "data": "aGlkZGVu"},
        {"type": "text", "text": "so"},
    ]


def test_thinking_of_other_makers_is_not_passed_off_as_claudes() -> None:
    parts = (Reasoning(text="hm", signature="s", origin="google-gemini-v1"), Text("so"))
    request = ChatRequest("openai_chat", None, (Message("user", (Text("q"),)), Message("assistant", parts)))
    rendered = DIALECT.render_request(request, SONNET)
    last = cast("list[JsonObject]", rendered.body["messages"])[-1]
    assert last["content"] == [{"type": "text", "text": "so"}]
    assert rendered.dropped == ["reasoning_details"]


def test_a_turn_that_began_without_thinking_goes_on_without() -> None:
    body, dropped = asked(
        tools=[TOOL],
        reasoning={"effort": "low"},
        messages=[
            {"role": "user", "content": "q"},
            {"role": "assistant", "content": None, "tool_calls": [CALL]},
            {"role": "tool", "tool_call_id": "toolu_1", "content": "seen"},
        ],
    )
    assert "thinking" not in body
    assert dropped == ["reasoning"]


def test_four_breakpoints_at_the_most() -> None:
    mark = {"type": "ephemeral", "ttl": "1h"}
    parts = [{"type": "text", "text": str(number), "cache_control": mark} for number in range(6)]
    body, dropped = asked(messages=[{"role": "user", "content": parts}])
    blocks = cast("list[JsonObject]", cast("list[JsonObject]", body["messages"])[0]["content"])
    assert ["cache_control" in block for block in blocks] == [False, False, True, True, True, True]
    assert blocks[-1]["cache_control"] == mark
    assert dropped == ["cache_control"]


def test_automatic_caching_marks_the_last_block() -> None:
    body, _ = asked(cache_control={"type": "ephemeral"})
    (block,) = cast("list[JsonObject]", cast("list[JsonObject]", body["messages"])[0]["content"])
    assert block["cache_control"] == {"type": "ephemeral"}


def test_a_structured_answer_is_native_where_the_model_has_it() -> None:
    wanted = {"type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA}}
    body, _ = asked(NATIVE, response_format=wanted)
    schema = {
        "type": "object",
        "properties": {"a": {"type": "integer"}},
        "required": ["a"],
        "additionalProperties": False,
    }
    assert body["output_config"] == {"format": {"type": "json_schema", "schema": schema}}


def test_else_it_is_the_call_of_a_tool() -> None:
    wanted = {"type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA}}
    body, _ = asked(response_format=wanted)
    assert body["tool_choice"] == {"type": "tool", "name": ANSWER_TOOL}
    answer = {
        "type": "message",
        "content": [{"type": "tool_use", "id": "t", "name": ANSWER_TOOL, "input": {"a": 1}}],
        "stop_reason": "tool_use",
    }
    choice = DIALECT.parse_response(json.encode(answer)).choices[0]
    assert (choice.parts, choice.finish_reason) == ((Text('{"a":1}'),), "stop")


def test_what_the_newest_models_refuse_is_left_out() -> None:
    body, dropped = asked(NEWEST, temperature=0.5, top_p=0.9, top_k=4, seed=1, n=2)
    assert body.keys() == {"model", "max_tokens", "messages"}
    assert sorted(dropped) == ["n", "seed", "temperature", "top_k", "top_p"]


def test_limits_stops_user_and_tier() -> None:
    body, dropped = asked(max_tokens=100_000, stop=["a", " "], user="u", service_tier="flex", temperature=1.7)
    assert (body["max_tokens"], body["stop_sequences"], body["metadata"]) == (64_000, ["a"], {"user_id": "u"})
    assert body["temperature"] == 1.0
    assert dropped == ["stop", "service_tier"]


def test_a_prefill_does_not_end_in_white_space() -> None:
    told = turns({"role": "user", "content": "q"}, {"role": "assistant", "content": "The answer: "})
    assert told[-1]["content"] == [{"type": "text", "text": "The answer:"}]


def test_a_conversation_of_instructions_alone_or_begun_by_the_assistant_has_a_user() -> None:
    assert turns({"role": "system", "content": "s"}) == [
        {"role": "user", "content": [{"type": "text", "text": "s"}]}
    ]
    assert turns({"role": "assistant", "content": "a"})[0]["role"] == "user"


def test_failed_results_say_so() -> None:
    result = ToolResult("toolu_1", (Text("no"),), is_error=True)
    request = ChatRequest("openai_chat", None, (Message("user", (Text("q"),)), Message("tool", (result,))))
    last = cast("list[JsonObject]", DIALECT.render_request(request, SONNET).body["messages"])[-1]
    assert cast("list[JsonObject]", last["content"])[0]["is_error"] is True
