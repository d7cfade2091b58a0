"""What a chat request becomes on the wire of Responses, and what it cannot say there."""

import json
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from recorded_exchanges import JsonObject
from waystation.codec.dialect import Target
from waystation.dialects import openai_chat
from waystation.dialects.openai_responses import DIALECT, XAI
from waystation.dialects.openai_responses.request import parse_request
from waystation.dialects.openai_responses.wire import INSTRUCTIONS, ORIGIN
from waystation.errors import InvalidRequest
from waystation.operations.chat import (
    ChatRequest,
    Message,
    ReasoningOptions,
    ResponseFormat,
    Tool,
    ToolChoice,
)
from waystation.operations.parts import File, Image, Part, Reasoning, Refusal, Text, ToolCall, ToolResult

THINKER, PLAIN = Target("gpt-5.2"), Target("gpt-4.1")
USER: JsonObject = {"role": "user", "content": "Hi"}


def said(target: Target = PLAIN, dialect: object = DIALECT, **fields: object) -> tuple[JsonObject, list[str]]:
    body = {"model": "openai/x", "messages": [USER], **fields}
    request = openai_chat.DIALECT.parse_request(json.dumps(body).encode(), "/chat/completions")
    assert dialect in (DIALECT, XAI)
    rendered = (XAI if dialect is XAI else DIALECT).render_request(request, target)
    return rendered.body, rendered.dropped


def items(*turns: JsonObject, target: Target = PLAIN) -> list[JsonObject]:
    return cast("list[JsonObject]", said(target, messages=list(turns))[0]["input"])


def test_the_least_that_is_said() -> None:
    assert said() == ({"model": "gpt-4.1", "input": [USER], "store": False}, [])
    assert said(THINKER)[0]["include"] == ["reasoning.encrypted_content"]


def test_words_of_this_wire() -> None:
    body, dropped = said(
        max_tokens=9, temperature=0.5, top_p=0.9, parallel_tool_calls=False, verbosity="low", stream=True, user="u",
        prompt_cache_key="k", service_tier="flex", logprobs=True, top_logprobs=3,
    )  # fmt: skip
    assert body == {
        "model": "gpt-4.1", "input": [USER], "stream": True, "max_output_tokens": 9, "temperature": 0.5, "top_p": 0.9,
        "parallel_tool_calls": False, "text": {"verbosity": "low"}, "user": "u", "prompt_cache_key": "k",
        "service_tier": "flex", "top_logprobs": 3, "include": ["message.output_text.logprobs"], "store": False,
    }  # fmt: skip
    assert dropped == []


def test_what_the_wire_has_no_word_for_is_left_out_and_named() -> None:
    _, dropped = said(
        stop="x", seed=1, n=2, top_k=3, frequency_penalty=1, logit_bias={"5": 1}, service_tier="on_demand"
    )
    assert set(dropped) == {"stop", "seed", "n", "top_k", "frequency_penalty", "logit_bias", "service_tier"}


def test_instructions_stand_where_they_stood() -> None:
    turns: list[JsonObject] = [
        {"role": "system", "content": "Be brief."},
        USER,
        {"role": "developer", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
    ]
    assert items(*turns) == [
        {"role": "system", "content": "Be brief."},
        USER,
        {
            "role": "developer",
            "content": [{"type": "input_text", "text": "a"}, {"type": "input_text", "text": "b"}],
        },
    ]


def test_what_goes_in() -> None:
    parts = [
        {"type": "text", "text": "Look"},
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png", "detail": "high"}},
        {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,AAAA"}},
        {"type": "file", "file": {"file_data": "https://example.com/a.pdf"}},
        {"type": "file", "file": {"file_id": "file-1"}},
    ]
    assert items({"role": "user", "content": parts})[0]["content"] == [
        {"type": "input_text", "text": "Look"},
        {"type": "input_image", "image_url": "https://example.com/a.png", "detail": "high"},
        {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,AAAA"},
        {"type": "input_file", "file_url": "https://example.com/a.pdf"},
        {"type": "input_file", "file_id": "file-1"},
    ]
    with pytest.raises(InvalidRequest, match="no audio input"):
        items(
            {
                "role": "user",
                "content": [{"type": "input_audio", "input_audio": {"data": "AA", "format": "wav"}}],
            }
        )


def test_a_loop_of_tools_with_sealed_thoughts() -> None:
    form = "openai-responses-v1"
    details = [
        {"type": "reasoning.summary", "summary": "First.", "id": "rs_1", "format": form, "index": 0},
        {"type": "reasoning.summary", "summary": "Then.", "id": "rs_1", "format": form, "index": 1},
        {"type": "reasoning.encrypted", "data": "gAAAA+/=", "id": "rs_1", "format": form, "index": 2},
        {"type": "reasoning.encrypted", "data": "gBBBB", "id": "rs_2", "format": form, "index": 3},
    ]
    call = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": '{"a": 1}'}}
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    assert items(
        USER,
        {"role": "assistant", "content": "I look.", "reasoning_details": details, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": [{"type": "text", "text": "see"}, image]},
        target=THINKER,
    ) == [
        USER,
        {
            "type": "reasoning", "id": "rs_1", "encrypted_content": "gAAAA+/=",
            "summary": [{"type": "summary_text", "text": "First."}, {"type": "summary_text", "text": "Then."}],
        },
        {"type": "reasoning", "id": "rs_2", "summary": [], "encrypted_content": "gBBBB"},
        {"role": "assistant", "content": "I look."},
        {"type": "function_call", "call_id": "call_1", "name": "look", "arguments": '{"a": 1}'},
        {
            "type": "function_call_output", "call_id": "call_1",
            "output": [
                {"type": "input_text", "text": "see"},
                {"type": "input_image", "image_url": "data:image/png;base64,AAAA", "detail": "auto"},
            ],
        },
    ]  # fmt: skip


def test_thoughts_of_another_house_or_without_a_seal_stay_behind() -> None:
    details = [
        {
            "type": "reasoning.encrypted",
            "data": "x",
            "id": "rs_1",
            "format": "openai-responses-v1",
            "index": 0,
        },
        {"type": "reasoning.summary", "summary": "y", "id": "rs_2", "format": "xai-responses-v1", "index": 1},
    ]
    turn: JsonObject = {"role": "assistant", "content": "a", "reasoning": "xy", "reasoning_details": details}
    body, dropped = said(Target("grok-4"), XAI, messages=[turn])
    assert body["input"] == [{"role": "assistant", "content": "a"}]
    assert dropped == ["reasoning_details"]


def test_tools_are_flat_and_not_strict_unless_they_say_so() -> None:
    tools = [
        {"type": "function", "function": {"name": "look"}},
        {"type": "function", "function": {"name": "see", "parameters": {"type": "object"}, "strict": True}},
        {"type": "custom", "custom": {"name": "sql", "description": "SQL", "format": {"type": "text"}}},
    ]
    body, _ = said(tools=tools, tool_choice={"type": "function", "function": {"name": "look"}})
    assert body["tools"] == [
        {
            "type": "function",
            "name": "look",
            "parameters": {"type": "object", "properties": {}},
            "strict": False,
        },
        {"type": "function", "name": "see", "parameters": {"type": "object"}, "strict": True},
        {"type": "custom", "name": "sql", "description": "SQL", "format": {"type": "text"}},
    ]
    assert body["tool_choice"] == {"type": "function", "name": "look"}


@pytest.mark.parametrize(
    ("reasoning", "told"),
    [
        ({"effort": "high"}, {"effort": "high", "summary": "auto"}),
        ({"effort": "max"}, {"effort": "xhigh", "summary": "auto"}),
        ({"effort": "low", "exclude": True}, {"effort": "low"}),
        ({"effort": "none"}, {"effort": "none"}),
        ({"enabled": False}, {"effort": "none"}),
        ({"enabled": True}, {"summary": "auto"}),
        ({"max_tokens": 16_000}, {"effort": "medium", "summary": "auto"}),
        ({"effort": "low", "summary": "detailed"}, {"effort": "low", "summary": "detailed"}),
    ],
)
def test_effort_budget_and_summary(reasoning: JsonObject, told: JsonObject) -> None:
    assert said(THINKER, reasoning=reasoning)[0]["reasoning"] == told


def test_a_model_that_does_not_think_is_not_told_to() -> None:
    body, dropped = said(PLAIN, reasoning={"effort": "high"})
    assert ("reasoning" in body, dropped) == (False, ["reasoning"])
    assert said(PLAIN, reasoning={"effort": "none"})[1] == []


def test_a_schema_keeps_its_name() -> None:
    wanted = {
        "type": "json_schema",
        "json_schema": {"name": "a", "schema": {"type": "object"}, "strict": True},
    }
    told = {"type": "json_schema", "name": "a", "schema": {"type": "object"}, "strict": True}
    assert said(response_format=wanted)[0]["text"] == {"format": told}
    with pytest.raises(InvalidRequest, match="grammar"):
        said(response_format={"type": "grammar", "grammar": "x"})


WORDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
NAMES = st.from_regex(r"[a-z]{1,8}", fullmatch=True)
TEXTS = st.builds(Text, WORDS)
IN: st.SearchStrategy[Part] = st.one_of(
    TEXTS,
    st.builds(Image, st.just("data:image/png;base64,AAAA"), st.sampled_from(["auto", "low", "high"])),
    st.builds(File, st.just("data:application/pdf;base64,AAAA"), filename=NAMES),
    st.builds(File, file_id=NAMES),
)
ARGUMENTS = st.dictionaries(NAMES, WORDS | st.integers(), max_size=2).map(json.dumps)
SCHEMAS: st.SearchStrategy[JsonObject] = st.dictionaries(NAMES, st.just({"type": "string"}), max_size=2).map(
    lambda properties: {"type": "object", "properties": properties}
)


@st.composite
def turns(draw: st.DrawFn) -> list[Message]:
    """A turn of the model, and the results of its calls."""
    parts: list[Part] = []
    for identity in draw(st.lists(NAMES, unique=True, max_size=2)):
        summaries = draw(st.lists(WORDS, max_size=2))
        parts += [
            Reasoning("summary", text=text, id=identity, origin=ORIGIN, index=index)
            for index, text in enumerate(summaries)
        ]
        parts.append(
            Reasoning("encrypted", data=draw(NAMES), id=identity, origin=ORIGIN, index=len(summaries))
        )
    parts += draw(st.lists(TEXTS | st.builds(Refusal, WORDS), min_size=1, max_size=2))
    calls = draw(
        st.lists(st.builds(ToolCall, NAMES, NAMES, ARGUMENTS), max_size=2, unique_by=lambda call: call.id)
    )
    results = tuple(
        [ToolResult(call.id, tuple(draw(st.lists(IN, min_size=1, max_size=2)))) for call in calls]
    )
    made = [Message("assistant", (*parts, *calls))]
    if results:
        made.append(Message("tool", results))
    return [*made, Message("user", tuple(draw(st.lists(IN, min_size=1, max_size=2))))]


@st.composite
def requests(draw: st.DrawFn) -> ChatRequest:
    messages = [Message("user", (draw(TEXTS),))]
    if draw(st.booleans()):
        messages.insert(0, Message("system", (draw(TEXTS),), extras=INSTRUCTIONS))
    for turn in draw(st.lists(turns(), max_size=2)):
        messages += turn
    tools = draw(
        st.lists(st.builds(Tool, NAMES, st.none() | WORDS, SCHEMAS, st.booleans()), max_size=2).map(tuple)
    )
    choices = [None, *(ToolChoice(mode) for mode in ("auto", "none", "required"))]
    formats = st.sampled_from([None, ResponseFormat("text"), ResponseFormat("json_object")])
    return ChatRequest(
        "openai_responses",
        "gpt-4.1",
        tuple(messages),
        stream=draw(st.booleans()),
        max_tokens=draw(st.none() | st.integers(1, 99)),
        temperature=draw(st.none() | st.floats(0, 2)),
        top_p=draw(st.none() | st.floats(0, 1)),
        response_format=draw(
            formats | st.builds(ResponseFormat, st.just("json_schema"), NAMES, SCHEMAS, st.booleans())
        ),
        tools=tools,
        tool_choice=draw(st.sampled_from(choices)) if tools else None,
        parallel_tool_calls=draw(st.none() | st.booleans()),
        reasoning=draw(
            st.none()
            | st.builds(ReasoningOptions, st.sampled_from(["low", "xhigh"]))
            | st.builds(ReasoningOptions, st.just("low"), summary=st.just("auto"))
        ),
        verbosity=draw(st.sampled_from([None, "low", "high"])),
        service_tier=draw(st.sampled_from([None, "flex", "priority"])),
        user=draw(st.none() | NAMES),
        extras={"store": False, "truncation": "auto"},
    )


@settings(max_examples=200, deadline=None)
@given(requests())
def test_a_request_is_read_back_as_it_was_meant(request: ChatRequest) -> None:
    rendered = DIALECT.render_request(request, PLAIN)
    assert rendered.dropped == []
    parsed = parse_request(json.dumps(rendered.body).encode(), ORIGIN)
    assert structs.replace(parsed, sent=frozenset()) == request
