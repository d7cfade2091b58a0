"""What Claude really answered, whole or streamed: translated without loss, and independent of how bytes are cut."""

import json
import random
from typing import cast

from hypothesis import given, settings
from hypothesis import strategies as st

from recorded_exchanges import JsonObject, Recording, recordings
from waystation.codec.assemble import assemble
from waystation.codec.stream_checker import check_stream
from waystation.dialects.anthropic_messages import DIALECT
from waystation.errors import ProviderError
from waystation.operations.chat import ChatResult
from waystation.operations.chat_events import Event, MessageEnd, StreamError
from waystation.operations.parts import Reasoning, Text, ToolCall

MANY_MESSAGES = b"event: message_start"


def answers() -> list[Recording]:
    found = [one for one in recordings("anthropic.messages") if one.status == 200 and one.body is not None]
    assert len(found) > 200
    return found


def streams() -> list[Recording]:
    found = [one for one in recordings("anthropic.messages") if one.stream is not None]
    assert len(found) > 50
    return [one for one in found if (one.stream or b"").count(MANY_MESSAGES) <= 1]


def events_of(*pieces: bytes) -> list[Event]:
    parser = DIALECT.stream_parser()
    events = [event for piece in pieces for event in parser.feed(piece)]
    return events + parser.close()


def blocks(body: JsonObject, kind: str) -> list[JsonObject]:
    content = cast("list[JsonObject]", body.get("content") or [])
    return [block for block in content if block["type"] == kind]


def test_recorded_answers_keep_what_they_said() -> None:
    for recording in answers():
        body = recording.body or {}
        if body.get("type") != "message":
            continue
        result = DIALECT.parse_response(json.dumps(body).encode())
        parts = result.choices[0].parts
        text = "".join(str(block["text"]) for block in blocks(body, "text"))
        assert "".join(part.text for part in parts if isinstance(part, Text)) == text, recording.name
        calls = [
            (part.id, part.name, json.loads(part.arguments)) for part in parts if isinstance(part, ToolCall)
        ]
        told = [(block["id"], block["name"], block["input"]) for block in blocks(body, "tool_use")]
        assert calls == told, recording.name
        thoughts = [
            (part.text, part.signature)
            for part in parts
            if isinstance(part, Reasoning) and part.kind == "text"
        ]
        said = [(block["thinking"], block.get("signature") or None) for block in blocks(body, "thinking")]
        assert thoughts == said, recording.name
        hidden = [part.data for part in parts if isinstance(part, Reasoning) and part.kind == "encrypted"]
        assert hidden == [block["data"] for block in blocks(body, "redacted_thinking")], recording.name
        assert result.choices[0].native_finish_reason == body["stop_reason"], recording.name


def test_recorded_usage_counts_the_whole_prompt_once() -> None:
    for recording in answers():
        usage = cast("JsonObject", (recording.body or {}).get("usage") or {})
        if not usage:
            continue
        ours = DIALECT.parse_response(json.dumps(recording.body).encode()).usage
        assert ours is not None
        cached = [usage.get(key) or 0 for key in ("cache_read_input_tokens", "cache_creation_input_tokens")]
        assert ours.prompt_tokens == cast("int", usage["input_tokens"]) + sum(cast("list[int]", cached)), (
            recording.name
        )
        assert (ours.cached_tokens, ours.cache_write_tokens) == tuple(cached), recording.name
        assert ours.completion_tokens == usage["output_tokens"], recording.name


def test_recorded_streams_are_well_formed_and_end_as_they_were_recorded() -> None:
    for recording in streams():
        events = events_of(recording.stream or b"")
        check_stream(events)
        broken = b"event: error" in (recording.stream or b"") or b"message_stop" not in (
            recording.stream or b""
        )
        assert isinstance(events[-1], StreamError if broken else MessageEnd), recording.name


def test_recorded_streams_are_the_same_however_their_bytes_are_cut() -> None:
    for recording in streams():
        stream = recording.stream or b""
        whole = events_of(stream)
        cuts = sorted(random.Random(recording.name).sample(range(len(stream)), min(40, len(stream))))
        pieces = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
        assert events_of(*pieces) == whole, recording.name
        if len(stream) < 6000:
            assert events_of(*[stream[at : at + 1] for at in range(len(stream))]) == whole, recording.name


def test_a_stream_that_is_cut_anywhere_is_never_a_success() -> None:
    for recording in streams()[:20]:
        stream = recording.stream or b""
        end = stream.find(b"event: message_stop")
        for cut in range(0, end, 97):
            assert isinstance(events_of(stream[:cut])[-1], StreamError), recording.name


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_mutated_answers_give_a_result_or_a_named_error(data: st.DataObject) -> None:
    body = json.loads(json.dumps(data.draw(st.sampled_from(answers())).body))
    for _ in range(data.draw(st.integers(1, 3))):
        mutate(body, data)
    try:
        result: ChatResult = DIALECT.parse_response(json.dumps(body).encode())
    except ProviderError:
        return
    assert result.choices[0].parts or result.choices[0].finish_reason != "stop" or result.usage


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_mutated_streams_end_well_formed(data: st.DataObject) -> None:
    recording = data.draw(st.sampled_from(streams()))
    lines = (recording.stream or b"").split(b"\n")
    at = data.draw(st.sampled_from([at for at, line in enumerate(lines) if line.startswith(b"data: {")]))
    event = json.loads(lines[at][6:])
    mutate(event, data)
    lines[at] = b"data: " + json.dumps(event).encode()
    events = events_of(b"\n".join(lines))
    check_stream(events)
    if isinstance(events[-1], MessageEnd):
        assemble(events)


def mutate(value: object, data: st.DataObject) -> None:
    """Take away, null, mistype or add one field, somewhere."""
    while isinstance(value, dict) and value:
        key = data.draw(st.sampled_from(sorted(value)))
        inner = value[key]
        if isinstance(inner, list) and inner and data.draw(st.booleans()):
            inner = inner[data.draw(st.integers(0, len(inner) - 1))]
        if isinstance(inner, dict) and inner and data.draw(st.booleans()):
            value = inner
            continue
        change = data.draw(st.sampled_from(["drop", "null", "text", "number", "list", "add"]))
        if change == "drop":
            del value[key]
        else:
            name = "something_new" if change == "add" else key
            value[name] = {"null": None, "text": "?", "number": -1, "list": [None], "add": {}}[change]
        return
