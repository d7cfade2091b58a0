"""What a request on this wire says, in our words and back: recorded ones, any that the wire can say, and the official SDK's view."""

import json
from typing import Any, cast

import pytest
from anthropic.types.message_create_params import MessageCreateParamsNonStreaming
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs
from pydantic import ConfigDict, TypeAdapter, with_config

from recorded_exchanges import JsonObject, Recording, recordings
from waystation.codec.dialect import Target
from waystation.dialects import openai_chat
from waystation.dialects.anthropic_messages import DIALECT
from waystation.errors import InvalidRequest
from waystation.operations.chat import (
    ChatRequest,
    Message,
    ReasoningOptions,
    ResponseFormat,
    Tool,
    ToolChoice,
)
from waystation.operations.parts import File, Image, Opaque, Part, Reasoning, Text, ToolCall, ToolResult

MODEL = "claude-sonnet-4-5"
ORIGIN = "anthropic-claude-v1"
UNTYPED = {"stream", "temperature", "top_p", "top_k"}
"""What the SDK's newest types leave out: streaming has types of its own, and its newest models take no sampling."""


def asked() -> list[Recording]:
    found = [one for one in recordings("anthropic.messages") if one.request and one.status == 200]
    assert len(found) > 250
    return found


def said(value: Any) -> Any:
    """One spelling where the wire has two: a text alone, a failure that is none, an empty text, turns in a row."""
    if isinstance(value, list):
        return [said(item) for item in value]
    if not isinstance(value, dict):
        return value
    told = {key: said(item) for key, item in value.items() if item is not None}
    for key in ("content", "system"):
        if isinstance(told.get(key), str):
            told[key] = [{"type": "text", "text": told[key]}] if told[key] else []
    if told.get("type") == "tool_result":
        told = {"content": [], **told}
        if told.get("is_error") is False:
            del told["is_error"]
    if isinstance(told.get("messages"), list):
        told["messages"] = merged(told["messages"])
    return told


def merged(turns: list[Any]) -> list[Any]:
    """Turns of one role in a row are one; of a user's turn the results come first; what is empty says nothing."""
    made: list[Any] = []
    for turn in turns:
        content = [one for one in turn["content"] if not (one["type"] == "text" and not one["text"].strip())]
        if made and made[-1]["role"] == turn["role"] != "system":
            made[-1]["content"] += content
        elif content:
            made.append({"role": turn["role"], "content": content})
    for turn in made:
        if turn["role"] == "user":
            turn["content"].sort(key=lambda block: block["type"] != "tool_result")
    last = made[-1]["content"][-1]
    if made[-1]["role"] == "assistant" and last["type"] == "text":
        last["text"] = last["text"].rstrip()
    return made


def plain(body: JsonObject) -> JsonObject:
    return {key: item for key, item in body.items() if item not in (False, [], "")}


def test_recorded_requests_keep_what_they_said() -> None:
    for recording in asked():
        theirs = cast("JsonObject", recording.request)
        request = DIALECT.parse_request(json.dumps(theirs).encode(), "")
        rendered = DIALECT.render_request(request, Target(request.model or ""))
        assert plain(said(json.loads(json.dumps(rendered.body)))) == plain(said(theirs)), recording.name
        assert rendered.dropped == [], recording.name


def test_a_request_that_the_provider_refused_is_refused_here() -> None:
    refused = [one for one in recordings("anthropic.messages") if one.request and one.status == 400]
    answers = []
    for recording in refused:
        try:
            DIALECT.parse_request(json.dumps(recording.request).encode(), "")
        except InvalidRequest as error:
            answers.append(error.message)
    assert "messages[0]: must be an object." in answers


def test_recorded_chat_requests_are_requests_of_the_official_sdk() -> None:
    params = TypeAdapter(with_config(ConfigDict(extra="forbid"))(MessageCreateParamsNonStreaming))
    checked = 0
    for recording in recordings("openai.chat"):
        if recording.request is None or recording.status != 200:
            continue
        request = openai_chat.DIALECT.parse_request(
            json.dumps(recording.request).encode(), "/chat/completions"
        )
        try:
            body = DIALECT.render_request(request, Target(MODEL)).body
        except InvalidRequest:
            continue
        params.validate_python({key: item for key, item in body.items() if key not in UNTYPED})
        checked += 1
    assert checked > 300


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"{", "JSON"),
        (b"[]", "object"),
        (b'{"model": "m"}', "messages"),
        (b'{"messages": [{"role": "robot", "content": "x"}]}', "role"),
        (b'{"messages": [{"role": ["user"], "content": "x"}]}', "role"),
        (b'{"messages": [{"role": "user", "content": 3}]}', "content"),
        (b'{"messages": [{"role": "user", "content": [{"type": "tool_result"}]}]}', "tool_use_id"),
        (b'{"max_tokens": -1, "messages": [{"role": "user", "content": "x"}]}', "max_tokens"),
        (b'{"tools": [{}], "messages": [{"role": "user", "content": "x"}]}', "tools"),
        (b'{"tool_choice": {"type": "x"}, "messages": [{"role": "user", "content": "x"}]}', "tool_choice"),
    ],
)
def test_what_is_wrong_is_named(body: bytes, field: str) -> None:
    with pytest.raises(InvalidRequest, match=field):
        DIALECT.parse_request(body, "")


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Z", "C"]), min_size=1, max_size=20)
NAMES = st.from_regex(r"[a-z]{1,8}", fullmatch=True)
MARKS = st.none() | st.just(cast("JsonObject", {"type": "ephemeral"}))
TEXTS = st.builds(Text, WORDS)
IN: st.SearchStrategy[Part] = st.one_of(
    TEXTS,
    st.builds(Image, st.sampled_from(["data:image/png;base64,AAAA", "https://example.com/a.png"])),
    st.builds(File, st.just("data:application/pdf;base64,AAAA"), filename=st.none() | NAMES),
    st.just(Opaque("container_upload", {"type": "container_upload", "file_id": "f"})),
)
ARGUMENTS = st.dictionaries(NAMES, WORDS | st.integers(-99, 99), max_size=2).map(
    lambda value: json.dumps(value, separators=(",", ":"), ensure_ascii=False)
)
SCHEMAS: st.SearchStrategy[JsonObject] = st.dictionaries(NAMES, st.just({"type": "string"}), max_size=2).map(
    lambda properties: {"type": "object", "properties": properties}
)


@st.composite
def turns(draw: st.DrawFn) -> list[Message]:
    """A turn of Claude, and the user's that answers it with results first."""
    parts: list[Part] = []
    if draw(st.booleans()):
        parts.append(Reasoning(text=draw(WORDS), signature=draw(NAMES), origin=ORIGIN))
    if draw(st.booleans()):
        parts.append(Reasoning("encrypted", data=draw(NAMES), origin=ORIGIN))
    parts.append(draw(TEXTS))
    calls = draw(st.lists(st.builds(ToolCall, NAMES, NAMES, ARGUMENTS), max_size=2))
    results = [
        ToolResult(call.id, tuple(draw(st.lists(TEXTS, min_size=1, max_size=2))), draw(st.booleans()))
        for call in calls
    ]
    said_after = draw(st.lists(IN, max_size=2)) or ([] if results else [draw(TEXTS)])
    return [Message("assistant", (*parts, *calls)), Message("user", (*results, *said_after))]


@st.composite
def requests(draw: st.DrawFn) -> ChatRequest:
    messages = [Message("user", (draw(TEXTS), Text(draw(WORDS), draw(MARKS))))]
    for turn in draw(st.lists(turns(), max_size=2)):
        messages += turn
    if draw(st.booleans()):
        messages.insert(0, Message("system", (Text(draw(WORDS), draw(MARKS)),)))
    tools = draw(
        st.lists(
            st.builds(Tool, NAMES, st.none() | WORDS, SCHEMAS, st.sampled_from([None, True])), max_size=2
        ).map(tuple)
    )
    modes = [None, ToolChoice("auto"), ToolChoice("none"), ToolChoice("required"), ToolChoice("named", "x")]
    choice = draw(st.sampled_from(modes)) if tools else None
    says_parallel = choice is not None and choice.mode != "none"
    wanted = SCHEMAS.map(
        lambda one: ResponseFormat("json_schema", schema={**one, "additionalProperties": False})
    )
    return ChatRequest(
        "anthropic_messages",
        MODEL,
        tuple(messages),
        stream=draw(st.booleans()),
        max_tokens=draw(st.integers(5000, 9000)),
        stop=draw(st.none() | st.lists(WORDS, min_size=1, max_size=3).map(tuple)),
        response_format=draw(st.none() | wanted),
        tools=tools,
        tool_choice=choice,
        parallel_tool_calls=draw(st.sampled_from([None, False])) if says_parallel else None,
        reasoning=draw(st.none() | st.builds(ReasoningOptions, max_tokens=st.integers(1024, 4000)))
        if choice is None
        else None,
        service_tier=draw(st.sampled_from([None, "auto", "default"])),
        user=draw(st.none() | NAMES),
        cache_control=draw(MARKS),
        extras=draw(st.none() | st.just(cast("JsonObject", {"container": "c1"}))),
    )


@settings(max_examples=200, deadline=None)
@given(requests())
def test_a_request_is_read_back_as_it_was_meant(request: ChatRequest) -> None:
    rendered = DIALECT.render_request(request, Target(MODEL))
    assert rendered.dropped == []
    parsed = DIALECT.parse_request(json.dumps(rendered.body).encode(), rendered.path)
    assert structs.replace(parsed, sent=frozenset()) == request
