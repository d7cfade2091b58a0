"""Tools, calls, results, breakpoints and structured output, as each family of models is told of them."""

import json

import pytest
from msgspec import structs

from converse_requests import (
    CLAUDE,
    LLAMA,
    LOOK_UP,
    MISTRAL,
    NOVA,
    OPEN_SCHEMA,
    PNG,
    SCHEMA,
    body,
    hello,
    render,
    talk,
)
from waystation.codec.dialect import Target
from waystation.errors import InvalidRequest
from waystation.operations.chat import (
    ResponseFormat,
    Tool,
    ToolChoice,
)
from waystation.operations.parts import (
    Image,
    JsonObject,
    Text,
    ToolCall,
    ToolResult,
)


def test_results_of_one_turn_are_one_turn_and_come_first() -> None:
    made = body(
        talk(
            ("user", (Text("Go"),)),
            ("assistant", (ToolCall("a", "look_up", "{}"), ToolCall("b", "look_up", '{"q":[1]}'))),
            ("user", (Text("Hurry"),)),
            ("tool", (ToolResult("a", (Text("1"), Image(PNG))),)),
            ("tool", (ToolResult("b", (Text("no"),), is_error=True),)),
            tools=(LOOK_UP,),
        )
    )
    assert made["messages"][1]["content"] == [
        {"toolUse": {"toolUseId": "a", "name": "look_up", "input": {}}},
        {"toolUse": {"toolUseId": "b", "name": "look_up", "input": {"q": [1]}}},
    ]
    assert made["messages"][2]["content"] == [
        {
            "toolResult": {
                "toolUseId": "a",
                "content": [{"text": "1"}, {"image": {"format": "png", "source": {"bytes": "iVBORw0KGgo="}}}],
            }
        },
        {"toolResult": {"toolUseId": "b", "content": [{"text": "no"}], "status": "error"}},
        {"text": "Hurry"},
    ]


def test_a_failed_result_has_no_status_where_the_family_knows_none() -> None:
    request = talk(
        ("user", (Text("Go"),)),
        ("assistant", (ToolCall("a", "look_up", "{}"),)),
        ("tool", (ToolResult("a", (Text("no"),), is_error=True),)),
        tools=(LOOK_UP,),
    )
    rendered = render(request, LLAMA)
    assert "status" not in json.dumps(rendered.body)
    assert rendered.dropped == ["messages.is_error"]


@pytest.mark.parametrize(
    ("arguments", "sent"),
    [
        ("", {}),
        ("{}", {}),
        ("[1]", {"arguments": [1]}),
        ('{"a": ', {"arguments": '{"a": '}),
        ("null", {"arguments": None}),
    ],
)
def test_arguments_are_always_an_object(arguments: str, sent: JsonObject) -> None:
    made = body(talk(("user", (Text("Go"),)), ("assistant", (ToolCall("a", "f", arguments),))))
    assert made["messages"][1]["content"][0]["toolUse"]["input"] == sent


def test_ids_that_the_wire_refuses_are_changed_alike_in_call_and_result() -> None:
    odd = "call/é|" + "x" * 80
    made = body(
        talk(
            ("user", (Text("Go"),)),
            ("assistant", (ToolCall(odd, "f", "{}"), ToolCall("functions.f:0", "f", "{}"))),
            ("tool", (ToolResult(odd, (Text("1"),)), ToolResult("functions.f:0", (Text("2"),)))),
        )
    )
    calls = [block["toolUse"]["toolUseId"] for block in made["messages"][1]["content"]]
    assert calls == [block["toolResult"]["toolUseId"] for block in made["messages"][2]["content"]]
    assert calls[1] == "functions.f:0"
    assert len(calls[0]) <= 64
    assert calls[0].isascii()
    assert "/" not in calls[0]


def test_tools_of_the_history_stay_declared() -> None:
    history = talk(
        ("user", (Text("Go"),)),
        ("assistant", (ToolCall("a", "old_one", "{}"),)),
        ("tool", (ToolResult("a", (Text("1"),)),)),
    )
    assert body(history)["toolConfig"] == {
        "tools": [
            {"toolSpec": {"name": "old_one", "inputSchema": {"json": {"type": "object", "properties": {}}}}}
        ]
    }
    kept = render(structs.replace(history, tools=(LOOK_UP,), tool_choice=ToolChoice("none")))
    assert [tool["toolSpec"]["name"] for tool in kept.body["toolConfig"]["tools"]] == ["look_up", "old_one"]  # type: ignore[index]
    assert kept.dropped == ["tool_choice"]


def test_no_tool_is_said_by_declaring_none() -> None:
    rendered = render(hello(tools=(LOOK_UP,), tool_choice=ToolChoice("none")))
    assert "toolConfig" not in rendered.body
    assert rendered.dropped == []


@pytest.mark.parametrize(
    ("target", "choice", "sent", "dropped"),
    [
        (CLAUDE, ToolChoice("auto"), {"auto": {}}, []),
        (CLAUDE, ToolChoice("required"), {"any": {}}, []),
        (CLAUDE, ToolChoice("named", "look_up"), {"tool": {"name": "look_up"}}, []),
        (NOVA, ToolChoice("named", "look_up"), {"tool": {"name": "look_up"}}, []),
        (MISTRAL, ToolChoice("named", "look_up"), {"any": {}}, []),
        (LLAMA, ToolChoice("auto"), None, []),
        (LLAMA, ToolChoice("required"), None, ["tool_choice"]),
    ],
)
def test_the_choice_among_tools(
    target: Target, choice: ToolChoice, sent: JsonObject | None, dropped: list[str]
) -> None:
    rendered = render(hello(tools=(LOOK_UP,), tool_choice=choice), target)
    assert rendered.body["toolConfig"].get("toolChoice") == sent  # type: ignore[attr-defined]
    assert rendered.dropped == dropped


def test_strict_tools_and_parallel_calls_where_the_family_knows_them() -> None:
    request = hello(tools=(structs.replace(LOOK_UP, strict=True),), parallel_tool_calls=False)
    claude = render(request)
    assert claude.body["toolConfig"]["tools"][0]["toolSpec"]["strict"] is True  # type: ignore[index]
    assert claude.body["additionalModelRequestFields"] == {
        "tool_choice": {"type": "auto", "disable_parallel_tool_use": True}
    }
    assert render(request, NOVA).dropped == ["tools.strict", "parallel_tool_calls"]


def test_breakpoints_stand_behind_what_they_mark() -> None:
    hour: JsonObject = {"type": "ephemeral", "ttl": "1h"}
    five: JsonObject = {"type": "ephemeral"}
    request = talk(
        ("system", (Text("Long.", cache_control=hour),)),
        ("user", (Text("Hi"), Image(PNG, cache_control=five), Text("there"))),
        ("assistant", (ToolCall("a", "look_up", "{}"),)),
        ("tool", (ToolResult("a", (Text("1", cache_control=five),)),)),
        tools=(structs.replace(LOOK_UP, cache_control=five),),
    )
    made = body(request)
    assert made["system"] == [{"text": "Long."}, {"cachePoint": {"type": "default", "ttl": "1h"}}]
    assert made["messages"][0]["content"][2] == {"cachePoint": {"type": "default"}}
    assert made["messages"][2]["content"][1] == {"cachePoint": {"type": "default"}}
    assert made["toolConfig"]["tools"][1] == {"cachePoint": {"type": "default"}}
    nova = render(request, NOVA)
    assert nova.body["system"][1] == {"cachePoint": {"type": "default"}}  # type: ignore[index]
    assert nova.dropped == ["cache_control.ttl", "cache_control"]
    llama = render(request, LLAMA)
    assert "cachePoint" not in json.dumps(llama.body)
    assert llama.dropped == ["cache_control"]


def test_a_request_has_at_most_four_breakpoints_and_keeps_the_last() -> None:
    mark: JsonObject = {"type": "ephemeral"}
    rendered = render(
        talk(
            ("system", (Text("a", cache_control=mark), Text("b", cache_control=mark))),
            ("user", tuple([Text(str(at), cache_control=mark) for at in range(4)])),
        )
    )
    assert rendered.body["system"] == [{"text": "a"}, {"text": "b"}]
    assert json.dumps(rendered.body).count("cachePoint") == 4
    assert rendered.dropped == ["cache_control"]


def test_automatic_caching_is_a_breakpoint_behind_the_prompt() -> None:
    made = body(hello(cache_control={"type": "ephemeral"}))
    assert made["messages"][0]["content"] == [{"text": "Hi"}, {"cachePoint": {"type": "default"}}]
    assert render(hello(cache_control={"type": "ephemeral"}), LLAMA).dropped == ["cache_control"]


def test_a_schema_is_said_natively_where_the_model_knows_how() -> None:
    form = ResponseFormat("json_schema", "answer", SCHEMA, strict=True, description="An answer.")
    made = body(hello(response_format=form))
    definition = made["outputConfig"]["textFormat"]["structure"]["jsonSchema"]
    assert definition["name"] == "answer"
    assert definition["description"] == "An answer."
    assert json.loads(definition["schema"]) == {**SCHEMA, "additionalProperties": False}
    assert "toolConfig" not in made


def test_a_schema_is_a_forced_tool_where_it_does_not() -> None:
    form = ResponseFormat("json_schema", "answer", SCHEMA)
    made = body(hello(response_format=form), NOVA)
    [tool] = made["toolConfig"]["tools"]
    assert tool["toolSpec"]["inputSchema"] == {"json": SCHEMA}
    assert made["toolConfig"]["toolChoice"] == {"tool": {"name": tool["toolSpec"]["name"]}}
    beside = body(hello(response_format=form, tools=(LOOK_UP,)), NOVA)
    assert len(beside["toolConfig"]["tools"]) == 2
    assert beside["toolConfig"]["toolChoice"] == {"any": {}}


def test_an_open_object_is_a_forced_tool_even_where_closed_ones_are_native() -> None:
    for form in (ResponseFormat("json_schema", "answer", OPEN_SCHEMA), ResponseFormat("json_object")):
        made = body(hello(response_format=form))
        assert "outputConfig" not in made
        assert set(made["toolConfig"]["toolChoice"]) == {"tool"}


def test_a_form_that_cannot_be_asked_for_is_named() -> None:
    assert render(hello(response_format=ResponseFormat("json_object")), LLAMA).dropped == ["response_format"]
    assert render(hello(response_format=ResponseFormat("grammar"))).dropped == ["response_format"]
    array = ResponseFormat("json_schema", "a", {"type": "array", "items": OPEN_SCHEMA})
    assert render(hello(response_format=array), NOVA).dropped == ["response_format"]
    assert render(hello(response_format=ResponseFormat("text"))).dropped == []


def test_a_turn_that_is_forced_to_call_has_no_form() -> None:
    form = ResponseFormat("json_schema", "answer", SCHEMA)
    rendered = render(hello(response_format=form, tools=(LOOK_UP,), tool_choice=ToolChoice("required")), NOVA)
    assert len(rendered.body["toolConfig"]["tools"]) == 1  # type: ignore[index]
    assert rendered.dropped == []


def test_the_gateways_own_tool_name_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="waystation_structured_answer"):
        render(hello(tools=(Tool("waystation_structured_answer"),)))
