"""What Gemini was really asked and really answered, at AI Studio and at Vertex: nothing is lost, however bytes are cut."""

import json
import random
from collections import Counter
from typing import cast

import pytest

from recorded_exchanges import JsonObject, Recording, recordings
from waystation.codec.assemble import assemble
from waystation.codec.dialect import Target
from waystation.codec.stream_checker import check_stream
from waystation.dialects.gemini import DIALECT
from waystation.dialects.gemini.wire import SERVER_SIDE, camel_case
from waystation.errors import InvalidRequest, ProviderError, UpstreamRejected
from waystation.operations.chat import ChatResult
from waystation.operations.chat_events import Event
from waystation.operations.parts import AudioOutput, ImageOutput, Reasoning, Text, ToolCall

OWN_WORDS = {
    "args",
    "response",
    "properties",
    "labels",
    "parameters",
    "parametersJsonSchema",
    "data",
    "value",
}


def all_recordings() -> tuple[Recording, ...]:
    found = recordings("google.generateContent")
    print(Counter((one.provider, "stream" if one.stream else "whole", one.status) for one in found))
    assert len(found) > 280
    return found


def streams() -> list[Recording]:
    found = [one for one in all_recordings() if one.stream is not None]
    assert len(found) > 40
    return found


def answers() -> list[Recording]:
    found = [one for one in all_recordings() if one.status == 200 and one.body is not None]
    assert len(found) > 230
    return found


def events_of(*pieces: bytes) -> list[Event]:
    parser = DIALECT.stream_parser()
    events = [event for piece in pieces for event in parser.feed(piece)]
    return events + parser.close()


def without_made_ids(events: list[Event]) -> str:
    """Calls that came without an id get a fresh one each time."""
    text = repr(assemble(events))
    for choice in assemble(events).choices:
        for number, part in enumerate(choice.parts):
            if isinstance(part, ToolCall):
                text = text.replace(part.id, f"call {number}")
    return text


def said_by(result: ChatResult) -> JsonObject:
    parts = [part for choice in result.choices for part in choice.parts]
    return {
        "text": "".join(part.text for part in parts if isinstance(part, Text)),
        "thoughts": "".join(part.text or "" for part in parts if isinstance(part, Reasoning)),
        "calls": [(part.name, json.loads(part.arguments)) for part in parts if isinstance(part, ToolCall)],
        "signatures": sorted(
            [part.signature for part in parts if isinstance(part, Reasoning) and part.signature]
            + [
                data
                for part in parts
                if isinstance(part, Reasoning) and (data := part.data) and not data.startswith("{")
            ]
        ),
        "server": [
            json.loads(part.data)
            for part in parts
            if isinstance(part, Reasoning) and part.data and part.data.startswith("{")
        ],
        "media": sum(isinstance(part, ImageOutput | AudioOutput) for part in parts),
    }


def said_on_the_wire(chunks: list[JsonObject]) -> JsonObject:
    parts: list[JsonObject] = []
    for chunk in chunks:
        for candidate in cast("list[JsonObject]", chunk.get("candidates") or []):
            content = cast("JsonObject", candidate.get("content") or {})
            parts += cast("list[JsonObject]", content.get("parts") or [])
    server = [part for part in parts if SERVER_SIDE & part.keys()]
    own = [part for part in parts if not SERVER_SIDE & part.keys()]
    calls = [cast("JsonObject", part["functionCall"]) for part in own if "functionCall" in part]
    return {
        "text": "".join(str(part["text"]) for part in own if "text" in part and not part.get("thought")),
        "thoughts": "".join(str(part["text"]) for part in own if "text" in part and part.get("thought")),
        "calls": [(call["name"], call.get("args") or {}) for call in calls],
        "signatures": sorted(str(part["thoughtSignature"]) for part in own if "thoughtSignature" in part),
        "server": server,
        "media": sum("inlineData" in part for part in own),
    }


def test_recorded_answers_keep_what_they_said() -> None:
    for recording in answers():
        body = recording.body or {}
        data = json.dumps(body).encode()
        if "promptFeedback" in body:
            with pytest.raises(UpstreamRejected, match="content policy"):
                DIALECT.parse_response(data)
            continue
        result = DIALECT.parse_response(data)
        assert said_by(result) == said_on_the_wire([body]), recording.name


def chunks_of(stream: bytes) -> list[JsonObject]:
    if stream.startswith(b"["):
        return cast("list[JsonObject]", json.loads(stream))
    return [json.loads(line[5:]) for line in stream.splitlines() if line.startswith(b"data:")]


def test_recorded_streams_keep_what_they_said() -> None:
    for recording in streams():
        chunks = chunks_of(recording.stream or b"")
        if "partialArgs" in str(chunks):
            continue
        assert said_by(assemble(events_of(recording.stream or b""))) == said_on_the_wire(chunks), (
            recording.name
        )


def test_arguments_that_came_in_pieces_are_whole() -> None:
    found = [one for one in streams() if b"partialArgs" in (one.stream or b"")]
    assert found
    for recording in found:
        calls = cast(
            "list[tuple[str, JsonObject]]", said_by(assemble(events_of(recording.stream or b"")))["calls"]
        )
        assert calls == [
            ("read_theme", {}),
            ("read_screen", {"id": "A"}),
            ("read_screen", {"id": "B"}),
            ("read_screen", {"id": "C"}),
        ]


def test_recorded_streams_are_well_formed_and_the_same_at_any_split() -> None:
    chance = random.Random(7)
    for recording in streams():
        stream = recording.stream or b""
        whole = events_of(stream)
        check_stream(whole)
        wanted = without_made_ids(whole)
        cuts = sorted(chance.sample(range(len(stream)), min(5, len(stream) - 1)))
        pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
        assert without_made_ids(events_of(*pieces)) == wanted, recording.name
        if len(stream) < 50_000:
            bytewise = events_of(*[stream[at : at + 1] for at in range(len(stream))])
            check_stream(bytewise)
            assert without_made_ids(bytewise) == wanted, recording.name


def test_recorded_usage_adds_up() -> None:
    for recording in answers():
        counted = cast("JsonObject", (recording.body or {}).get("usageMetadata") or {})
        if not counted.get("totalTokenCount"):
            continue
        usage = DIALECT.parse_response(json.dumps(recording.body).encode()).usage
        assert usage is not None
        assert usage.total_tokens == counted["totalTokenCount"], recording.name
        assert usage.reasoning_tokens == counted.get("thoughtsTokenCount", 0)
        assert usage.cached_tokens == counted.get("cachedContentTokenCount", 0)


def test_every_recorded_error_is_named() -> None:
    failed = [one for one in all_recordings() if one.status != 200]
    assert len(failed) > 5
    for recording in failed:
        error = DIALECT.parse_error(recording.status, recording.headers, json.dumps(recording.body).encode())
        assert isinstance(error, ProviderError)
        assert error.provider_code, recording.name


def in_camel_case(value: object, key: str = "") -> object:
    """The body with its own keys, not the caller's, in one spelling, and what both spellings leave open made equal."""
    if isinstance(value, list):
        return [in_camel_case(item) for item in value]
    if not isinstance(value, dict) or key in OWN_WORDS:
        return value
    said = {name: item for name, item in value.items() if item is not None}
    return {camel_case(name): in_camel_case(item, camel_case(name)) for name, item in said.items()}


def meaning(body: JsonObject) -> JsonObject:
    value = cast("JsonObject", in_camel_case(body))
    value.pop("model", None)
    config = cast("JsonObject", value.pop("generationConfig", None) or {})
    thinking = cast("JsonObject", config.get("thinkingConfig") or {})
    if isinstance(level := thinking.get("thinkingLevel"), str):
        thinking["thinkingLevel"] = level.lower()
    if config:
        value["generationConfig"] = config
    turns: list[JsonObject] = []
    for turn in cast("list[JsonObject]", value["contents"]):
        if turns and turns[-1]["role"] == turn.get("role", "user"):
            cast("list[object]", turns[-1]["parts"]).extend(cast("list[object]", turn["parts"]))
        else:
            turns.append(
                {"role": turn.get("role", "user"), "parts": list(cast("list[object]", turn["parts"]))}
            )
    for turn in turns:
        turn["parts"] = [plain(cast("JsonObject", part)) for part in cast("list[object]", turn["parts"])]
    value["contents"] = turns
    if "systemInstruction" in value:
        value["systemInstruction"] = cast("JsonObject", value["systemInstruction"])["parts"]
    functions: list[object] = []
    others: list[object] = []
    for tool in cast("list[JsonObject]", value.pop("tools", None) or []):
        functions += [
            {name: item for name, item in cast("JsonObject", one).items() if name != "parametersJsonSchema"}
            for one in cast("list[object]", tool.get("functionDeclarations") or [])
        ]
        others += [{name: item} for name, item in tool.items() if name != "functionDeclarations"]
    value["tools"] = [functions, others]
    choice = cast(
        "JsonObject", cast("JsonObject", value.get("toolConfig") or {}).get("functionCallingConfig") or {}
    )
    if choice:
        choice["mode"] = str(choice["mode"]).upper()
    return value


def plain(part: JsonObject) -> JsonObject:
    for name in ("functionCall", "functionResponse"):
        if isinstance(inner := part.get(name), dict):
            rest = {key: item for key, item in inner.items() if key != "id"}
            rest.setdefault("args" if name == "functionCall" else "response", {})
            part = {**part, name: rest}
    return part


def test_recorded_requests_say_the_same_again() -> None:
    asked = [one for one in all_recordings() if one.request is not None]
    assert len(asked) > 250
    for recording in asked:
        try:
            request = DIALECT.parse_request(json.dumps(recording.request).encode(), recording.path)
        except InvalidRequest:
            assert recording.status == 400, recording.name
            continue
        assert request.stream == ("stream" in recording.path)
        rendered = DIALECT.render_request(request, Target(request.model or ""))
        assert not rendered.dropped, recording.name
        wanted, got = meaning(recording.request or {}), meaning(json.loads(json.dumps(rendered.body)))
        for value in (wanted, got):
            config = cast("JsonObject", value.get("generationConfig") or {})
            if "responseJsonSchema" in config:
                config["responseJsonSchema"] = bool(config["responseJsonSchema"])
            if not config:
                value.pop("generationConfig", None)
        assert got == wanted, recording.name
