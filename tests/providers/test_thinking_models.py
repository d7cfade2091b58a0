"""Moonshot, Z.AI and Alibaba: thinking said in the way of each model."""

from typing import Any

import pytest

from waystation.catalog.endpoint import Endpoint
from waystation.operations.parts import JsonObject
from waystation.providers.alibaba import Alibaba
from waystation.providers.base import Provider
from waystation.providers.moonshotai import Moonshot
from waystation.providers.z_ai import ZAI

ON, OFF = {"type": "enabled"}, {"type": "disabled"}
CALL: JsonObject = {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}
TURN: JsonObject = {"role": "assistant", "content": "", "tool_calls": [CALL]}


def amended(kind: type[Provider], native_id: str, **body: Any) -> tuple[dict[str, Any], tuple[str, ...]]:
    amendment = kind().amend_request(body, Endpoint(f"x/{native_id}", kind.slug, kind.slug, native_id))
    return body, amendment.dropped if amendment else ()


@pytest.mark.parametrize(
    ("native_id", "effort", "said", "dropped"),
    [
        ("kimi-k2.6", "high", {"thinking": ON}, ()),
        ("kimi-k2.6", "none", {"thinking": OFF}, ()),
        ("kimi-k3", "low", {"reasoning_effort": "low"}, ()),
        ("kimi-k3.1-pro", "none", {}, ("reasoning",)),
        ("kimi-k2.7-code", "high", {}, ("reasoning",)),
        ("moonshot-v1-8k", "low", {"reasoning_effort": "low"}, ()),
    ],
)
def test_kimi_thinks_by_switch_or_by_effort(
    native_id: str, effort: str, said: JsonObject, dropped: tuple[str, ...]
) -> None:
    assert amended(Moonshot, native_id, reasoning_effort=effort) == (said, dropped)


def test_kimi_samples_as_the_platform_says() -> None:
    assert amended(Moonshot, "kimi-k2.6", temperature=0, top_p=0.9) == ({}, ("temperature", "top_p"))
    assert amended(Moonshot, "moonshot-v1-8k", temperature=0) == ({"temperature": 0}, ())


@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "f"}}])
def test_kimi_does_not_think_where_it_is_told_which_tool_to_call(choice: object) -> None:
    assert amended(Moonshot, "kimi-k2.6", tool_choice=choice)[0]["thinking"] == OFF
    assert amended(Moonshot, "kimi-k2.6", tool_choice="required", reasoning_effort="low")[0]["thinking"] == ON
    assert "thinking" not in amended(Moonshot, "kimi-k2.6", tool_choice="auto")[0]


def test_kimi_hears_no_call_without_reasoning() -> None:
    body, _ = amended(Moonshot, "kimi-k2.6", messages=[TURN, {"role": "user", "content": "a"}])
    off, _ = amended(Moonshot, "kimi-k2.6", messages=[TURN], reasoning_effort="none")

    assert body["messages"][0]["reasoning_content"] == " "
    assert off["messages"] == [TURN]


@pytest.mark.parametrize("kind", [Moonshot, Alibaba])
def test_a_prefill_is_partial(kind: type[Provider]) -> None:
    body, _ = amended(kind, "m", messages=[{"role": "assistant", "content": "{"}])

    assert body["messages"] == [{"role": "assistant", "content": "{", "partial": True}]


@pytest.mark.parametrize(
    ("native_id", "effort", "said"),
    [
        ("glm-4.7", "high", {"thinking": ON}),
        ("glm-4.7", "none", {"thinking": OFF}),
        ("glm-5.2", "high", {"thinking": ON, "reasoning_effort": "high"}),
        ("glm-5.3-flash", "none", {"thinking": ON, "reasoning_effort": "low"}),
    ],
)
def test_glm_thinks_by_switch_and_newer_ones_by_effort_too(
    native_id: str, effort: str, said: JsonObject
) -> None:
    assert amended(ZAI, native_id, reasoning_effort=effort)[0] == said


def test_glm_keeps_the_thoughts_that_the_caller_kept() -> None:
    messages = [{"role": "assistant", "content": "a", "reasoning_content": "hm"}]

    assert amended(ZAI, "glm-5", messages=messages)[0]["thinking"] == {**ON, "clear_thinking": False}
    assert amended(ZAI, "glm-5", messages=messages, reasoning_effort="none")[0]["thinking"] == OFF
    assert "thinking" not in amended(ZAI, "glm-5", messages=[TURN])[0]


def test_glm_chooses_its_tools_alone() -> None:
    tools = [{"type": "function"}]
    named = {"type": "function", "function": {"name": "f"}}

    assert amended(ZAI, "glm-5", tools=tools, tool_choice="auto") == (
        {"tools": tools, "tool_choice": "auto"},
        (),
    )
    assert amended(ZAI, "glm-5", tools=tools, tool_choice=named) == ({"tools": tools}, ("tool_choice",))
    assert amended(ZAI, "glm-5", tools=tools, tool_choice="none") == ({}, ())


def test_glm_streams_calls_as_they_are_made() -> None:
    assert amended(ZAI, "glm-5", stream=True, tools=[{}])[0]["tool_stream"] is True
    assert "tool_stream" not in amended(ZAI, "glm-5", stream=True)[0]


@pytest.mark.parametrize(("effort", "on"), [("none", False), ("low", True)])
def test_qwen_thinks_by_a_boolean(effort: str, on: bool) -> None:  # noqa: FBT001 - the value that is sent
    assert amended(Alibaba, "qwen-plus", reasoning_effort=effort) == ({"enable_thinking": on}, ())


def test_open_qwen_models_think_only_while_they_stream() -> None:
    assert amended(Alibaba, "qwen3-235b-a22b") == ({"enable_thinking": False}, ())
    assert amended(Alibaba, "qwen3-8b", reasoning_effort="low") == (
        {"enable_thinking": False},
        ("reasoning",),
    )
    assert amended(Alibaba, "qwen3-8b", stream=True) == ({"stream": True}, ())
    assert amended(Alibaba, "qwen3-max") == ({}, ())
