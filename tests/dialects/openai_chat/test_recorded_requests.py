"""What clients really sent to providers survives the way through the neutral form: JSON-equal but for what is named here."""

import json
from typing import cast

from recorded_exchanges import JsonObject, Recording, recordings
from waystation.codec.dialect import Target
from waystation.dialects.openai_chat import DIALECT

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
    return Target("m", reasoning_field=field, nested_reasoning=nested)


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
