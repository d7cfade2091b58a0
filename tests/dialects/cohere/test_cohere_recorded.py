"""Recorded traffic of Cohere's Chat: requests keep what they said, answers lose nothing however they are cut."""

import json
import random
from typing import Any, cast

from recorded_exchanges import JsonObject, Recording, recordings
from waystation.codec.assemble import assemble, disassemble
from waystation.codec.dialect import Target
from waystation.codec.stream_checker import check_stream
from waystation.dialects.cohere import DIALECT
from waystation.operations.chat import ChatResult
from waystation.operations.chat_events import Event, StreamError
from waystation.operations.parts import Reasoning, Text, ToolCall

MODEL = "command-a-reasoning-08-2025"


def asked() -> list[Recording]:
    found = [one for one in recordings("cohere.chat") if one.request]
    assert len(found) > 50
    return found


def answers() -> list[Recording]:
    found = [one for one in recordings("cohere.chat") if one.status == 200 and one.body is not None]
    assert len(found) > 50
    return found


def streams() -> list[Recording]:
    found = [one for one in recordings("cohere.chat") if one.stream is not None]
    assert len(found) >= 10
    return found


def events_of(*pieces: bytes) -> list[Event]:
    parser = DIALECT.stream_parser()
    events = [event for piece in pieces for event in parser.feed(piece)]
    return events + parser.close()


def said(value: Any) -> Any:
    """One spelling where the wire has several: a text alone, the old name of a schema, a stream that is not asked for."""
    if isinstance(value, list):
        return [said(item) for item in value]
    if not isinstance(value, dict):
        return value
    told = {key: said(item) for key, item in value.items() if item is not None}
    content = told.get("content")
    if isinstance(content, list) and len(content) == 1 and content[0].keys() == {"type", "text"}:
        told["content"] = content[0]["text"]
    if told.get("role") == "assistant" and told.get("content") == "":
        del told["content"]
    if told.get("type") == "json_object" and "schema" in told:
        told["json_schema"] = told.pop("schema")
    if told.get("type") == "function" and "parameters" in told.get("function", {}):
        parameters = told["function"]["parameters"]
        told["function"]["parameters"] = {"type": "object", "properties": {}} | parameters
    return told


def test_recorded_requests_keep_what_they_said() -> None:
    for recording in asked():
        theirs = {"stream": False, **cast("JsonObject", recording.request)}
        request = DIALECT.parse_request(json.dumps(theirs).encode(), "")
        rendered = DIALECT.render_request(request, Target(request.model or "", model_id=MODEL))
        assert said(json.loads(json.dumps(rendered.body))) == said(theirs), recording.name
        assert rendered.dropped == [], recording.name


def test_recorded_answers_keep_what_they_said() -> None:
    for recording in answers():
        body = cast("Any", recording.body)
        result = DIALECT.parse_response(json.dumps(body).encode())
        message, parts = body["message"], result.choices[0].parts
        blocks = message.get("content") or []
        assert [part.text for part in parts if isinstance(part, Text)] == [
            block["text"] for block in blocks if block["type"] == "text"
        ], recording.name
        assert [part.text for part in parts if isinstance(part, Reasoning)] == [
            text for text in [message.get("tool_plan"), *(block.get("thinking") for block in blocks)] if text
        ], recording.name
        assert [(part.id, part.name, part.arguments) for part in parts if isinstance(part, ToolCall)] == [
            (call["id"], call["function"]["name"], call["function"]["arguments"].strip())
            for call in message.get("tool_calls") or []
        ], recording.name
        sources = [source for citation in message.get("citations") or [] for source in citation["sources"]]
        assert len(result.choices[0].annotations) == len(sources), recording.name
        check_usage(result, body["usage"], recording.name)
        check_stream(disassemble(result))


def check_usage(result: ChatResult, told: Any, name: str) -> None:
    usage = result.usage
    assert usage is not None, name
    counted = told.get("tokens") or told["billed_units"]
    assert (usage.prompt_tokens, usage.completion_tokens) == (
        counted["input_tokens"],
        counted["output_tokens"],
    ), name
    assert usage.cached_tokens == told.get("cached_tokens", 0), name
    if "billed_units" in told:
        billed = told["billed_units"]
        assert (usage.charged_prompt_tokens, usage.charged_completion_tokens) == (
            billed.get("input_tokens", 0),
            billed.get("output_tokens", 0),
        ), name


def test_recorded_streams_are_well_formed_and_whole() -> None:
    for recording in streams():
        events = events_of(recording.stream or b"")
        check_stream(events)
        result = assemble(events)
        frames = [
            json.loads(line[6:])
            for line in (recording.stream or b"").decode().splitlines()
            if line.startswith("data: {")
        ]
        [end] = [frame for frame in frames if frame["type"] == "message-end"]
        check_usage(result, end["delta"]["usage"], recording.name)
        texts = [
            (frame.get("delta", {}).get("message", {}).get("content") or {}).get("text") or ""
            for frame in frames
            if frame["type"].startswith("content-")
        ]
        parts = result.choices[0].parts
        assert "".join(part.text for part in parts if isinstance(part, Text)) == "".join(texts), (
            recording.name
        )
        starts = [frame for frame in frames if frame["type"] == "tool-call-start"]
        calls = [part for part in parts if isinstance(part, ToolCall)]
        assert [call.id for call in calls] == [
            frame["delta"]["message"]["tool_calls"]["id"] for frame in starts
        ], recording.name
        assert all(isinstance(json.loads(call.arguments), dict) for call in calls), recording.name


def comparable(events: list[Event]) -> list[object]:
    return [str(event.error) if isinstance(event, StreamError) else event for event in events]


def test_recorded_streams_are_the_same_at_any_split() -> None:
    chance = random.Random(5)
    for recording in streams():
        stream = recording.stream or b""
        whole = comparable(events_of(stream))
        assert comparable(events_of(*[stream[at : at + 1] for at in range(len(stream))])) == whole
        for _ in range(20):
            cuts = sorted(chance.choices(range(len(stream) + 1), k=30))
            pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
            assert comparable(events_of(*pieces)) == whole, recording.name


def test_a_stream_that_is_cut_anywhere_is_an_error() -> None:
    for recording in streams():
        stream = recording.stream or b""
        end = stream.rindex(b"event: message-end")
        for at in range(0, end, 97):
            assert isinstance(events_of(stream[:at])[-1], StreamError), recording.name
