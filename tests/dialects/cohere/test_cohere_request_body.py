"""What a chat request becomes on Cohere's wire, and what it cannot say there."""

import json
from typing import cast

import pytest
from cohere.types import ChatMessageV2, ToolV2
from pydantic import TypeAdapter

from recorded_exchanges import JsonObject, recordings
from waystation.codec.dialect import Target
from waystation.dialects import cohere, openai_chat
from waystation.errors import InvalidRequest

THINKER = Target("command-a-reasoning-08-2025")
PLAIN = Target("command-a-03-2025")
TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}


def said(target: Target = PLAIN, **fields: object) -> tuple[JsonObject, list[str]]:
    body = {"model": "cohere/command", "messages": [{"role": "user", "content": "Hi"}], **fields}
    request = openai_chat.DIALECT.parse_request(json.dumps(body).encode(), "/chat/completions")
    rendered = cohere.DIALECT.render_request(request, target)
    return rendered.body, rendered.dropped


def messages(*turns: JsonObject, target: Target = PLAIN) -> list[JsonObject]:
    return cast("list[JsonObject]", said(target, messages=list(turns))[0]["messages"])


def test_sampling_has_names_of_its_own() -> None:
    body, dropped = said(
        max_tokens=5,
        temperature=1.5,
        top_p=1,
        top_k=40,
        seed=7,
        stop=["a", "b"],
        logprobs=True,
        presence_penalty=0.5,
    )
    assert body == {
        "model": "command-a-03-2025",
        "messages": [{"role": "user", "content": "Hi"}],
        "stream": False,
        "max_tokens": 5,
        "temperature": 1.5,
        "p": 0.99,
        "k": 40,
        "seed": 7,
        "stop_sequences": ["a", "b"],
        "logprobs": True,
        "presence_penalty": 0.5,
    }
    assert dropped == []


def test_what_the_wire_has_no_word_for_is_left_out_and_named() -> None:
    body, dropped = said(
        frequency_penalty=-1,
        presence_penalty=2,
        top_k=501,
        min_p=0.1,
        n=2,
        logit_bias={"5": 1},
        verbosity="low",
    )
    assert body.keys() == {"model", "messages", "stream"}
    assert set(dropped) == {
        "frequency_penalty", "presence_penalty", "top_k", "min_p", "n", "logit_bias", "verbosity",
    }  # fmt: skip


def test_more_stops_than_the_wire_takes_are_cut() -> None:
    body, dropped = said(stop=["1", "2", "3", "4"])
    assert (len(cast("list[str]", body["stop_sequences"])), dropped) == (4, [])


def test_instructions_stand_where_they_stood() -> None:
    assert messages(
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi"},
        {"role": "developer", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
    ) == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi"},
        {"role": "system", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
    ]


def test_a_loop_of_tools_with_a_plan() -> None:
    call = {"id": "look_1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    details = [
        {"type": "reasoning.text", "text": "I will look.", "id": "tool_plan", "format": "unknown", "index": 0}
    ]
    assert messages(
        {"role": "user", "content": "What is there?"},
        {"role": "assistant", "content": None, "tool_calls": [call], "reasoning_details": details},
        {"role": "tool", "tool_call_id": "look_1", "content": "A cat."},
    ) == [
        {"role": "user", "content": "What is there?"},
        {"role": "assistant", "tool_calls": [call], "tool_plan": "I will look."},
        {"role": "tool", "tool_call_id": "look_1", "content": "A cat."},
    ]


def test_broken_arguments_are_sent_as_an_object() -> None:
    def arguments(text: str) -> object:
        call = {"id": "c", "type": "function", "function": {"name": "look", "arguments": text}}
        turn = messages({"role": "assistant", "tool_calls": [call]})[0]
        return json.loads(
            cast("list[dict[str, dict[str, str]]]", turn["tool_calls"])[0]["function"]["arguments"]
        )

    assert arguments('{"a": 1}') == {"a": 1}
    assert arguments("") == {}
    assert arguments('{"a":') == {"arguments": '{"a":'}
    assert arguments("[1]") == {"arguments": "[1]"}


def test_images_of_a_result_follow_all_results() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    calls = [
        {"id": name, "type": "function", "function": {"name": "look", "arguments": "{}"}}
        for name in ("a", "b")
    ]
    turns = messages(
        {"role": "assistant", "tool_calls": calls},
        {"role": "tool", "tool_call_id": "a", "content": [{"type": "text", "text": "see"}, image]},
        {"role": "tool", "tool_call_id": "b", "content": "none"},
        {"role": "user", "content": "And?"},
    )
    assert turns[1:] == [
        {"role": "tool", "tool_call_id": "a", "content": "see"},
        {"role": "tool", "tool_call_id": "b", "content": "none"},
        {"role": "user", "content": [image]},
        {"role": "user", "content": "And?"},
    ]


@pytest.mark.parametrize(
    ("choice", "told"), [("required", "REQUIRED"), ("none", "NONE"), ("auto", None), (None, None)]
)
def test_the_choice_among_tools(choice: str | None, told: str | None) -> None:
    fields: JsonObject = {"tool_choice": choice} if choice else {}
    body, _ = said(PLAIN, tools=[TOOL], **fields)
    assert body.get("tool_choice") == told


def test_one_tool_is_forced_by_offering_no_other() -> None:
    other = {"type": "function", "function": {"name": "other"}}
    body, dropped = said(tools=[TOOL, other], tool_choice={"type": "function", "function": {"name": "look"}})
    assert (body["tools"], body["tool_choice"], dropped) == ([TOOL], "REQUIRED", [])


def test_strict_tools_are_strict_together() -> None:
    strict = {"type": "function", "function": {"name": "look", "strict": True}}
    assert said(tools=[strict, TOOL])[0]["strict_tools"] is True


def test_a_schema_is_told_as_it_is() -> None:
    wanted = {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}}
    assert said(response_format=wanted)[0]["response_format"] == {
        "type": "json_object",
        "json_schema": SCHEMA,
    }
    assert said(response_format={"type": "json_object"})[0]["response_format"] == {"type": "json_object"}
    assert "response_format" not in said(response_format={"type": "text"})[0]


def test_a_schema_beside_tools_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="response_format"):
        said(tools=[TOOL], response_format={"type": "json_object"})


@pytest.mark.parametrize(
    ("reasoning", "told"),
    [
        ({"effort": "none"}, {"type": "disabled"}),
        ({"enabled": False}, {"type": "disabled"}),
        ({"enabled": True}, {"type": "enabled"}),
        ({"max_tokens": 2000}, {"type": "enabled", "token_budget": 2000}),
        ({"effort": "high"}, {"type": "enabled", "token_budget": 25_600}),
        ({"exclude": True}, None),
    ],
)
def test_effort_and_budgets(reasoning: JsonObject, told: JsonObject | None) -> None:
    assert said(THINKER, reasoning=reasoning)[0].get("thinking") == told


def test_a_model_that_does_not_think_is_not_told_to() -> None:
    body, dropped = said(PLAIN, reasoning={"effort": "high"})
    assert ("thinking" in body, dropped) == (False, ["reasoning"])


def test_thoughts_go_back_to_a_model_that_thinks_and_to_no_other() -> None:
    turn: JsonObject = {"role": "assistant", "content": "4", "reasoning": "2 and 2"}
    assert messages(turn, target=THINKER) == [
        {
            "role": "assistant",
            "content": [{"type": "thinking", "thinking": "2 and 2"}, {"type": "text", "text": "4"}],
        }
    ]
    assert messages(turn) == [{"role": "assistant", "content": "4"}]


def test_thoughts_that_another_maker_signed_are_not_passed_on() -> None:
    signed = {"type": "reasoning.text", "text": "x", "signature": "c2ln", "format": "anthropic-claude-v1"}
    body, dropped = said(
        THINKER, messages=[{"role": "assistant", "content": "a", "reasoning_details": [signed]}]
    )
    assert body["messages"] == [{"role": "assistant", "content": "a"}]
    assert dropped == ["reasoning_details"]


@pytest.mark.parametrize(
    "part",
    [
        {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
        {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,AAAA"}},
    ],
)
def test_what_the_model_cannot_take_in_is_refused(part: JsonObject) -> None:
    with pytest.raises(InvalidRequest, match="this model takes no"):
        messages({"role": "user", "content": [part]})


def test_cohere_s_own_fields_pass() -> None:
    body, dropped = said(safety_mode="STRICT", documents=["The sky is green."], something="else")
    assert (body["safety_mode"], body["documents"]) == ("STRICT", ["The sky is green."])
    assert dropped == ["something"]


def test_recorded_chat_requests_are_requests_of_the_official_sdk() -> None:
    turns, tools = TypeAdapter(list[ChatMessageV2]), TypeAdapter(list[ToolV2])
    checked = 0
    for recording in recordings("openai.chat"):
        if recording.request is None or recording.status != 200:
            continue
        request = openai_chat.DIALECT.parse_request(
            json.dumps(recording.request).encode(), "/chat/completions"
        )
        try:
            body = cohere.DIALECT.render_request(request, THINKER).body
        except InvalidRequest:
            continue
        turns.validate_python(body["messages"])
        tools.validate_python(body.get("tools", []))
        checked += 1
    assert checked > 300
