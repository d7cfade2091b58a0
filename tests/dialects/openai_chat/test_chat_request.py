"""What a client may say, what becomes of it, and which field a refusal names."""

import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from waystation.dialects.openai_chat import DIALECT
from waystation.errors import InvalidRequest
from waystation.operations.chat import (
    ChatRequest,
    Message,
    ReasoningOptions,
    ResponseFormat,
    Tool,
    ToolChoice,
)
from waystation.operations.parts import (
    Audio,
    File,
    Image,
    ImageOutput,
    JsonObject,
    Opaque,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
    Video,
)
from waystation.operations.preferences import MaxPrice, Percentiles, Sort

HELLO = [{"role": "user", "content": "Hello"}]
WEATHER = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}


def parse(**fields: object) -> ChatRequest:
    body = {"model": "acme/m1", "messages": HELLO, **fields}
    return DIALECT.parse_request(json.dumps(body).encode(), "/chat/completions")


def parse_message(**message: object) -> Message:
    return parse(messages=[message]).messages[0]


def refusal(**fields: object) -> str:
    with pytest.raises(InvalidRequest) as refused:
        parse(**fields)
    assert refused.value.status == 400
    return refused.value.message


def test_the_smallest_request() -> None:
    request = parse()
    assert request.model == "acme/m1"
    assert request.messages == (Message("user", (Text("Hello"),)),)
    assert (request.stream, request.sent, request.extras, request.temperature) == (
        False,
        frozenset(),
        None,
        None,
    )


def test_sampling_parameters_are_kept_and_named() -> None:
    request = parse(temperature=0, top_p=0.5, seed=7, stop="END", logit_bias={"1": -100}, n=2, user="u")
    assert (request.temperature, request.top_p, request.seed, request.stop) == (0, 0.5, 7, ("END",))
    assert request.sent == {"temperature", "top_p", "seed", "stop", "logit_bias"}


def test_null_means_unsaid() -> None:
    request = parse(temperature=None, tools=None, stop=None, stream=None, reasoning=None, metadata=None)
    assert request.sent == frozenset()
    assert request == parse()


def test_the_newer_limit_wins() -> None:
    request = parse(max_tokens=10, max_completion_tokens=20)
    assert request.max_tokens == 20
    assert request.sent == {"max_tokens"}


def test_json_schema_asks_for_structured_outputs() -> None:
    schema: JsonObject = {"type": "object"}
    request = parse(
        response_format={
            "type": "json_schema",
            "json_schema": {"name": "a", "schema": schema, "strict": True},
        }
    )
    assert request.sent == {"response_format", "structured_outputs"}
    assert request.response_format == ResponseFormat("json_schema", "a", schema, strict=True)


def test_unknown_fields_are_kept_at_every_level() -> None:
    request = parse(
        wibble=1,
        messages=[
            {"role": "user", "content": [{"type": "text", "text": "a", "wobble": 2}], "mood": "good"},
            {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "u", "x": 1}}]},
        ],
        tools=[{**WEATHER, "flag": True, "function": {"name": "f", "hint": "h"}}],
        response_format={"type": "json_schema", "json_schema": {"name": "a", "y": 1}, "z": 2},
    )
    assert request.extras == {"wibble": 1}
    assert request.messages[0] == Message("user", (Text("a", extras={"wobble": 2}),), extras={"mood": "good"})
    assert request.messages[1].parts == (Image("u", extras={"image_url": {"x": 1}}),)
    assert request.tools[0].extras == {"flag": True, "function": {"hint": "h"}}
    assert request.response_format is not None
    assert request.response_format.extras == {"json_schema": {"y": 1}, "z": 2}


def test_ignored_fields_leave_no_trace() -> None:
    assert (
        parse(usage={"include": True}, stream_options={"include_usage": False}, transforms=[]).extras is None
    )


def test_a_prompt_stands_for_messages() -> None:
    body = json.dumps({"model": "m", "prompt": "Hi"}).encode()
    assert DIALECT.parse_request(body, "").messages == (Message("user", (Text("Hi"),)),)


def test_media_parts() -> None:
    message = parse_message(
        role="user",
        content=[
            {"type": "image_url", "image_url": {"url": "data:a", "detail": "low"}},
            {"type": "input_audio", "input_audio": {"data": "QUJD", "format": "wav"}},
            {"type": "video_url", "video_url": {"url": "https://v"}},
            {"type": "input_video", "video_url": {"url": "https://w"}},
            {"type": "file", "file": {"file_data": "data:b", "filename": "b.pdf"}},
            {"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}},
            {"type": "hologram", "depth": 3},
        ],
    )
    assert message.parts == (
        Image("data:a", "low"),
        Audio("QUJD", "wav"),
        Video("https://v"),
        Video("https://w"),
        File("data:b", None, "b.pdf"),
        Text("x", {"type": "ephemeral"}),
        Opaque("hologram", {"type": "hologram", "depth": 3}),
    )


def test_an_assistant_turn_keeps_all_it_says() -> None:
    detail = {
        "type": "reasoning.text",
        "text": "hm",
        "signature": "c2ln",
        "format": "anthropic-claude-v1",
        "index": 0,
    }
    message = parse_message(
        role="assistant",
        content="a",
        refusal="no",
        reasoning="hm",
        reasoning_details=[detail, {"type": "reasoning.new", "q": 1}],
        images=[{"type": "image_url", "image_url": {"url": "data:i"}}],
        tool_calls=[{"id": "1", "type": "function", "function": {"name": "f", "arguments": ""}, "index": 0}],
    )
    assert message.parts == (
        Reasoning(text="hm", plain=True),
        Reasoning(text="hm", signature="c2ln", origin="anthropic-claude-v1", index=0),
        Opaque("reasoning_detail", {"type": "reasoning.new", "q": 1}),
        Text("a"),
        Refusal("no"),
        ImageOutput("data:i"),
        ToolCall("1", "f", "{}"),
    )


def test_reasoning_content_is_reasoning() -> None:
    assert parse_message(role="assistant", reasoning_content="hm").parts == (
        Reasoning(text="hm", plain=True),
    )


def test_argument_objects_become_strings() -> None:
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": {"a": 1}}}
    assert parse_message(role="assistant", tool_calls=[call]).parts == (ToolCall("1", "f", '{"a":1}'),)


def test_a_tool_answers_a_call() -> None:
    message = parse_message(role="tool", tool_call_id="1", content=[{"type": "text", "text": "22"}])
    assert message == Message("tool", (ToolResult("1", (Text("22"),)),))


def test_deprecated_functions_become_tools() -> None:
    request = parse(
        functions=[{"name": "f", "parameters": {}}],
        function_call={"name": "f"},
        messages=[
            {"role": "user", "content": "a"},
            {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}},
            {"role": "function", "name": "f", "content": "1"},
        ],
    )
    assert request.tools == (Tool("f", parameters={}),)
    assert request.tool_choice == ToolChoice("named", "f")
    assert request.sent == {"tools", "tool_choice"}
    call, result = request.messages[1].parts[0], request.messages[2].parts[0]
    assert isinstance(call, ToolCall)
    assert isinstance(result, ToolResult)
    assert call.id == result.call_id


def test_tools_of_other_kinds_are_kept_whole() -> None:
    tool: JsonObject = {"type": "openrouter:web_search", "parameters": {"max_results": 3}}
    request = parse(tools=[tool], tool_choice={"type": "openrouter:web_search"})
    assert request.tools == (Tool("openrouter:web_search", kind="openrouter:web_search", value=tool),)
    assert request.tool_choice == ToolChoice("opaque", value={"type": "openrouter:web_search"})


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ({"reasoning": {"effort": "high"}}, ReasoningOptions(effort="high")),
        ({"reasoning_effort": "low"}, ReasoningOptions(effort="low")),
        ({"reasoning": {"effort": "low"}, "reasoning_effort": "low"}, ReasoningOptions(effort="low")),
        ({"reasoning": {"max_tokens": 2000}}, ReasoningOptions(max_tokens=2000)),
        ({"include_reasoning": True}, ReasoningOptions()),
        ({"include_reasoning": False}, ReasoningOptions(exclude=True)),
        ({"reasoning": {"exclude": False}, "include_reasoning": False}, ReasoningOptions(exclude=False)),
        ({"reasoning": {"enabled": True, "summary": "auto"}}, ReasoningOptions(enabled=True, summary="auto")),
    ],
)
def test_three_ways_to_ask_for_reasoning(said: dict[str, object], meant: ReasoningOptions) -> None:
    assert parse(**said).reasoning == meant


def test_provider_preferences_take_numbers_and_strings() -> None:
    preferences = parse(
        provider={
            "order": ["acme"],
            "sort": {"by": "price", "partition": "none"},
            "max_price": {"prompt": "1.5", "completion": 2},
            "preferred_max_latency": {"p90": 3},
            "someday": True,
        }
    ).provider
    assert preferences is not None
    assert preferences.order == ("acme",)
    assert preferences.sort == Sort("price", "none")
    assert preferences.max_price == MaxPrice(prompt="1.5", completion=2)
    assert preferences.preferred_max_latency == Percentiles(p90=3)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"messages": None}, "messages: is required"),
        ({"messages": []}, "messages: must hold"),
        ({"messages": "hi"}, "messages: "),
        ({"messages": [{"content": "a"}]}, "messages[0].role: is required"),
        ({"messages": [{"role": 1, "content": "a"}]}, "messages[0].role: "),
        ({"messages": [{"role": "wizard", "content": "a"}]}, "messages[0].role: "),
        ({"messages": [*HELLO, {"role": "user"}]}, "messages[1].content: is required"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content: "),
        ({"messages": [{"role": "user", "content": [{"text": "a"}]}]}, "messages[0].content[0].type: "),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "messages[0].content[0].text: "),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]},
            "messages[0].content[0].image_url.url: ",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "file", "file": {}}]}]},
            "messages[0].content[0].file: ",
        ),
        ({"messages": [{"role": "tool", "content": "a"}]}, "messages[0].tool_call_id: is required"),
        ({"messages": [{"role": "tool", "tool_call_id": "1"}]}, "messages[0].content: is required"),
        (
            {
                "messages": [
                    {"role": "assistant", "tool_calls": [{"type": "function", "function": {"name": "f"}}]}
                ]
            },
            "messages[0].tool_calls[0].id: is required",
        ),
        (
            {"messages": [{"role": "assistant", "tool_calls": [{"id": "1", "function": {}}]}]},
            "messages[0].tool_calls[0].function.name: is required",
        ),
        ({"temperature": 2.1}, "temperature: "),
        ({"temperature": "hot"}, "temperature: "),
        ({"top_p": 0}, "top_p: "),
        ({"top_p": 1.1}, "top_p: "),
        ({"top_k": -1}, "top_k: "),
        ({"min_p": 1.5}, "min_p: "),
        ({"top_a": -0.1}, "top_a: "),
        ({"frequency_penalty": -2.5}, "frequency_penalty: "),
        ({"presence_penalty": 3}, "presence_penalty: "),
        ({"repetition_penalty": 0}, "repetition_penalty: "),
        ({"logit_bias": {"1": 101}}, "logit_bias"),
        ({"top_logprobs": 21, "logprobs": True}, "top_logprobs: "),
        ({"top_logprobs": 2}, "top_logprobs: needs logprobs"),
        ({"max_tokens": 0}, "max_tokens: "),
        ({"max_tokens": 1.5}, "max_tokens: "),
        ({"seed": "x"}, "seed: "),
        ({"stop": ["a", "b", "c", "d", "e"]}, "stop: "),
        ({"stream": "yes"}, "stream: "),
        ({"model": 5}, "model: "),
        ({"verbosity": "chatty"}, "verbosity: "),
        ({"modalities": ["smell"]}, "modalities: "),
        ({"session_id": "x" * 257}, "session_id: "),
        ({"user": "x" * 257}, "user: "),
        ({"metadata": {str(at): "x" for at in range(17)}}, "metadata: "),
        ({"metadata": {"x" * 65: "y"}}, "metadata"),
        ({"metadata": {"x": "y" * 513}}, "metadata"),
        ({"metadata": {"x": 1}}, "metadata"),
        ({"max_tool_calls": 31}, "max_tool_calls: "),
        ({"tools": [{"type": "function"}]}, "tools[0].function: "),
        ({"tools": [WEATHER, {"type": "function", "function": {}}]}, "tools[1].function.name: is required"),
        ({"tools": [{"type": "function", "function": {"name": "a b"}}]}, "tools[0].function.name: "),
        ({"tools": [{"type": "function", "function": {"name": "a" * 65}}]}, "tools[0].function.name: "),
        ({"tool_choice": "maybe"}, "tool_choice: "),
        ({"tool_choice": {"type": "function"}}, "tool_choice: "),
        ({"tool_choice": {"type": "function", "function": {}}}, "tool_choice.function.name: "),
        ({"response_format": {"type": "yaml"}}, "response_format.type: "),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema: is required"),
        (
            {"response_format": {"type": "json_schema", "json_schema": {}}},
            "response_format.json_schema.name: ",
        ),
        ({"reasoning": {"effort": "huge"}}, "reasoning.effort: "),
        ({"reasoning_effort": "huge"}, "reasoning_effort: "),
        ({"reasoning": {"effort": "low"}, "reasoning_effort": "high"}, "reasoning_effort: "),
        ({"reasoning": {"effort": "low", "max_tokens": 100}}, "reasoning: "),
        ({"provider": {"order": "acme"}}, "provider.order: "),
    ],
)
def test_a_refusal_names_the_field(fields: dict[str, object], named: str) -> None:
    message = refusal(**fields)
    assert message.startswith(named), message


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"\xff\xfe",
        b'{"messages": NaN}',
        b'{"messages": [{"role": "user", "content": "\\ud83d"}]}',
        b'{"messages": [{"role": "user", "content": "\xed\xa0\x80"}]}',
        b'{"a":' * 100_000,
        b"[" * 100_000,
        b'{"model":"m","messages":[{"role":"user","content":"a"}],"x":' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    ],
)
def test_a_body_that_is_none_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        DIALECT.parse_request(body, "/chat/completions")


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
_FIELDS = st.sampled_from(
    [
        "messages", "model", "models", "tools", "tool_choice", "functions", "function_call", "response_format",
        "reasoning", "provider", "plugins", "stop", "metadata", "debug", "prompt", "modalities", "audio", "n",
    ]
)  # fmt: skip
_MESSAGES = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["user", "assistant", "tool", "system", "function", "x"])},
        optional={
            "content": _JSON
            | st.lists(
                st.dictionaries(st.sampled_from(["type", "text", "image_url", "file", "url"]), _JSON),
                max_size=2,
            ),
            "tool_calls": st.lists(
                st.dictionaries(st.sampled_from(["id", "type", "function"]), _JSON), max_size=2
            ),
            "function_call": _JSON,
            "reasoning_details": st.lists(
                st.dictionaries(st.sampled_from(["type", "text", "index"]), _JSON), max_size=2
            ),
            "images": _JSON,
            "name": _JSON,
            "tool_call_id": st.text(max_size=3),
        },
    ),
    max_size=3,
)


@settings(max_examples=150, derandomize=True, deadline=None)
@given(st.dictionaries(_FIELDS, _JSON, max_size=4), _MESSAGES)
def test_whatever_is_said_is_understood_or_refused(fields: dict[str, object], messages: list[object]) -> None:
    body = json.dumps({"messages": messages, **fields}).encode()
    with suppress(InvalidRequest):
        assert DIALECT.parse_request(body, "/chat/completions").messages
