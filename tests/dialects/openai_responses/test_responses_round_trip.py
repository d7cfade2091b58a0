"""This wire on both sides loses nothing: recorded answers and streams come out as they went in, but for the envelope."""

import json
from typing import Any

from recorded_exchanges import Recording, recordings
from waystation.codec.dialect import Identity
from waystation.dialects.openai_responses import DIALECT
from waystation.errors import ProviderError

IDENTITY = Identity("gen-1", "openai/gpt", "OpenAI", 1)
ENVELOPE = {"id", "model", "created_at", "completed_at", "status", "object", "error", "usage"}
"""What the gateway says of a generation in its own words, its counters being compared apart."""
UNFINISHED = {"queued", "in_progress", "cancelled", "failed"}
Json = dict[str, Any]


def answers() -> list[Recording]:
    found = [one for one in recordings("openai.responses") if one.status == 200 and one.body]
    return [one for one in found if (one.body or {}).get("status", "completed") not in UNFINISHED]


def streams() -> list[Recording]:
    found = [one for one in recordings("openai.responses") if one.status == 200 and one.stream]
    once = [one for one in found if (one.stream or b"").count(b'"type":"response.created"') == 1]
    # Two hosts name an item anew as they go on; one cassette was made to fill an item in at the end alone.
    odd = ("id-rotation", "raw-cot", "backfills")
    return [one for one in once if not any(word in one.name for word in odd)]


def test_recorded_answers_reach_the_client_as_they_came() -> None:
    compared = 0
    for recording in answers():
        body: Any = recording.body
        try:
            result = DIALECT.parse_response(json.dumps(body).encode())
        except ProviderError:
            continue
        said = json.loads(DIALECT.render_response(result, IDENTITY, None, None))
        assert (said["id"], said["model"], said["created_at"]) == ("gen-1", "openai/gpt", 1)
        assert response(said) == response(body), recording.name
        assert counted(said) == counted(body), recording.name
        compared += 1
    assert compared > 250


def test_recorded_streams_reach_the_client_as_they_came() -> None:
    compared = 0
    for recording in streams():
        parser, renderer = DIALECT.stream_parser(), DIALECT.stream_renderer(IDENTITY)
        events = parser.feed(recording.stream or b"") + parser.close()
        theirs, ours = told(recording.stream or b""), told(renderer.feed(events) + renderer.close())
        if theirs[-1]["type"] not in {"response.completed", "response.incomplete"} or contradicts(theirs):
            continue
        assert [one["sequence_number"] for one in ours] == list(range(len(ours))), recording.name
        assert items(ours) == items(theirs), recording.name
        assert said_in(ours) == said_in(theirs), recording.name
        end = theirs[-1]["response"]
        assert ours[-1]["type"] == theirs[-1]["type"], recording.name
        without = frozenset() if end.get("output") else frozenset({"output"})
        # What is sealed is sealed anew each time it is told: here it is as its item's own event told it.
        for one in [*end.get("output", []), *ours[-1]["response"]["output"]]:
            one.pop("encrypted_content", None)
        assert response(ours[-1]["response"], without) == response(end, without), recording.name
        compared += 1
    assert compared > 30


def response(body: Json, without: frozenset[str] = frozenset()) -> Json:
    """A response but for its envelope, and for what the schema demands where nothing was said."""
    said = {key: value for key, value in body.items() if key not in ENVELOPE | without and value is not None}
    said = {key: said[key] for key in said if key in body and body[key] not in ([], {}, None)}
    said["output"] = [item(one) for one in body["output"]]
    for key in (
        "background",
        "store",
        "parallel_tool_calls",
        "tool_choice",
        "text",
        "service_tier",
        "reasoning",
    ):
        said.pop(key, None)
    return {key: value for key, value in said.items() if key not in without}


def counted(body: Json) -> Json:
    usage = body.get("usage") or {}
    ours = {"server_tool_use_details"}
    told_of = {key: value for key, value in usage.items() if value and key not in ours}
    for key, value in told_of.items():
        if isinstance(value, dict):
            told_of[key] = {name: count for name, count in value.items() if count}
    return told_of


def item(value: Json) -> Json:
    """An item; empty lists and null say nothing, and a status that every finished item has."""
    said = {key: one for key, one in value.items() if one not in (None, [], {}) and key != "status"}
    if "content" in said and isinstance(said["content"], list):
        said["content"] = [piece_of(piece) for piece in said["content"]]
    return said


def piece_of(piece: Json) -> Json:
    """A piece without its log probabilities, which are rounded at the end."""
    return {key: value for key, value in piece.items() if value not in (None, []) and key != "logprobs"}


def told(stream: bytes) -> list[Json]:
    lines = stream.decode().replace("\r\n", "\n").splitlines()
    return [json.loads(line[5:]) for line in lines if line.startswith("data:") and "[DONE]" not in line]


def items(events: list[Json]) -> list[Json]:
    """The items in the order of their places, which one host does not end them in."""
    ended = [one for one in events if one["type"] == "response.output_item.done"]
    return [item(one["item"]) for one in sorted(ended, key=lambda one: one["output_index"])]


def contradicts(events: list[Json]) -> bool:
    """Whether the text of the deltas is another than that of the items."""
    pieces = [p for one in items(events) for p in one.get("content", []) if one["type"] == "message"]
    return said_in(events).get("response.output_text.delta", "") != "".join(p.get("text", "") for p in pieces)


def said_in(events: list[Json]) -> dict[str, str]:
    """What the deltas of each kind add up to."""
    found: dict[str, str] = {}
    for one in events:
        if one["type"].endswith(".delta"):
            found[one["type"]] = found.get(one["type"], "") + one["delta"]
    return found
