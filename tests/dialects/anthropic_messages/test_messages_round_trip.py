"""This wire on both sides loses nothing: recorded requests, answers and streams come out as they went in, but for the envelope."""

import json
from typing import Any

from recorded_exchanges import Recording, recordings
from waystation.codec.dialect import Identity, Target
from waystation.dialects.anthropic_messages import DIALECT
from waystation.errors import InvalidRequest

IDENTITY = Identity("gen-1", "anthropic/claude", "Anthropic", 1)
ENVELOPE = {"id", "model", "provider"}
"""What the gateway says of a generation in its own words."""
Json = dict[str, Any]


def answers() -> list[Recording]:
    found = [one for one in recordings("anthropic.messages") if one.status == 200 and one.body is not None]
    return [one for one in found if (one.body or {}).get("type") == "message"]


def streams() -> list[Recording]:
    found = [one for one in recordings("anthropic.messages") if one.stream is not None]
    ends = (b"message_start", b"event: error", b"message_stop")
    return [one for one in found if [(one.stream or b"").count(end) for end in ends] == [2, 0, 2]]


def test_recorded_requests_reach_the_provider_as_they_were_sent() -> None:
    compared = 0
    for recording in recordings("anthropic.messages"):
        body: Any = recording.request
        if body is None or recording.status != 200:
            continue
        try:
            request = DIALECT.parse_request(json.dumps(body).encode(), "")
        except InvalidRequest:
            continue
        sent = DIALECT.render_request(request, Target(body["model"]))
        assert as_meant(json.loads(json.dumps(sent.body))) == as_meant(body), recording.name
        compared += 1
    assert compared > 250


def test_recorded_answers_reach_the_client_as_they_came() -> None:
    for recording in answers():
        body: Any = recording.body
        said = json.loads(
            DIALECT.render_response(DIALECT.parse_response(json.dumps(body).encode()), IDENTITY, None, None)
        )
        assert (said["id"], said["model"], said["provider"]) == ("gen-1", "anthropic/claude", "Anthropic")
        assert message(said) == message(body), recording.name


def test_recorded_streams_add_up_to_what_they_did() -> None:
    assert len(streams()) > 60
    for recording in streams():
        stream = recording.stream or b""
        parser, renderer = DIALECT.stream_parser(), DIALECT.stream_renderer(IDENTITY)
        events = parser.feed(stream) + parser.close()
        assert message(folded(renderer.feed(events))) == message(folded(stream)), recording.name


def as_meant(body: Json) -> Json:
    """A text that stands alone may be a string or a list of it; null and an empty list say nothing; turns of one role are one."""
    meant = {key: value for key, value in body.items() if value not in (None, [], "") and value is not False}
    meant["messages"] = turns(body["messages"])
    if "system" in meant:
        meant["system"] = blocks(meant["system"])
    if "tools" in meant:
        meant["tools"] = [{"type": "custom", **tool} for tool in meant["tools"]]
    return meant


def turns(messages: list[Json]) -> list[Json]:
    """Turns of the same role that follow each other are one; results come first in it, as the wire demands."""
    told: list[Json] = []
    for one in messages:
        if told and told[-1]["role"] == one["role"] != "system":
            told[-1]["content"] += blocks(one["content"])
        else:
            told.append({**one, "content": blocks(one["content"])})
    for one in told:
        if one["role"] == "user":
            one["content"].sort(key=lambda block: block["type"] != "tool_result")
    return told


def blocks(content: Any) -> list[Json]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content.strip() else []
    return [without_nothing(block) for block in content if block.get("text", "?").strip()]


def without_nothing(block: Json) -> Json:
    said = {key: value for key, value in block.items() if value not in (None, [], False)}
    if said["type"] == "tool_result":
        said["content"] = blocks(said.get("content", []))
    return said


def message(body: Json) -> Json:
    """A message but for its envelope and the keys that the published schema demands, with nothing in them."""
    said = {key: value for key, value in body.items() if key not in ENVELOPE and value is not None}
    said["content"] = [content(block) for block in body["content"] if block.get("text") != ""]
    said["usage"] = {key: value for key, value in body["usage"].items() if value}
    return said


def content(block: Json) -> Json:
    nothing: tuple[object, ...] = (None, [], {"type": "direct"})
    return {key: value for key, value in block.items() if key == "input" or value not in nothing}


def folded(stream: bytes) -> Json:
    """The message that a stream of events adds up to."""
    told: Json = {}
    for line in stream.decode().splitlines():
        if not line.startswith("data:"):
            continue
        event = json.loads(line.removeprefix("data:"))
        match event["type"]:
            case "message_start":
                told = event["message"]
            case "content_block_start":
                told["content"].append(event["content_block"] | {"pieces": ""})
            case "content_block_delta":
                add(told["content"][event["index"]], event["delta"])
            case "content_block_stop":
                block = told["content"][event["index"]]
                pieces = block.pop("pieces")
                if pieces:
                    block["input"] = json.loads(pieces)
            case "message_delta":
                told |= event["delta"]
                told["usage"] |= {key: value for key, value in event["usage"].items() if value is not None}
    return told


def add(block: Json, delta: Json) -> None:
    match delta["type"]:
        case "text_delta":
            block["text"] += delta["text"]
        case "thinking_delta":
            block["thinking"] += delta["thinking"]
        case "signature_delta":
            block["signature"] = block.get("signature", "") + delta["signature"]
        case "input_json_delta":
            block["pieces"] += delta["partial_json"]
        case "citations_delta":
            block["citations"] = [*(block.get("citations") or []), delta["citation"]]
        case "compaction_delta":
            block |= {key: value for key, value in delta.items() if key != "type"}
