"""Forced tool calls: pure translation first, then the real model held to it."""

import json

import pytest
from openai import AsyncOpenAI

from waystation.errors import InvalidRequest
from waystation.operations.parts import JsonObject
from waystation.providers.local.tools import ToolAnswer, amend_body, tool_call_from_text

WEATHER: JsonObject = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "unit": {"enum": ["C", "F"]}},
            "required": ["city"],
        },
    },
}
MAIL: JsonObject = {
    "type": "function",
    "function": {
        "name": "send_mail",
        "parameters": {
            "type": "object",
            "properties": {
                "to": {"$ref": "#/$defs/person"},
                "pattern": {"type": "string", "pattern": "(?!x)y"},
            },
            "required": ["to", "pattern"],
            "$defs": {
                "person": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
            },
        },
    },
}
PING: JsonObject = {"type": "function", "function": {"name": "ping"}}
TOOLS: list[object] = [WEATHER, MAIL, PING]
MESSAGES: list[object] = [{"role": "user", "content": "What is the weather in Paris?"}]


def named(name: str) -> JsonObject:
    return {"type": "function", "function": {"name": name}}


def test_offered_tools_are_taken_out_and_noted() -> None:
    body: JsonObject = {
        "messages": MESSAGES,
        "tools": TOOLS,
        "tool_choice": "auto",
        "parallel_tool_calls": True,
        "seed": 1,
    }

    amended = amend_body(body)

    assert amended.body == {"messages": MESSAGES, "seed": 1}
    assert amended.dropped == ("tools",)
    assert not amended.tool_answer
    assert body["tools"] == TOOLS


def test_tools_that_may_not_be_called_are_taken_out_and_not_missed() -> None:
    amended = amend_body({"messages": MESSAGES, "tools": TOOLS, "tool_choice": "none"})

    assert amended.body == {"messages": MESSAGES}
    assert amended.dropped == ()


def test_request_without_tools_is_left_alone() -> None:
    body: JsonObject = {"messages": MESSAGES, "max_tokens": 5, "response_format": {"type": "text"}}

    assert amend_body(body).body == body


@pytest.mark.parametrize("choice", [named("fly"), named("")])
def test_forcing_a_tool_that_is_not_offered_is_the_callers_mistake(choice: JsonObject) -> None:
    with pytest.raises(InvalidRequest):
        amend_body({"messages": MESSAGES, "tools": TOOLS, "tool_choice": choice})


def test_forcing_a_call_without_tools_is_the_callers_mistake() -> None:
    with pytest.raises(InvalidRequest):
        amend_body({"messages": MESSAGES, "tool_choice": "required"})


def test_schema_nested_beyond_reason_is_the_callers_mistake() -> None:
    schema: JsonObject = {"type": "string"}
    for _ in range(2000):
        schema = {"anyOf": [schema]}

    with pytest.raises(InvalidRequest):
        amend_body(
            {
                "messages": MESSAGES,
                "response_format": {"type": "json_schema", "json_schema": {"schema": schema}},
            }
        )


def test_forced_call_replaces_another_response_format_and_notes_it() -> None:
    amended = amend_body(
        {
            "messages": MESSAGES,
            "tools": TOOLS,
            "tool_choice": "required",
            "response_format": {"type": "json_object"},
        }
    )

    assert amended.dropped == ("response_format",)
    assert amended.tool_answer


def test_callers_limit_of_tokens_is_kept() -> None:
    forced: JsonObject = {"messages": MESSAGES, "tools": TOOLS, "tool_choice": "required"}

    assert amend_body({**forced, "max_completion_tokens": 7}).body.get("max_tokens") is None
    assert amend_body({**forced, "max_tokens": 7}).body["max_tokens"] == 7
    assert amend_body(forced).body["max_tokens"] == 512


def test_earlier_calls_and_results_are_told_in_words() -> None:
    call = {
        "id": "call_1",
        "type": "function",
        "function": {"name": "get_weather", "arguments": '{"city":"Paris"}'},
    }
    amended = amend_body(
        {
            "messages": [
                {"role": "developer", "content": "Be brief."},
                *MESSAGES,
                {"role": "assistant", "content": None, "tool_calls": [call]},
                {"role": "tool", "tool_call_id": "call_1", "content": [{"type": "text", "text": "sunny"}]},
            ]
        }
    )

    assert amended.body["messages"] == [
        {"role": "system", "content": "Be brief."},
        *MESSAGES,
        {"role": "user", "content": 'get_weather({"city":"Paris"}) returned: sunny'},
    ]


def test_property_called_pattern_is_no_pattern() -> None:
    amended = amend_body({"messages": MESSAGES, "tools": [MAIL], "tool_choice": "required"})

    text = json.dumps(amended.body["response_format"])
    assert '"pattern": {"type": "string", "maxLength": 200}' in text
    assert "(?!x)" not in text


@pytest.mark.parametrize(
    "text", ["", "Paris", '{"name": "f", "argum', '{"name": "f"}', '{"name": 1, "arguments": {}}', "[]"]
)
def test_text_that_is_no_call_is_none(text: str) -> None:
    assert tool_call_from_text(text) is None


def test_answer_cut_anywhere_gives_the_same_call() -> None:
    text = '{"name": "get_weather", "arguments": {"city": "Liège", "days": [1, 2.5]}}'
    for cut in range(len(text) + 1):
        answer = ToolAnswer()
        answer.feed(text[:cut])
        answer.feed(text[cut:])
        assert answer.close() == ("get_weather", '{"city":"Liège","days":[1,2.5]}')


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (named("get_weather"), {"get_weather": {"city"}}),
        (named("send_mail"), {"send_mail": {"to", "pattern"}}),
        (named("ping"), {"ping": set()}),
        ("required", {"get_weather": {"city"}, "send_mail": {"to", "pattern"}, "ping": set()}),
    ],
)
async def test_real_model_makes_the_forced_call(
    client: AsyncOpenAI, choice: object, expected: dict[str, set[str]]
) -> None:
    amended = amend_body({"messages": MESSAGES, "tools": TOOLS, "tool_choice": choice, "temperature": 0})
    answer = ToolAnswer()
    stream = await client.chat.completions.create(
        model="any", messages=[], stream=True, extra_body=amended.body
    )
    async for chunk in stream:
        for made in chunk.choices:
            answer.feed(made.delta.content or "")

    call = answer.close()
    assert call is not None
    name, arguments = call
    assert expected[name] <= set(json.loads(arguments))
