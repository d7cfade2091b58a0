"""What Ollama really answered: translated without loss, independent of how bytes are cut."""

import json
import random
from typing import cast

from recorded_exchanges import JsonObject, Recording, recordings
from waystation.codec.assemble import assemble
from waystation.codec.dialect import Target
from waystation.codec.stream_checker import check_stream
from waystation.dialects.ollama import DIALECT
from waystation.errors import ModelGone
from waystation.operations.chat import ChatRequest, ChatResult, Message
from waystation.operations.chat_events import Event, MessageEnd, StreamError
from waystation.operations.parts import Part, Reasoning, Text, ToolCall, ToolResult


def chats() -> list[Recording]:
    found = [one for one in recordings("ollama.native") if one.path == "/api/chat"]
    assert len(found) > 5
    return found


def answers() -> list[Recording]:
    return [one for one in chats() if one.status == 200 and one.body is not None]


def streams() -> list[bytes]:
    found = [one.stream for one in chats() if one.stream is not None]
    assert found
    return found


def events_of(*pieces: bytes) -> list[Event]:
    parser = DIALECT.stream_parser()
    events = [event for piece in pieces for event in parser.feed(piece)]
    return events + parser.close()


def lines_of(stream: bytes) -> list[JsonObject]:
    return [json.loads(line) for line in stream.splitlines() if line.strip()]


def message_of(value: JsonObject) -> JsonObject:
    return cast("JsonObject", value["message"])


def told(result: ChatResult) -> tuple[str, str, list[tuple[str, object]]]:
    parts = result.choices[0].parts
    text = "".join(part.text for part in parts if isinstance(part, Text))
    thought = "".join(part.text or "" for part in parts if isinstance(part, Reasoning))
    return (
        text,
        thought,
        [(part.name, json.loads(part.arguments)) for part in parts if isinstance(part, ToolCall)],
    )


def test_recorded_answers_keep_what_they_said() -> None:
    for recording in answers():
        body = recording.body or {}
        message = message_of(body)
        result = DIALECT.parse_response(json.dumps(body).encode())
        calls = [
            (call["function"]["name"], call["function"]["arguments"])
            for call in cast("list[dict[str, dict[str, object]]]", message.get("tool_calls") or [])
        ]
        assert told(result) == (message["content"], message.get("thinking", ""), calls), recording.name
        assert result.choices[0].native_finish_reason == body["done_reason"], recording.name
        assert result.usage is not None
        counted = (result.usage.prompt_tokens, result.usage.completion_tokens)
        assert counted == (body["prompt_eval_count"], body["eval_count"]), recording.name


def test_recorded_streams_keep_what_they_said() -> None:
    for stream in streams():
        events = events_of(stream)
        check_stream(events)
        messages = [message_of(line) for line in lines_of(stream)]
        text = "".join(str(message["content"]) for message in messages)
        thought = "".join(str(message.get("thinking", "")) for message in messages)
        assert told(assemble(events)) == (text, thought, [])
        assert isinstance(events[-1], MessageEnd)
        assert events[-1].usage is not None
        assert events[-1].usage.completion_tokens == lines_of(stream)[-1]["eval_count"]


def test_recorded_streams_are_the_same_however_their_bytes_are_cut() -> None:
    for number, stream in enumerate(streams()):
        whole = events_of(stream)
        cuts = sorted(random.Random(number).sample(range(len(stream)), 60))
        pieces = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
        assert events_of(*pieces) == whole
        assert events_of(*[stream[at : at + 1] for at in range(len(stream))]) == whole


def test_a_stream_that_is_cut_anywhere_is_never_a_success() -> None:
    for stream in streams():
        end = stream.rstrip().rfind(b"\n")
        for cut in range(0, end, 997):
            assert isinstance(events_of(stream[:cut])[-1], StreamError)


def test_the_recorded_refusal_is_a_missing_model() -> None:
    refused = [one for one in chats() if one.status != 200]
    assert refused
    for one in refused:
        error = DIALECT.parse_error(one.status, one.headers, json.dumps(one.body).encode())
        assert isinstance(error, ModelGone)


def request_of(body: JsonObject) -> ChatRequest:
    """The neutral form of a recorded request: what our caller must have said for it to be sent."""
    messages = []
    calls = 0
    for value in cast("list[JsonObject]", body["messages"]):
        parts: list[Part] = [Text(str(value["content"]))] if value["content"] else []
        for call in cast("list[dict[str, JsonObject]]", value.get("tool_calls") or []):
            function = call["function"]
            parts.append(ToolCall(f"call_{calls}", str(function["name"]), json.dumps(function["arguments"])))
            calls += 1
        if value["role"] == "tool":
            parts = [ToolResult("call_0", tuple(parts))]
        messages.append(Message(str(value["role"]), tuple(parts)))
    options = cast("dict[str, int]", body.get("options") or {})
    return ChatRequest(
        dialect="openai_chat",
        model=str(body["model"]),
        messages=tuple(messages),
        stream=bool(body["stream"]),
        temperature=options.get("temperature"),
        seed=options.get("seed"),
    )


def test_recorded_requests_can_be_asked() -> None:
    for recording in chats():
        wanted = recording.request or {}
        rendered = DIALECT.render_request(request_of(wanted), Target(str(wanted["model"])))
        assert rendered.path == recording.path
        for key in ("model", "stream"):
            assert rendered.body[key] == wanted[key], recording.name
        assert rendered.body.get("options", {}) == (wanted.get("options") or {}), recording.name
        ours, theirs = (cast("list[JsonObject]", body["messages"]) for body in (rendered.body, wanted))
        for our, their in zip(ours, theirs, strict=True):
            assert (our["role"], our["content"]) == (their["role"], their["content"]), recording.name
            assert [call["function"] for call in cast("list[JsonObject]", our.get("tool_calls", []))] == [
                call["function"] for call in cast("list[JsonObject]", their.get("tool_calls", []))
            ]
