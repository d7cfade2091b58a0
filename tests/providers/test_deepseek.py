"""DeepSeek: the switch for thinking, reasoning with every call, and where a prefill goes."""

from typing import Any

import pytest

from waystation.catalog.endpoint import Endpoint
from waystation.operations.parts import JsonObject
from waystation.providers.base import Amendment, Configuration, Secret
from waystation.providers.deepseek import DeepSeek

ENDPOINT = Endpoint("deepseek/deepseek-v4-pro", "deepseek", "deepseek", "deepseek-v4-pro")
CALL: JsonObject = {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}


def amended(base_url: str | None = None, **body: Any) -> tuple[dict[str, Any], Amendment | None]:
    provider = DeepSeek(Configuration((Secret("fake-key"),), base_url=base_url))
    return body, provider.amend_request(body, ENDPOINT)


@pytest.mark.parametrize("effort", ["low", "high", "max"])
def test_an_effort_turns_thinking_on(effort: str) -> None:
    assert amended(reasoning_effort=effort)[0] == {
        "reasoning_effort": effort,
        "thinking": {"type": "enabled"},
    }


def test_no_effort_turns_it_off_and_is_not_said() -> None:
    assert amended(reasoning_effort="none")[0] == {"thinking": {"type": "disabled"}}


def test_a_callers_own_switch_stays() -> None:
    body, _ = amended(reasoning_effort="high", thinking={"type": "disabled"})

    assert body["thinking"] == {"type": "disabled"}


def test_nothing_is_said_of_thinking_where_the_caller_said_nothing() -> None:
    assert amended(model="m")[0] == {"model": "m"}


def test_the_efforts_it_knows() -> None:
    assert DeepSeek().target(ENDPOINT).efforts == ("none", "low", "high", "max")


def test_a_call_made_elsewhere_gets_the_least_reasoning_and_others_keep_theirs() -> None:
    made_here: JsonObject = {
        "role": "assistant",
        "content": "",
        "reasoning_content": "hm",
        "tool_calls": [CALL],
    }
    made_elsewhere: JsonObject = {"role": "assistant", "content": "", "tool_calls": [CALL]}
    said: JsonObject = {"role": "assistant", "content": "a"}
    messages = [made_here, made_elsewhere, said, {"role": "user", "content": "b"}]

    body, _ = amended(messages=messages)

    assert body["messages"] == [made_here, {**made_elsewhere, "reasoning_content": " "}, *messages[2:]]
    assert "reasoning_content" not in made_elsewhere


def test_calls_need_no_reasoning_where_thinking_is_off() -> None:
    messages = [{"role": "assistant", "content": "", "tool_calls": [CALL]}, {"role": "user", "content": "b"}]

    assert amended(messages=messages, reasoning_effort="none")[0]["messages"] == messages


def test_a_prefill_is_marked_and_goes_where_prefills_go() -> None:
    messages = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "{"}]

    body, amendment = amended(messages=messages)
    _, elsewhere = amended("https://deepseek.example/v1", messages=messages)

    assert body["messages"][1] == {"role": "assistant", "content": "{", "prefix": True}
    assert amendment is not None
    assert amendment.path == "/beta/chat/completions"
    assert elsewhere is None
