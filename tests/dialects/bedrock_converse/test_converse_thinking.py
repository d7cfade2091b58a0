"""Effort, budgets, and reasoning that goes back, as each family of models wants them."""

import pytest

from converse_requests import (
    CLAUDE,
    GPT_OSS,
    LLAMA,
    LOOK_UP,
    NEW_CLAUDE,
    NOVA,
    NOVA_2,
    OLD_CLAUDE,
    body,
    hello,
    render,
    talk,
)
from waystation.codec.dialect import Target
from waystation.operations.chat import (
    ReasoningOptions,
    ToolChoice,
)
from waystation.operations.parts import (
    JsonObject,
    Reasoning,
    Text,
)


def test_claudes_signed_reasoning_goes_back_to_claude_alone() -> None:
    request = talk(
        ("user", (Text("Hi"),)),
        (
            "assistant",
            (
                Reasoning(text="Hm.", plain=True),
                Reasoning(text="Hm.", signature="c2ln", origin="anthropic-claude-v1"),
                Reasoning(kind="encrypted", data="EqRa", origin="anthropic-claude-v1"),
                Text("Yes."),
            ),
        ),
        ("user", (Text("Sure?"),)),
    )
    rendered = render(request)
    assert rendered.body["messages"][1]["content"] == [  # type: ignore[index]
        {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "c2ln"}}},
        {"reasoningContent": {"redactedContent": "RXFSYQ=="}},
        {"text": "Yes."},
    ]
    assert rendered.dropped == []
    nova = render(request, NOVA)
    assert nova.body["messages"][1]["content"] == [{"text": "Yes."}]  # type: ignore[index]
    assert nova.dropped == ["messages.reasoning"]


@pytest.mark.parametrize(
    "thought",
    [
        Reasoning(text="Hm.", plain=True),
        Reasoning(text="Hm.", signature="c2ln", origin="google-gemini-v1"),
        Reasoning(kind="encrypted", data="gAAA", origin="openai-responses-v1"),
        Reasoning(kind="summary", text="Hm."),
    ],
)
def test_reasoning_of_another_maker_is_not_shown_to_claude(thought: Reasoning) -> None:
    rendered = render(talk(("user", (Text("Hi"),)), ("assistant", (thought, Text("Yes.")))))
    assert rendered.body["messages"][1]["content"] == [{"text": "Yes."}]  # type: ignore[index]
    assert rendered.dropped == ["messages.reasoning"]


def test_openais_encrypted_reasoning_goes_back_to_openais_models() -> None:
    thought = Reasoning(kind="encrypted", data="gAAAAAB-x_", origin="bedrock-openai-responses-v1")
    request = talk(("user", (Text("Hi"),)), ("assistant", (thought, Text("Yes."))))
    sent = body(request, Target("global.openai.gpt-5.5"))["messages"][1]["content"][0]
    assert sent == {"reasoningContent": {"redactedContent": "Z0FBQUFBQi14Xw=="}}


@pytest.mark.parametrize(
    ("target", "options", "more", "inference"),
    [
        (OLD_CLAUDE, ReasoningOptions(max_tokens=2000), {"thinking": {"type": "enabled", "budget_tokens": 2000}}, {"maxTokens": 6096}),
        (OLD_CLAUDE, ReasoningOptions(effort="low"), {"thinking": {"type": "enabled", "budget_tokens": 12800}}, {"maxTokens": 16896}),
        (OLD_CLAUDE, ReasoningOptions(max_tokens=10), {"thinking": {"type": "enabled", "budget_tokens": 1024}}, {"maxTokens": 5120}),
        (OLD_CLAUDE, ReasoningOptions(effort="none"), None, None),
        (Target("us.anthropic.claude-sonnet-4-6"), ReasoningOptions(effort="xhigh"), {"thinking": {"type": "adaptive"}, "output_config": {"effort": "max"}}, None),
        (NEW_CLAUDE, ReasoningOptions(effort="minimal"), {"thinking": {"type": "adaptive", "display": "summarized"}, "output_config": {"effort": "low"}}, None),
        (NEW_CLAUDE, ReasoningOptions(enabled=True, exclude=True), {"thinking": {"type": "adaptive"}, "output_config": {"effort": "medium"}}, None),
        (NEW_CLAUDE, ReasoningOptions(enabled=False), {"thinking": {"type": "disabled"}}, None),
        (NOVA_2, ReasoningOptions(effort="low"), {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "low"}}, None),
        (GPT_OSS, ReasoningOptions(effort="high"), {"reasoning_effort": "high"}, None),
        (Target("global.openai.gpt-5.5"), ReasoningOptions(effort="xhigh"), {"reasoning": {"effort": "xhigh"}}, None),
        (Target("qwen.qwen3-32b-v1:0"), ReasoningOptions(effort="medium"), {"reasoning_config": "medium"}, None),
        (Target("deepseek.v3-v1:0"), ReasoningOptions(effort="high"), {"reasoning_config": "high"}, None),
        (CLAUDE, ReasoningOptions(exclude=True), None, None),
    ],
)  # fmt: skip
def test_effort_and_budget_by_family(
    target: Target, options: ReasoningOptions, more: JsonObject | None, inference: JsonObject | None
) -> None:
    rendered = render(hello(reasoning=options), target)
    assert rendered.body.get("additionalModelRequestFields") == more
    assert rendered.body.get("inferenceConfig") == inference
    assert rendered.dropped == []


@pytest.mark.parametrize(
    "target", [NOVA, LLAMA, Target("us.deepseek.r1-v1:0"), Target("anthropic.claude-3-haiku-20240307-v1:0")]
)
def test_reasoning_that_cannot_be_asked_for_is_named(target: Target) -> None:
    rendered = render(hello(reasoning=ReasoningOptions(effort="high")), target)
    assert rendered.dropped == ["reasoning"]
    assert "additionalModelRequestFields" not in rendered.body


def test_a_budget_yields_to_what_the_model_can_write() -> None:
    target = Target(OLD_CLAUDE.native_id, max_completion_tokens=8_192)
    made = body(hello(reasoning=ReasoningOptions(max_tokens=20_000)), target)
    assert made["inferenceConfig"] == {"maxTokens": 8192}
    assert made["additionalModelRequestFields"]["thinking"]["budget_tokens"] == 8191


def test_claude_that_thinks_takes_no_sampling() -> None:
    rendered = render(hello(reasoning=ReasoningOptions(max_tokens=2000), temperature=0.3, top_k=5), CLAUDE)
    assert rendered.body["inferenceConfig"] == {"maxTokens": 6096}
    assert rendered.dropped == ["temperature", "top_k"]


def test_nova_at_high_effort_takes_no_sampling_and_no_limit() -> None:
    high = ReasoningOptions(effort="high")
    free = render(hello(reasoning=high, temperature=0.3, top_p=0.5), NOVA_2)
    assert "inferenceConfig" not in free.body
    assert free.dropped == ["temperature", "top_p"]
    limited = render(hello(reasoning=high, max_tokens=100), NOVA_2)
    assert limited.body["additionalModelRequestFields"] == {
        "reasoningConfig": {"type": "enabled", "maxReasoningEffort": "medium"}
    }
    assert limited.dropped == ["reasoning.effort"]


def test_claude_does_not_think_where_it_is_forced_to_call() -> None:
    rendered = render(
        hello(reasoning=ReasoningOptions(effort="high"), tools=(LOOK_UP,), tool_choice=ToolChoice("required"))
    )
    assert rendered.body["toolConfig"]["toolChoice"] == {"any": {}}  # type: ignore[index]
    assert rendered.dropped == ["reasoning"]


def test_verbosity_is_claudes_effort() -> None:
    assert body(hello(verbosity="low"), NEW_CLAUDE)["additionalModelRequestFields"] == {
        "output_config": {"effort": "low"}
    }
