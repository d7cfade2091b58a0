"""Groq: what it forbids is taken out, and reasoning asked for apart from the text."""

from typing import Any

import pytest

from waystation.catalog.endpoint import Endpoint
from waystation.catalog.layers import ASSUMED_PARAMETERS
from waystation.providers.groq import Groq

OSS, QWEN, LLAMA = "openai/gpt-oss-120b", "qwen/qwen3.6-27b", "llama-3.3-70b-versatile"


def endpoint(native_id: str, *supported: str) -> Endpoint:
    return Endpoint(f"x/{native_id}", "groq", "groq", native_id, supported_parameters=frozenset(supported))


def amended(native_id: str = LLAMA, **body: Any) -> tuple[dict[str, Any], tuple[str, ...]]:
    amendment = Groq().amend_request(body, endpoint(native_id))
    return body, amendment.dropped if amendment else ()


def test_it_is_spared_what_it_answers_with_400() -> None:
    body, dropped = amended(logprobs=True, top_logprobs=2, logit_bias={}, top_k=3, verbosity="low", top_p=0.5)

    assert body == {"top_p": 0.5}
    assert dropped == ("logit_bias", "logprobs", "top_k", "top_logprobs", "verbosity")


@pytest.mark.parametrize(
    ("native_id", "effort", "its"),
    [
        (OSS, "none", "low"),
        (OSS, "minimal", "low"),
        (OSS, "medium", "medium"),
        (OSS, "max", "high"),
        (QWEN, "none", "none"),
        (QWEN, "high", "default"),
    ],
)
def test_an_effort_is_the_nearest_that_the_model_knows(native_id: str, effort: str, its: str) -> None:
    assert amended(native_id, reasoning_effort=effort)[0]["reasoning_effort"] == its


def test_reasoning_that_would_arrive_inside_the_text_is_asked_for_apart() -> None:
    assert amended(QWEN)[0] == {"reasoning_format": "parsed"}
    assert amended(QWEN, reasoning_format="raw")[0] == {"reasoning_format": "raw"}
    assert amended(OSS)[0] == {}
    assert amended(LLAMA)[0] == {}


def test_earlier_reasoning_goes_only_to_models_that_reason() -> None:
    assert Groq().target(endpoint(OSS, "reasoning")).reasoning_field == "reasoning"
    assert Groq().target(endpoint(LLAMA, "tools")).reasoning_field == ""
    for unknown in (endpoint(LLAMA), endpoint("own", *ASSUMED_PARAMETERS)):
        assert Groq().target(unknown).reasoning_field == "reasoning"


@pytest.mark.parametrize(
    ("tier", "its"), [("default", "on_demand"), ("priority", "performance"), ("flex", "flex"), ("new", "new")]
)
def test_service_tiers_in_its_words(tier: str, its: str) -> None:
    assert amended(service_tier=tier)[0]["service_tier"] == its


def test_a_speakers_name_stands_before_the_words() -> None:
    picture = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    named = {"role": "user", "name": "Ada", "content": "hi"}
    body, _ = amended(
        messages=[
            named,
            {"role": "user", "name": "Bob", "content": [picture]},
            {"role": "tool", "name": "f", "tool_call_id": "a", "content": "1"},
        ]
    )

    assert body["messages"] == [
        {"role": "user", "content": "Ada: hi"},
        {"role": "user", "content": [{"type": "text", "text": "Bob: "}, picture]},
        {"role": "tool", "tool_call_id": "a", "content": "1"},
    ]
    assert named["name"] == "Ada"
