"""What is sent to Ollama, one rule at a time."""

import pytest
from msgspec.structs import replace

from waystation.codec.dialect import Target
from waystation.dialects.ollama import DIALECT
from waystation.errors import InvalidRequest
from waystation.operations.chat import (
    ChatRequest,
    Message,
    ReasoningOptions,
    ResponseFormat,
    Tool,
    ToolChoice,
)
from waystation.operations.parts import (
    Audio,
    File,
    Image,
    JsonObject,
    Part,
    Reasoning,
    Text,
    ToolCall,
    ToolResult,
)

PIXEL = "data:image/png;base64,iVBORw0KGgo="
LOOK = Tool("look", "Looks.", {"type": "object", "properties": {"at": {"type": "string"}}})
OTHER = Tool("other")
QWEN = Target("qwen3:8b")
GPT_OSS = Target("gpt-oss:20b")


def message(role: str, *parts: Part) -> Message:
    return Message(role, parts)


def asked(**said: object) -> ChatRequest:
    return replace(ChatRequest("openai_chat", "m", (message("user", Text("Hi")),)), **said)


def body_of(target: Target = QWEN, **said: object) -> JsonObject:
    return DIALECT.render_request(asked(**said), target).body


def dropped_of(target: Target = QWEN, **said: object) -> list[str]:
    return DIALECT.render_request(asked(**said), target).dropped


def test_a_plain_question() -> None:
    rendered = DIALECT.render_request(asked(), QWEN)

    assert rendered.path == "/api/chat"
    assert rendered.body == {
        "model": "qwen3:8b",
        "messages": [{"role": "user", "content": "Hi"}],
        "stream": False,
        "truncate": False,
    }
    assert rendered.dropped == []


def test_a_whole_conversation_with_tools() -> None:
    messages = (
        message("developer", Text("Be brief.")),
        message("user", Text("What"), Text("is this?"), Image(PIXEL)),
        message(
            "assistant",
            Reasoning(text="hm", plain=True),
            ToolCall("call_1", "look", '{"at":"x"}'),
            ToolCall("call_2", "other", ""),
        ),
        message("tool", ToolResult("call_1", (Text("a cat"),))),
        message("tool", ToolResult("call_2", (Text("none"),))),
    )
    assert body_of(messages=messages, tools=(LOOK, OTHER))["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "What\nis this?", "images": ["iVBORw0KGgo="]},
        {
            "role": "assistant",
            "content": "",
            "thinking": "hm",
            "tool_calls": [
                {"id": "call_1", "function": {"name": "look", "arguments": {"at": "x"}}},
                {"id": "call_2", "function": {"name": "other", "arguments": {}}},
            ],
        },
        {"role": "tool", "content": "a cat", "tool_name": "look", "tool_call_id": "call_1"},
        {"role": "tool", "content": "none", "tool_name": "other", "tool_call_id": "call_2"},
    ]


def test_tools_are_functions() -> None:
    assert body_of(tools=(LOOK, OTHER))["tools"] == [
        {
            "type": "function",
            "function": {
                "name": "look",
                "description": "Looks.",
                "parameters": {"type": "object", "properties": {"at": {"type": "string"}}},
            },
        },
        {
            "type": "function",
            "function": {"name": "other", "parameters": {"type": "object", "properties": {}}},
        },
    ]


@pytest.mark.parametrize(
    ("choice", "shown", "dropped"),
    [
        (ToolChoice("auto"), ["look", "other"], []),
        (ToolChoice("required"), ["look", "other"], ["tool_choice"]),
        (ToolChoice("named", "look"), ["look"], ["tool_choice"]),
        (ToolChoice("none"), None, []),
    ],
)
def test_a_choice_is_said_by_the_tools_shown(
    choice: ToolChoice, shown: list[str] | None, dropped: list[str]
) -> None:
    rendered = DIALECT.render_request(asked(tools=(LOOK, OTHER), tool_choice=choice), QWEN)
    tools = rendered.body.get("tools")
    names = [tool["function"]["name"] for tool in tools] if isinstance(tools, list) else None

    assert (names, rendered.dropped) == (shown, dropped)


def test_sampling_stands_in_options() -> None:
    body = body_of(
        temperature=0.0,
        top_p=0.5,
        top_k=3,
        min_p=0.1,
        seed=7,
        frequency_penalty=0.1,
        presence_penalty=0.2,
        repetition_penalty=1.1,
        stop=("END",),
        max_tokens=9,
    )
    assert body["options"] == {
        "temperature": 0.0,
        "top_p": 0.5,
        "top_k": 3,
        "min_p": 0.1,
        "seed": 7,
        "frequency_penalty": 0.1,
        "presence_penalty": 0.2,
        "repeat_penalty": 1.1,
        "stop": ["END"],
        "num_predict": 9,
    }


def test_what_cannot_be_said_is_named() -> None:
    said = dropped_of(
        top_a=0.1, logit_bias={"1": 1.0}, n=2, verbosity="low", parallel_tool_calls=False,
        tools=(Tool("look", strict=True),), messages=(Message("user", (Text("Hi", {"type": "ephemeral"}),)),),
    )  # fmt: skip
    assert sorted(said) == [
        "cache_control", "logit_bias", "n", "parallel_tool_calls", "tools.strict", "top_a", "verbosity",
    ]  # fmt: skip


def test_the_form_of_the_answer() -> None:
    schema: JsonObject = {"type": "object", "properties": {"a": {"type": "integer"}}}

    assert body_of(response_format=ResponseFormat("json_schema", "s", schema))["format"] == schema
    assert body_of(response_format=ResponseFormat("json_object"))["format"] == "json"
    assert "format" not in body_of(response_format=ResponseFormat("text"))
    assert dropped_of(response_format=ResponseFormat("grammar")) == ["response_format"]


def test_log_probabilities() -> None:
    body = body_of(logprobs=True, top_logprobs=2)
    assert (body["logprobs"], body["top_logprobs"]) == (True, 2)


@pytest.mark.parametrize(
    ("options", "think", "level"),
    [
        (ReasoningOptions(effort="minimal"), True, "low"),
        (ReasoningOptions(effort="medium"), True, "medium"),
        (ReasoningOptions(effort="xhigh"), True, "high"),
        (ReasoningOptions(max_tokens=30_000), True, "high"),
        (ReasoningOptions(enabled=True), True, True),
        (ReasoningOptions(enabled=False), False, False),
        (ReasoningOptions(effort="none"), False, False),
        (ReasoningOptions(max_tokens=0), False, False),
        (ReasoningOptions(exclude=True), None, None),
    ],
)
def test_thinking_is_a_switch_or_a_level(options: ReasoningOptions, think: object, level: object) -> None:
    assert body_of(reasoning=options).get("think") == think
    assert body_of(GPT_OSS, reasoning=options).get("think") == level


def test_an_endpoint_that_does_not_think_is_not_asked_to() -> None:
    target = Target("gemma3", supported_parameters=frozenset({"temperature"}))
    rendered = DIALECT.render_request(asked(reasoning=ReasoningOptions(effort="high")), target)

    assert ("think" in rendered.body, rendered.dropped) == (False, ["reasoning"])


def test_reasoning_that_only_its_maker_understands_is_left_out_and_named() -> None:
    turn = message("assistant", Reasoning("encrypted", data="x", origin="o"), Text("a"))
    rendered = DIALECT.render_request(asked(messages=(turn,)), QWEN)

    assert rendered.body["messages"] == [{"role": "assistant", "content": "a"}]
    assert rendered.dropped == ["reasoning_details"]


def test_files_of_text_are_told_as_text() -> None:
    turn = message("user", Text("Read:"), File("data:text/plain;base64,aGVsbG8="), File(PIXEL))
    assert body_of(messages=(turn,))["messages"] == [
        {"role": "user", "content": "Read:\nhello", "images": ["iVBORw0KGgo="]}
    ]


@pytest.mark.parametrize(
    "part",
    [
        Image("https://example.test/a.png"),
        Audio("aGVsbG8=", "wav"),
        File("data:application/pdf;base64,aGVsbG8="),
        File(file_id="file-1"),
        File("data:text/plain;base64,/w=="),
    ],
)
def test_what_has_no_place_on_the_wire_is_refused(part: Part) -> None:
    with pytest.raises(InvalidRequest):
        body_of(messages=(message("user", part),))


def test_arguments_that_are_no_object_are_kept_inside_one() -> None:
    calls = message("assistant", ToolCall("a", "f", "[1]"), ToolCall("b", "f", "{broken"))
    told = body_of(messages=(calls,))["messages"]
    assert isinstance(told, list)
    arguments = [call["function"]["arguments"] for call in told[0]["tool_calls"]]
    assert arguments == [{"arguments": [1]}, {"arguments": "{broken"}]
