"""What clients really sent to providers survives the way through the neutral form: JSON-equal but for what is named here."""

import json
from collections.abc import Callable
from typing import Final, cast

from hypothesis import given, settings
from hypothesis import strategies as st

from recorded_exchanges import JsonObject, Recording, recordings
from waystation.codec.dialect import Target
from waystation.codec.request_body import decode_object
from waystation.dialects.openai_chat import DIALECT
from waystation.dialects.openai_chat.request import parse_request, request_of
from waystation.errors import InvalidRequest
from waystation.operations.chat import ChatRequest

GATEWAY_ONLY = {
    "models", "route", "provider", "plugins", "preset", "session_id", "trace", "transforms", "usage", "debug",
    "stop_server_tools_when", "max_tool_calls", "metadata", "include_reasoning",
}  # fmt: skip
"""Ours to act upon, never forwarded."""
SPELLED_OTHERWISE = {"model", "stream_options", "max_tokens", "max_completion_tokens", "stream"}


def target_for(recording: Recording) -> Target:
    """An endpoint that can say all that this provider was told."""
    messages = cast("list[JsonObject]", (recording.request or {}).get("messages") or [])
    field = (
        "reasoning_content" if any("reasoning_content" in message for message in messages) else "reasoning"
    )
    nested = recording.provider in {"openrouter", "snowflake"}
    return Target("m", reasoning_field=field, nested_reasoning=nested, developer_role=True)


def rendered(recording: Recording) -> JsonObject:
    request = DIALECT.parse_request(json.dumps(recording.request).encode(), "/chat/completions")
    body = DIALECT.render_request(request, target_for(recording)).body
    return cast("JsonObject", json.loads(json.dumps(body)))


def said(value: object) -> object:
    """Nothing said by null, and one spelling where the wire has two."""
    if isinstance(value, list):
        return [said(item) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {key: said(item) for key, item in value.items() if item is not None}
    content = kept.get("content")
    if isinstance(content, list) and len(content) == 1 and content[0].keys() == {"type", "text"}:
        kept["content"] = content[0]["text"]
    if kept.get("role") == "assistant":
        kept.setdefault("content", "")
        kept = {key: item for key, item in kept.items() if key == "content" or item not in ("", [])}
        if kept.get("tool_calls"):
            kept["content"] = kept["content"] or None
        if kept.get("reasoning") == kept.get("reasoning_content"):
            kept.pop("reasoning", None)
    return kept


def expected(recording: Recording) -> JsonObject:
    body = dict(recording.request or {})
    functions = body.pop("functions", None)
    if functions:
        body["tools"] = [
            {"type": "function", "function": function} for function in cast("list[object]", functions)
        ]
    call = body.pop("function_call", None)
    if call is not None:
        body["tool_choice"] = call
    if body.get("tools") == []:
        del body["tools"]
    if isinstance(body.get("stop"), str):
        body["stop"] = [body["stop"]]
    return body


def outcome(parse: Callable[[bytes], ChatRequest], body: bytes) -> ChatRequest | str:
    """What becomes of a body: a request, or the words of its refusal."""
    try:
        return parse(body)
    except InvalidRequest as error:
        return str(error)


def the_long_way(body: bytes) -> ChatRequest:
    """As if it had unknown keys."""
    return request_of(decode_object(body))


def test_bodies_without_unknown_keys_mean_what_they_mean_the_long_way() -> None:
    straight = 0
    for recording in recordings("openai.chat"):
        if recording.request:
            body = json.dumps(recording.request).encode()
            assert parse_request(body) == the_long_way(body), recording.name
            straight += parse_request(body).extras is None
    assert straight > 200


PARAMETERS: Final[dict[str, list[object]]] = {
    "model": ["a/b", "", None],
    "stream": [True, False, None],
    "max_tokens": [1, 0, None, 1.5, 2**70],
    "max_completion_tokens": [7, None],
    "temperature": [0, 2, 2.5, "1", None],
    "top_k": [0, 5, -1],
    "stop": ["", "a", [], ["a", "b"], ["a"] * 5],
    "tools": [[], [{"type": "function", "function": {"name": "f", "x": 1}, "y": 2}], [{"type": "web"}], [1]],
    "functions": [[], [{"name": "f"}]],
    "tool_choice": ["auto", "any", {"type": "function", "function": {"name": "f"}}],
    "function_call": ["none", {"name": "f"}],
    "response_format": [
        {"type": "text"},
        {"type": "text", "x": 1},
        {"type": "json_schema", "json_schema": {"name": "a", "schema": {}, "y": 1}},
        {"type": "json_schema"},
    ],
    "reasoning": [{"effort": "low"}, {"effort": "low", "x": 1}, {}],
    "reasoning_effort": ["low", "odd"],
    "models": [[], ["a/b"], [1]],
    "modalities": [[], ["text"], ["smell"]],
    "route": ["fallback", "x"],
    "top_logprobs": [3],
    "logprobs": [True],
    "service_tier": ["fast", "flex"],
    "debug": [{"echo_upstream_body": True}, {}],
    "logit_bias": [{}, {"1": 5}, {"1": 500}],
    "stream_options": [{"include_usage": True}, 1],
    "usage": [{"include": True}],
    "x_unknown": [1, None],
    "messages": [[], "a", None],
}
MESSAGES: Final[list[object]] = [
    {"role": "user", "content": "a"},
    {"role": "user", "content": "a", "name": "n", "tool_calls": []},
    {"role": "user", "content": [{"type": "text", "text": "a", "x": 1}]},
    {"role": "user", "content": None},
    {"role": "system", "content": "a", "x": 1},
    {"role": "assistant", "content": "a", "name": "n"},
    {"role": "assistant", "content": "a", "reasoning": "r"},
    {"role": "assistant", "content": None, "tool_calls": [{"id": "c", "function": {"name": "f"}}]},
    {"role": "assistant", "content": "", "refusal": "no"},
    {"role": "tool", "tool_call_id": "c", "content": "r"},
    {"role": "odd", "content": "a"},
    {"content": "a"},
]


FIELDS: Final = [(name, value) for name, values in PARAMETERS.items() for value in values]


@settings(max_examples=500, deadline=None)
@given(
    st.lists(st.sampled_from(MESSAGES), min_size=1, max_size=3),
    st.lists(st.sampled_from(FIELDS), max_size=4),
)
def test_any_body_means_or_fails_as_it_does_the_long_way(
    messages: list[object], fields: list[tuple[str, object]]
) -> None:
    body = json.dumps({"messages": messages, **dict(fields)}).encode()
    assert outcome(parse_request, body) == outcome(the_long_way, body)


def test_recorded_requests_keep_what_they_said() -> None:
    skipped = GATEWAY_ONLY | SPELLED_OTHERWISE
    asked = [recording for recording in recordings("openai.chat") if recording.request]
    assert len(asked) > 300
    for recording in asked:
        ours, theirs = rendered(recording), expected(recording)
        assert said({key: value for key, value in ours.items() if key not in skipped}) == said(
            {key: value for key, value in theirs.items() if key not in skipped}
        ), recording.name
        assert ours["model"] == "m"
        assert bool(ours.get("stream")) == bool(theirs.get("stream"))
        limit = theirs.get("max_completion_tokens") or theirs.get("max_tokens")
        assert ours.get("max_tokens") == limit
