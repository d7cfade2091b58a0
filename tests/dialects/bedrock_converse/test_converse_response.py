"""Whole answers of Converse in our words, and ours in Converse's."""

import json
from typing import Any

import pytest

from waystation.codec.dialect import Identity
from waystation.dialects.bedrock_converse import DIALECT
from waystation.dialects.bedrock_converse.wire import ANSWER_TOOL, BLOCK
from waystation.errors import BadResponse
from waystation.operations.chat import ChatResult, Choice
from waystation.operations.parts import ImageOutput, Opaque, Reasoning, Text, ToolCall
from waystation.operations.usage import Usage


def answer(*content: Any, stop: str | None = "end_turn", **fields: Any) -> ChatResult:
    body = {
        "output": {"message": {"role": "assistant", "content": list(content)}},
        "stopReason": stop,
        "usage": {"inputTokens": 3, "outputTokens": 2, "totalTokens": 5},
        **fields,
    }
    return DIALECT.parse_response(json.dumps(body).encode())


def choice(*content: Any, stop: str | None = "end_turn") -> Choice:
    [only] = answer(*content, stop=stop).choices
    return only


def test_text_reasoning_and_calls_keep_their_order() -> None:
    made = choice(
        {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "c2ln"}}},
        {"text": "One."},
        {"toolUse": {"toolUseId": "a", "name": "f", "input": {"x": [1, 2.0]}}},
        {"toolUse": {"toolUseId": "b", "name": "f", "input": {}, "type": "tool_use"}},
        stop="tool_use",
    )
    assert made.parts == (
        Reasoning(text="Hm.", signature="c2ln", origin="anthropic-claude-v1", index=0),
        Text("One."),
        ToolCall("a", "f", '{"x":[1,2.0]}'),
        ToolCall("b", "f", "{}"),
    )
    assert (made.finish_reason, made.native_finish_reason) == ("tool_calls", "tool_use")


def test_reasoning_without_a_signature_has_no_known_origin() -> None:
    made = choice({"reasoningContent": {"reasoningText": {"text": "Hm."}}}, {"text": "Yes."})
    assert made.parts[0] == Reasoning(text="Hm.", index=0)


@pytest.mark.parametrize(
    ("blob", "data", "origin"),
    [
        ("RXFSYQ==", "EqRa", "anthropic-claude-v1"),
        ("Z0FBQUFBQi14Xw==", "gAAAAAB-x_", None),
        ("AAEC/w==", "base64:AAEC/w==", None),
        ("not base64!", "base64:not base64!", None),
        ("RXFSYR==", "base64:RXFSYR==", None),
    ],
)
def test_redacted_reasoning_is_its_makers_text_and_goes_back_as_it_came(
    blob: str, data: str, origin: str | None
) -> None:
    result = answer({"reasoningContent": {"redactedContent": blob}}, {"text": "Yes."})
    thought = result.choices[0].parts[0]
    assert thought == Reasoning(kind="encrypted", data=data, origin=origin, index=0)
    again = json.loads(DIALECT.render_response(result, Identity("g", "m", "p", 0), None, None))
    assert again["output"]["message"]["content"][0]["reasoningContent"]["redactedContent"] == blob


def test_what_the_provider_ran_itself_is_not_the_clients_call() -> None:
    made = choice(
        {
            "toolUse": {
                "toolUseId": "a",
                "name": "nova_code_interpreter",
                "input": {},
                "type": "server_tool_use",
            }
        },
        {"toolResult": {"toolUseId": "a", "content": [], "type": "nova_code_interpreter_result"}},
        {"text": "42"},
        stop="tool_use",
    )
    assert [part for part in made.parts if not isinstance(part, Opaque)] == [Text("42")]
    assert all(part.kind == BLOCK for part in made.parts if isinstance(part, Opaque))
    assert made.finish_reason == "stop"


def test_the_answer_tools_input_is_the_answer() -> None:
    made = choice(
        {"toolUse": {"toolUseId": "a", "name": ANSWER_TOOL, "input": {"city": "Paris"}}}, stop="tool_use"
    )
    assert made.parts == (Text('{"city":"Paris"}'),)
    assert (made.finish_reason, made.native_finish_reason) == ("stop", "tool_use")


def test_a_call_beside_the_answer_tool_stays_a_call() -> None:
    made = choice({"toolUse": {"toolUseId": "a", "name": "json", "input": {}}}, stop="tool_use")
    assert made.finish_reason == "tool_calls"


def test_citations_mark_the_text_of_their_block() -> None:
    location = {"documentPage": {"documentIndex": 0, "start": 1, "end": 2}}
    made = choice(
        {"text": "So: "},
        {
            "citationsContent": {
                "content": [{"text": "it is "}, {"text": "so"}],
                "citations": [
                    {"title": "facts", "sourceContent": [{"text": "It is so."}], "location": location},
                    {"location": {"web": {"url": "https://a.test/x", "domain": "a.test"}}},
                    {"source": "https://b.test", "title": "B", "location": {"searchResultLocation": {}}},
                    {"title": "of nowhere"},
                ],
            }
        },
        {"text": "."},
    )
    assert "".join(part.text for part in made.parts if isinstance(part, Text)) == "So: it is so."
    assert made.annotations == tuple(
        {"type": "url_citation", "url_citation": {**cited, "start_index": 4, "end_index": 12}}
        for cited in (
            {"url": "document:0#page=1", "title": "facts", "content": "It is so."},
            {"url": "https://a.test/x", "title": "a.test"},
            {"url": "https://b.test", "title": "B"},
        )
    )


def test_an_image_is_a_data_url() -> None:
    made = choice({"image": {"format": "png", "source": {"bytes": "iVBORw0KGgo="}}})
    assert made.parts == (ImageOutput("data:image/png;base64,iVBORw0KGgo="),)


@pytest.mark.parametrize(
    ("native", "reason"),
    [
        ("end_turn", "stop"), ("stop_sequence", "stop"), ("max_tokens", "length"), ("tool_use", "stop"),
        ("model_context_window_exceeded", "length"), ("guardrail_intervened", "content_filter"),
        ("content_filtered", "content_filter"), ("malformed_model_output", "error"), ("some_later_word", "stop"),
        (None, "stop"),
    ],
)  # fmt: skip
def test_stop_reasons(native: str | None, reason: str) -> None:
    made = choice({"text": "x"}, stop=native)
    assert (made.finish_reason, made.native_finish_reason) == (reason, native)
    assert (made.error is not None) == (reason == "error")


def test_a_malformed_answer_of_nothing_is_an_error() -> None:
    with pytest.raises(BadResponse, match="finish"):
        answer(stop="malformed_tool_use")


@pytest.mark.parametrize("stop", ["guardrail_intervened", "max_tokens"])
def test_a_filtered_or_cut_answer_may_be_empty(stop: str) -> None:
    assert choice(stop=stop).parts == ()


def test_an_empty_answer_that_spent_nothing_is_an_error() -> None:
    with pytest.raises(BadResponse, match="empty"):
        answer(usage={"inputTokens": 3, "outputTokens": 0, "totalTokens": 3})
    assert answer({"toolResult": {"toolUseId": "a", "content": []}}).choices[0].finish_reason == "stop"


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b"null", b'{"message":"no"}', b'{"output":{"message":{}}}', b"\xff"]
)
def test_what_holds_no_message_is_an_error(body: bytes) -> None:
    with pytest.raises(BadResponse):
        DIALECT.parse_response(body)


@pytest.mark.parametrize(
    ("counters", "usage"),
    [
        ({"inputTokens": 10, "outputTokens": 5, "totalTokens": 15}, Usage(10, 5)),
        (
            {"inputTokens": 10, "outputTokens": 5, "totalTokens": 145, "cacheReadInputTokens": 100, "cacheWriteInputTokens": 30},
            Usage(140, 5, 100, 30),
        ),
        (
            {"inputTokens": 140, "outputTokens": 5, "totalTokens": 145, "cacheReadInputTokens": 100},
            Usage(140, 5, 100),
        ),
        (
            {
                "inputTokens": 1, "outputTokens": 1, "totalTokens": 32, "cacheWriteInputTokens": 30,
                "cacheDetails": [{"ttl": "1h", "inputTokens": 20}, {"ttl": "5m", "inputTokens": 10}],
            },
            Usage(31, 1, 0, 30, 20),
        ),
    ],
)  # fmt: skip
def test_usage_counts_the_cache_once(counters: dict[str, Any], usage: Usage) -> None:
    assert answer({"text": "x"}, usage=counters).usage == usage


def test_tier_and_fields_of_the_wires_own_are_kept() -> None:
    result = answer(
        {"text": "x"}, serviceTier={"type": "flex"}, trace={"guardrail": {}}, performanceConfig=None
    )
    assert result.service_tier == "flex"
    assert result.extras == {"trace": {"guardrail": {}}}
