"""Recorded traffic of Responses at six hosts: requests keep what they said, answers lose nothing however they are cut."""

import json
import random
from collections import Counter
from typing import Any, cast

from openai.types.responses import ResponseCreateParams
from pydantic import TypeAdapter, ValidationError

from recorded_exchanges import JsonObject, Recording, recordings
from waystation.codec.assemble import assemble, disassemble
from waystation.codec.dialect import Target
from waystation.codec.stream_checker import check_stream
from waystation.dialects import openai_chat
from waystation.dialects.openai_responses import DIALECT
from waystation.dialects.openai_responses.request import parse_request
from waystation.dialects.openai_responses.wire import ORIGIN
from waystation.errors import BadResponse, InvalidRequest, ProviderError
from waystation.operations.chat import ChatResult
from waystation.operations.chat_events import Event, StreamError
from waystation.operations.parts import Reasoning, Text, ToolCall

UNFINISHED = {"queued", "in_progress", "cancelled", "failed"}


def asked() -> list[Recording]:
    found = [one for one in recordings("openai.responses") if one.request and one.status == 200]
    assert len(found) > 300
    return found


def answers() -> list[Recording]:
    found = [
        one
        for one in recordings("openai.responses")
        if one.status == 200 and one.body and one.body.get("status") not in UNFINISHED
    ]
    assert len(found) > 250
    return found


def streams() -> list[Recording]:
    found = [one for one in recordings("openai.responses") if one.stream is not None]
    assert len(found) > 75
    return found


def events_of(*pieces: bytes) -> list[Event]:
    parser = DIALECT.stream_parser()
    events = [event for piece in pieces for event in parser.feed(piece)]
    return events + parser.close()


def parsed(recording: Recording) -> ChatResult:
    return DIALECT.parse_response(json.dumps(recording.body).encode())


def said(value: Any) -> Any:
    """One spelling where the wire has several: texts alone, types that are understood, defaults, neighbours joined."""
    if isinstance(value, list):
        return joined([said(item) for item in value])
    if not isinstance(value, dict):
        return value
    told = {key: said(item) for key, item in value.items() if item is not None}
    if told.get("type") in {"input_text", "output_text", "text"} and "text" in told:
        told = {key: item for key, item in told.items() if key not in {"type", "annotations", "logprobs"}}
    for key in ("content", "output"):
        one = told.get(key)
        if isinstance(one, list) and len(one) == 1 and isinstance(one[0], dict) and one[0].keys() == {"text"}:
            told[key] = one[0]["text"]
    return SPELLINGS.get(str(told.get("type", "")), plainly)(told)


def plainly(told: JsonObject) -> JsonObject:
    """Requests and messages, which name no type."""
    if "role" in told:
        told.pop("type", None)
        told.pop("status", None)
    if isinstance(told.get("input"), str):
        told["input"] = [{"role": "user", "content": told["input"]}]
    reasoning = told.get("reasoning")
    if isinstance(reasoning, dict) and "generate_summary" in reasoning:
        reasoning["summary"] = reasoning.pop("generate_summary")
    return told


def thought(told: JsonObject) -> JsonObject:
    return {key: item for key, item in told.items() if (key, item) != ("content", [])}


SPELLINGS: dict[str, Any] = {
    "function": lambda told: {"strict": True, "parameters": {"type": "object", "properties": {}}, **told},
    "input_image": lambda told: {"detail": "auto", **told},
    "reasoning": thought,
    "message": plainly,
}


def joined(items: list[Any]) -> list[Any]:
    """Messages of the assistant that follow each other are one; those that are empty say nothing."""
    made: list[Any] = []
    for item in items:
        last = made[-1] if made else None
        if isinstance(item, dict) and "role" in item and item.get("content") == "":
            continue
        if last is not None and is_said(item) and is_said(last) and kept(item) == kept(last):
            made[-1] = {**last, "content": pieces(last["content"]) + pieces(item["content"])}
        else:
            made.append(item)
    return made


def kept(item: Any) -> JsonObject:
    return {key: value for key, value in item.items() if key != "content"}


def is_said(item: Any) -> bool:
    return isinstance(item, dict) and item.get("role") == "assistant"


def pieces(content: Any) -> list[Any]:
    return [{"text": content}] if isinstance(content, str) else list(content)


def plain(body: JsonObject) -> JsonObject:
    """Without fields that say nothing."""
    return {key: item for key, item in body.items() if item not in ({}, "", [])}


def body_of(recording: Recording) -> JsonObject:
    """What was asked, with what this gateway adds on its own."""
    body = dict(cast("JsonObject", recording.request))
    body.setdefault("store", False)
    if not body.get("stream"):
        body.pop("stream", None)
    return body


def test_recorded_requests_keep_what_they_said() -> None:
    for recording in asked():
        theirs = body_of(recording)
        request = parse_request(json.dumps(theirs).encode(), ORIGIN)
        rendered = DIALECT.render_request(request, Target(request.model or "", model_id="plain"))
        body = {
            key: item for key, item in json.loads(json.dumps(rendered.body)).items() if item not in ("", [])
        }
        if theirs.get("include") is None:
            body.pop("include", None)
        assert plain(said(body)) == plain(said(theirs)), recording.name
        assert rendered.dropped == [], recording.name


def test_encrypted_reasoning_of_requests_is_sent_byte_for_byte() -> None:
    sealed = 0
    for recording in asked():
        items = cast("JsonObject", recording.request).get("input")
        theirs = [one for one in items if one.get("type") == "reasoning"] if isinstance(items, list) else []
        request = parse_request(json.dumps(recording.request).encode(), ORIGIN)
        body = DIALECT.render_request(request, Target(request.model or "")).body
        ours = [one for one in cast("Any", body["input"]) if one.get("type") == "reasoning"]
        assert [one.get("encrypted_content") for one in ours] == [
            one.get("encrypted_content") for one in theirs
        ], recording.name
        sealed += sum("encrypted_content" in one for one in theirs)
    assert sealed > 50


def test_recorded_answers_keep_what_they_said() -> None:
    for recording in answers():
        result = parsed(recording)
        items = cast("Any", recording.body)["output"]
        parts = result.choices[0].parts
        pieces_said = [p for item in items if item["type"] == "message" for p in item["content"]]
        assert [part.text for part in parts if isinstance(part, Text)] == [
            piece["text"] for piece in pieces_said if piece.get("text")
        ], recording.name
        assert [(part.id, part.name, part.arguments) for part in parts if isinstance(part, ToolCall)] == [
            (item["call_id"], item["name"], item.get("arguments", item.get("input")))
            for item in items
            if item["type"] in {"function_call", "custom_tool_call"}
        ], recording.name
        thoughts = [item for item in items if item["type"] == "reasoning"]
        assert [part.data for part in parts if isinstance(part, Reasoning) and part.kind == "encrypted"] == [
            item["encrypted_content"] for item in thoughts if item.get("encrypted_content")
        ], recording.name
        assert [part.text for part in parts if isinstance(part, Reasoning) and part.kind == "summary"] == [
            piece["text"] for item in thoughts for piece in item.get("summary") or []
        ], recording.name
        cited = [a for p in pieces_said for a in p.get("annotations") or [] if a["type"] == "url_citation"]
        assert [
            cast("Any", one)["url_citation"]["url"]
            for one in result.choices[0].annotations
            if one["type"] == "url_citation"
        ] == [one["url"] for one in cited], recording.name
        check_usage(result, cast("Any", recording.body).get("usage"), recording.name)
        check_stream(disassemble(result))


def check_usage(result: ChatResult, told: Any, name: str) -> None:
    if not told:
        assert result.usage is None, name
        return
    usage = result.usage
    assert usage is not None, name
    assert (usage.prompt_tokens, usage.completion_tokens) == (told["input_tokens"], told["output_tokens"]), (
        name
    )
    assert usage.cached_tokens == (told.get("input_tokens_details") or {}).get("cached_tokens", 0), name
    assert usage.reasoning_tokens == (told.get("output_tokens_details") or {}).get("reasoning_tokens", 0), (
        name
    )


def test_recorded_streams_say_what_their_end_says() -> None:
    outcomes: Counter[str] = Counter()
    for recording in streams():
        events = events_of(recording.stream or b"")
        check_stream(events)
        if isinstance(events[-1], StreamError):
            outcomes["error"] += 1
            continue
        outcomes["answer"] += 1
        # A cassette may hold two responses, one after the other: the first is the answer.
        end = next(
            value["response"]
            for line in (recording.stream or b"").decode().splitlines()
            if line.startswith("data: {")
            and (value := json.loads(line[6:]))["type"] in {"response.completed", "response.incomplete"}
        )
        if not end.get("output"):
            continue
        try:
            whole = DIALECT.parse_response(json.dumps(end).encode())
        except BadResponse:
            continue
        streamed = assemble(events)
        if spoken(recording) != "".join(
            part.text for part in whole.choices[0].parts if isinstance(part, Text)
        ):
            outcomes["contradicts itself"] += 1
            continue
        assert comparable_parts(streamed) == comparable_parts(whole), recording.name
        assert streamed.usage == whole.usage, recording.name
        assert streamed.choices[0].finish_reason == whole.choices[0].finish_reason, recording.name
    assert outcomes["answer"] > 75
    assert outcomes["error"] < 5
    assert outcomes["contradicts itself"] <= 3  # two hold two responses, one renders its text anew at the end


def spoken(recording: Recording) -> str:
    """The text that a recorded stream says in its deltas."""
    events = [
        json.loads(line[6:])
        for line in (recording.stream or b"").decode().splitlines()
        if line.startswith("data: {")
    ]
    return "".join(one["delta"] for one in events if one["type"] == "response.output_text.delta")


def comparable_parts(result: ChatResult) -> list[object]:
    """What is sealed is sealed anew each time it is told, and one host renames its items. Texts joined, since streams do not tell where one ends; what only this wire knows is not streamed."""
    parts = result.choices[0].parts
    text = "".join(part.text for part in parts if isinstance(part, Text))
    calls = [(part.id, part.name, part.arguments) for part in parts if isinstance(part, ToolCall)]
    thoughts = [
        (p.kind, p.text, p.data is None) for p in parts if isinstance(p, Reasoning) if p.text or p.data
    ]
    return [text, *calls, *thoughts]


def comparable(events: list[Event]) -> list[object]:
    return [str(event.error) if isinstance(event, StreamError) else event for event in events]


def test_recorded_streams_are_the_same_at_any_split() -> None:
    chance = random.Random(6)
    for recording in streams():
        stream = recording.stream or b""
        whole = comparable(events_of(stream))
        for _ in range(4):
            cuts = sorted(chance.choices(range(len(stream) + 1), k=40))
            parts = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
            assert comparable(events_of(*parts)) == whole, recording.name
    shortest = min((one.stream or b"" for one in streams()), key=len)
    assert comparable(events_of(*[shortest[at : at + 1] for at in range(len(shortest))])) == comparable(
        events_of(shortest)
    )


def test_a_stream_that_is_cut_anywhere_is_an_error() -> None:
    for recording in streams()[:30]:
        stream = recording.stream or b""
        ends = [
            at for kind in (b"response.completed", b"response.incomplete") if (at := stream.find(kind)) > 0
        ]
        for at in range(0, min(ends, default=0), 1 + len(stream) // 40):
            assert isinstance(events_of(stream[:at])[-1], StreamError), recording.name


def test_recorded_errors_are_named() -> None:
    named: Counter[str] = Counter()
    for recording in recordings("openai.responses"):
        if recording.status != 200:
            error = DIALECT.parse_error(
                recording.status, recording.headers, json.dumps(recording.body).encode()
            )
            named[type(error).__name__] += 1
        elif recording.body and recording.body.get("status") in UNFINISHED:
            try:
                parsed(recording)
            except ProviderError as error:
                named[type(error).__name__] += 1
    assert named == {"UpstreamRejected": 6, "CredentialRejected": 2, "BadResponse": named["BadResponse"]}


def test_recorded_chat_requests_are_requests_of_the_official_sdk() -> None:
    params = TypeAdapter(ResponseCreateParams)
    checked = 0
    for recording in recordings("openai.chat"):
        if recording.request is None or recording.status != 200:
            continue
        request = openai_chat.DIALECT.parse_request(
            json.dumps(recording.request).encode(), "/chat/completions"
        )
        try:
            body = DIALECT.render_request(request, Target("gpt-5")).body
        except InvalidRequest:
            continue
        try:
            params.validate_python(body)
        except ValidationError as error:
            raise AssertionError(recording.name) from error
        checked += 1
    assert checked > 300
