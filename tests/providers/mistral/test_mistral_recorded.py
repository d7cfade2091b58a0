"""What clients really sent to Mistral arrives as they sent it: JSON-equal but for what is named here."""

import json
from typing import Any, cast

from recorded_exchanges import JsonObject, Recording, recordings
from waystation.catalog.endpoint import Endpoint
from waystation.dialects.openai_chat import DIALECT
from waystation.providers.mistral.provider import Mistral


def requests() -> list[Recording]:
    found = [one for one in recordings("mistral.chat") if one.request is not None]
    assert len(found) > 50
    return found


def sent_on(recording: Recording) -> dict[str, Any]:
    native_id = str((recording.request or {})["model"])
    endpoint = Endpoint("judge/m", "mistral", "mistral", native_id)
    provider = Mistral()
    asked = dict(recording.request or {})
    if asked.get("tool_choice") == "any":
        asked["tool_choice"] = "required"  # as our clients say it
    request = DIALECT.parse_request(json.dumps(asked).encode(), "")
    body = DIALECT.render_request(request, provider.target(endpoint)).body
    amendment = provider.amend_request(body, endpoint)
    assert not amendment or not amendment.dropped, recording.name
    return cast("dict[str, Any]", json.loads(json.dumps(body)))


def said(message: JsonObject) -> JsonObject:
    """One spelling where the wire has several."""
    value = {key: field for key, field in message.items() if field not in (None, False, [])}
    content = value.get("content", "")
    parts = content if isinstance(content, list) else [{"type": "text", "text": content}] if content else []
    value["content"] = [part_said(part) for part in parts]
    for call in cast("list[JsonObject]", value.get("tool_calls") or []):
        call.pop("index", None)
    return value


def part_said(part: dict[str, Any]) -> JsonObject:
    if part["type"] == "thinking":
        return {"type": "thinking", "text": "".join(piece["text"] for piece in part["thinking"])}
    url = part.get("image_url")
    return {**part, "image_url": {"url": url}} if isinstance(url, str) else part


def test_recorded_requests_keep_what_they_said() -> None:
    for recording in requests():
        body = sent_on(recording)
        wanted: dict[str, Any] = dict(recording.request or {})
        ours = [said(message) for message in body.pop("messages")]
        theirs = [said(message) for message in wanted.pop("messages")]
        assert ours == theirs, recording.name
        if wanted.get("tools"):
            wanted["tools"] = [{"type": "function", **tool} for tool in wanted["tools"]]
        if isinstance(wanted.get("stop"), str):
            wanted["stop"] = [wanted["stop"]]
        kept = {key: field for key, field in wanted.items() if field is not None and key != "stream"}
        assert {key: field for key, field in body.items() if key != "stream"} == kept, recording.name


def test_recorded_call_ids_are_mistrals_own_and_stay() -> None:
    ids = [
        call["id"]
        for recording in requests()
        for message in cast("list[dict[str, Any]]", (recording.request or {})["messages"])
        for call in message.get("tool_calls") or []
    ]
    assert len(ids) > 10
    assert all(len(call_id) == 9 for call_id in ids)
