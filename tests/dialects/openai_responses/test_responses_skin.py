"""What clients of Responses may say, one rule at a time."""

import json
from types import ModuleType
from typing import Any

import pytest

from waystation.codec.dialect import Identity, Target
from waystation.dialects import anthropic_messages, bedrock_converse, cohere, gemini, ollama, openai_chat
from waystation.dialects.openai_responses import AZURE, DIALECT
from waystation.errors import InvalidRequest
from waystation.operations.chat import ChatRequest, ChatResult, Choice
from waystation.operations.parts import Reasoning, Text, ToolCall
from waystation.operations.usage import Usage

ASK: list[dict[str, Any]] = [{"role": "user", "content": "Hi"}]
LOOK = {"type": "function", "name": "look", "parameters": {"type": "object", "properties": {}}}


def parse(**fields: Any) -> ChatRequest:
    return DIALECT.parse_request(json.dumps({"model": "m", "input": ASK, **fields}).encode(), "")


def as_chat(request: ChatRequest) -> dict[str, Any]:
    target = Target("m", supported_parameters=frozenset({"tools", "tool_choice"}))
    rendered = openai_chat.DIALECT.render_request(request, target)
    body: dict[str, Any] = json.loads(json.dumps(rendered.body | {"dropped": list(rendered.dropped)}))
    return body


def test_a_choice_among_allowed_tools_is_its_mode_and_these_tools_elsewhere() -> None:
    choice = {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "look"}]}
    tools = [LOOK, {**LOOK, "name": "leap"}]
    request = parse(tools=tools, tool_choice=choice)
    body: dict[str, Any] = json.loads(json.dumps(DIALECT.render_request(request, Target("m")).body))
    assert (body["tool_choice"], [tool["name"] for tool in body["tools"]]) == (choice, ["look", "leap"])
    told = as_chat(request)
    assert (told["tool_choice"], [tool["function"]["name"] for tool in told["tools"]]) == (
        "required",
        ["look"],
    )


@pytest.mark.parametrize("dialect", [anthropic_messages, bedrock_converse, cohere, gemini, ollama])
def test_every_wire_is_told_the_allowed_tools_alone(dialect: ModuleType) -> None:
    choice = {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "look"}]}
    space = {"type": "namespace", "name": "disk", "tools": [{**LOOK, "name": "leap"}]}
    rendered = dialect.DIALECT.render_request(parse(tools=[LOOK, space], tool_choice=choice), Target("m"))
    said = json.dumps(rendered.body["tools" if "tools" in rendered.body else "toolConfig"])
    assert "look" in said
    assert "leap" not in said
    assert "tools.namespace" not in rendered.dropped


def test_a_choice_among_tools_that_are_none_takes_nothing_away() -> None:
    choice = {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "fly"}]}
    assert len(as_chat(parse(tools=[LOOK], tool_choice=choice))["tools"]) == 1


def test_functions_in_a_namespace_are_functions_elsewhere_and_named_in_it_here() -> None:
    space = {"type": "namespace", "name": "disk", "description": "Files", "tools": [LOOK]}
    request = parse(tools=[space])
    assert DIALECT.render_request(request, Target("m")).body["tools"] == [space]
    told = as_chat(request)
    assert [tool["function"]["name"] for tool in told["tools"]] == ["look"]
    assert told["dropped"] == []
    result = ChatResult("acme", None, None, None, (Choice(0, (ToolCall("c1", "look", "{}"),), "tool_calls"),))
    identity = Identity("gen-1", "m", "Acme", 1, request=request)
    (item,) = json.loads(DIALECT.render_response(result, identity, None, None))["output"]
    assert (item["type"], item["namespace"], item["call_id"]) == ("function_call", "disk", "c1")


def test_tokens_written_to_a_cache_are_counted_even_where_there_are_none() -> None:
    identity = Identity("gen-1", "m", "Acme", 1, request=parse())
    result = ChatResult("acme", None, None, None, (Choice(0, (Text("Hi"),), "stop"),), usage=Usage(7, 3))
    told = json.loads(DIALECT.render_response(result, identity, None, None))["usage"]
    assert told["input_tokens_details"] == {"cached_tokens": 0, "cache_write_tokens": 0}


def test_a_shell_on_the_providers_machine_is_no_function() -> None:
    request = parse(tools=[{"type": "shell", "environment": {"type": "container_auto"}}])
    assert "tools" not in as_chat(request)


def test_a_grammar_is_told_to_models_that_cannot_be_held_to_it() -> None:
    tool = {
        "type": "custom",
        "name": "patch",
        "format": {"type": "grammar", "syntax": "lark", "definition": "start: WORD"},
    }
    (sent,) = as_chat(parse(tools=[tool]))["tools"]
    assert "start: WORD" in sent["function"]["description"]


def test_references_to_stored_items_are_refused() -> None:
    with pytest.raises(InvalidRequest, match=r"input\[0\]"):
        parse(input=[{"type": "item_reference", "id": "msg_1"}])


@pytest.mark.parametrize(
    "wrong", [{"reasoning": {"effort": "huge"}}, {"reasoning": {"effort": "low", "max_tokens": 9}}]
)
def test_reasoning_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest, match="reasoning"):
        parse(**wrong)


def test_thoughts_of_another_host_of_this_wire_come_back_to_it_alone() -> None:
    thought = Reasoning("encrypted", data="c2VhbGVk", id="rs_1", origin="azure-openai-responses-v1")
    result = ChatResult("acme", None, None, None, (Choice(0, (thought, Text("Hi")), "stop"),))
    told = json.loads(DIALECT.render_response(result, Identity("gen-1", "m", "Acme", 1), None, None))
    request = parse(input=[*ASK, *told["output"], *ASK])
    assert "c2VhbGVk" in json.dumps(AZURE.render_request(request, Target("m")).body)
    assert "c2VhbGVk" not in json.dumps(DIALECT.render_request(request, Target("m")).body)


def test_a_caller_that_wants_no_thoughts_is_told_none() -> None:
    result = ChatResult(
        "acme", None, None, None, (Choice(0, (Reasoning(text="Hm", plain=True), Text("Hi")), "stop"),)
    )
    identity = Identity("gen-1", "m", "Acme", 1, include_reasoning=False)
    told = json.loads(DIALECT.render_response(result, identity, None, None))
    assert [item["type"] for item in told["output"]] == ["message"]
