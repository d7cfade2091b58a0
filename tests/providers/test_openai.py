"""OpenAI's manners by family of models."""

import pytest

from waystation.catalog.endpoint import Endpoint
from waystation.operations.parts import JsonObject
from waystation.providers.openai import OpenAI


def endpoint(native_id: str) -> Endpoint:
    return Endpoint(model_id=f"openai/{native_id}", provider="openai", tag="openai", native_id=native_id)


def amended(native_id: str, **parameters: object) -> tuple[JsonObject, tuple[str, ...]]:
    body: JsonObject = {"model": native_id, **parameters}
    amendment = OpenAI().amend_request(body, endpoint(native_id))
    return body, amendment.dropped if amendment else ()


@pytest.mark.parametrize("native_id", ["gpt-4o", "o3", "gpt-5"])
def test_every_model_is_told_max_completion_tokens(native_id: str) -> None:
    assert OpenAI().target(endpoint(native_id)).max_tokens_field == "max_completion_tokens"


@pytest.mark.parametrize(
    "native_id", ["o1", "o3-mini", "o4-mini-2025-04-16", "gpt-5", "gpt-5-nano", "gpt-5.2", "gpt-6", "gpt-10"]
)
def test_reasoning_models_get_no_sampling_parameters(native_id: str) -> None:
    body, dropped = amended(native_id, temperature=0, top_p=0.9, logprobs=True, stop=["x"], seed=1)

    assert body == {"model": native_id, "seed": 1}
    assert set(dropped) == {"temperature", "top_p", "logprobs", "stop"}


@pytest.mark.parametrize(
    "native_id", ["gpt-4o", "gpt-4.1-mini", "gpt-3.5-turbo", "gpt-5-chat-latest", "chatgpt-4o-latest"]
)
def test_other_models_keep_them(native_id: str) -> None:
    body, dropped = amended(native_id, temperature=0, stop=["x"])

    assert body == {"model": native_id, "temperature": 0, "stop": ["x"]}
    assert dropped == ()


def test_a_reasoning_model_told_not_to_reason_keeps_them_where_it_can_be_told() -> None:
    assert amended("gpt-5.2", temperature=0, reasoning_effort="none")[1] == ()
    assert amended("gpt-5", temperature=0, reasoning_effort="none")[1] == ("temperature",)


def test_parameters_that_openai_has_no_name_for_are_dropped() -> None:
    body, dropped = amended("gpt-4o", top_k=40, min_p=0.1, top_a=0.2, repetition_penalty=1.1)

    assert body == {"model": "gpt-4o"}
    assert dropped == ("min_p", "repetition_penalty", "top_a", "top_k")


def test_parallel_tool_calls_go_only_with_tools_and_never_to_the_o_series() -> None:
    tools = [{"type": "function"}]

    assert "parallel_tool_calls" not in amended("gpt-4o", parallel_tool_calls=True)[0]
    assert "parallel_tool_calls" in amended("gpt-5", parallel_tool_calls=True, tools=tools)[0]
    assert amended("o3", parallel_tool_calls=False, tools=tools)[1] == ("parallel_tool_calls",)


def test_search_models_get_no_sampling_parameters() -> None:
    assert amended("gpt-4o-search-preview", temperature=0.1, n=1)[1] == ("temperature", "n")
