"""What a request says in Gemini's words is read back as it was meant; so is an answer."""

import base64
import json

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from recorded_exchanges import JsonObject
from waystation.codec.assemble import assemble, disassemble
from waystation.codec.dialect import Identity, Target
from waystation.dialects.gemini import DIALECT
from waystation.operations.chat import (
    ChatRequest,
    ChatResult,
    Choice,
    Message,
    ReasoningOptions,
    ResponseFormat,
    Tool,
    ToolChoice,
)
from waystation.operations.parts import Audio, File, Image, Part, Reasoning, Text, ToolCall, ToolResult, Video
from waystation.operations.usage import Usage

ORIGIN = "google-gemini-v1"
MODEL = "gemini-3-flash-preview"
WORDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
NAMES = st.from_regex(r"[a-z]{1,8}", fullmatch=True)
BASE64 = st.binary(min_size=1, max_size=12).map(lambda data: base64.b64encode(data).decode())
ARGUMENTS = st.dictionaries(
    NAMES, st.none() | st.booleans() | st.integers(-9, 9) | WORDS | st.lists(WORDS, max_size=2), max_size=3
).map(lambda value: json.dumps(value, separators=(",", ":"), ensure_ascii=False))
SCHEMAS: st.SearchStrategy[JsonObject] = st.dictionaries(
    NAMES, st.sampled_from([{"type": "string"}, {"type": "integer"}]), max_size=3
).map(lambda properties: {"type": "object", "properties": properties})
IN_RESULTS: st.SearchStrategy[Part] = st.one_of(
    BASE64.map(lambda data: Image(f"data:image/png;base64,{data}")),
    BASE64.map(lambda data: File(f"data:application/pdf;base64,{data}")),
)
MEDIA = IN_RESULTS | BASE64.map(lambda data: Video(f"data:video/mp4;base64,{data}"))
SOUND: st.SearchStrategy[Part] = BASE64.map(
    lambda data: Audio(data, "wav", extras={"inlineData": {"mimeType": "audio/wav"}})
)
EXTRAS: st.SearchStrategy[JsonObject] = st.just(
    {"cachedContent": "cachedContents/a", "generationConfig": {"mediaResolution": "X"}}
)
SAID: st.SearchStrategy[Part] = st.one_of(WORDS.map(Text), MEDIA, SOUND)


@st.composite
def model_turns(draw: st.DrawFn) -> list[Message]:
    """A turn of the model, and the results of its calls."""
    parts: list[Part] = []
    if draw(st.booleans()):
        parts.append(Reasoning(text=draw(WORDS), signature=draw(st.none() | BASE64), origin=ORIGIN))
    if draw(st.booleans()):
        if draw(st.booleans()):
            parts.append(Reasoning("encrypted", data=draw(BASE64), origin=ORIGIN))
        parts.append(Text(draw(WORDS)))
    calls = []
    for call_id in draw(st.lists(NAMES, unique=True, max_size=3)):
        call = ToolCall(call_id, draw(NAMES), draw(ARGUMENTS))
        calls.append(call)
        if draw(st.booleans()):
            parts.append(Reasoning("encrypted", data=draw(BASE64), id=call_id, origin=ORIGIN))
        parts.append(call)
    if not parts:
        parts.append(Text("so"))
    results = [
        Message(
            "tool",
            (
                ToolResult(
                    call.id, (Text(draw(WORDS)), *draw(st.lists(IN_RESULTS, max_size=1))), draw(st.booleans())
                ),
            ),
        )
        for call in calls
    ]
    return [Message("assistant", tuple(parts)), *results]


@st.composite
def requests(draw: st.DrawFn) -> ChatRequest:
    messages: list[Message] = []
    if draw(st.booleans()):
        messages.append(
            Message("system", tuple([Text(text) for text in draw(st.lists(WORDS, min_size=1, max_size=2))]))
        )
    messages.append(Message("user", tuple(draw(st.lists(SAID, min_size=1, max_size=3)))))
    for turn in draw(st.lists(model_turns(), max_size=2)):
        messages += turn
        if messages[-1].role == "assistant" or draw(st.booleans()):
            messages.append(Message("user", tuple(draw(st.lists(SAID, min_size=1, max_size=2)))))
    tools = tuple(
        Tool(name, draw(st.none() | WORDS), draw(SCHEMAS))
        for name in draw(st.lists(NAMES, unique=True, max_size=2))
    )
    choices = [None, ToolChoice("auto"), ToolChoice("none"), ToolChoice("required")]
    choices += [ToolChoice("named", tool.name) for tool in tools]
    return ChatRequest(
        dialect="gemini",
        model=MODEL,
        messages=tuple(messages),
        stream=draw(st.booleans()),
        max_tokens=draw(st.none() | st.integers(1, 999)),
        temperature=draw(st.none() | st.floats(0, 2)),
        top_p=draw(st.none() | st.floats(0, 1)),
        top_k=draw(st.none() | st.integers(1, 99)),
        seed=draw(st.none() | st.integers(0, 99)),
        n=draw(st.none() | st.integers(2, 4)),
        stop=draw(st.none() | st.lists(WORDS, min_size=1, max_size=3).map(tuple)),
        logprobs=draw(st.none() | st.just(value=True)),
        response_format=draw(
            st.none()
            | st.just(ResponseFormat("json_object"))
            | SCHEMAS.map(lambda schema: ResponseFormat("json_schema", "answer", schema))
        ),
        tools=tools,
        tool_choice=draw(st.sampled_from(choices)) if tools else None,
        reasoning=draw(
            st.builds(
                ReasoningOptions, effort=st.none() | st.sampled_from(["low", "high"]), exclude=st.booleans()
            )
            | st.builds(ReasoningOptions, max_tokens=st.integers(1, 9000), exclude=st.booleans())
        ),
        modalities=draw(st.none() | st.just(("text", "image"))),
        service_tier=draw(st.none() | st.sampled_from(["flex", "priority"])),
        extras=draw(st.none() | EXTRAS),
    )


@settings(max_examples=200)
@given(requests())
def test_a_request_is_read_back_as_it_was_meant(request: ChatRequest) -> None:
    rendered = DIALECT.render_request(request, Target(MODEL))

    assert rendered.dropped == []
    parsed = DIALECT.parse_request(json.dumps(rendered.body).encode(), rendered.path)
    assert structs.replace(parsed, sent=frozenset()) == request


@st.composite
def results(draw: st.DrawFn) -> ChatResult:
    parts: list[Part] = []
    if draw(st.booleans()):
        parts.append(Reasoning(text=draw(WORDS), origin=ORIGIN, index=0))
    parts.append(Text(draw(WORDS)))
    call_ids = draw(st.lists(NAMES, unique=True, max_size=2))
    parts += [ToolCall(call_id, draw(NAMES), draw(ARGUMENTS)) for call_id in call_ids]
    has_calls = isinstance(parts[-1], ToolCall)
    completion = draw(st.integers(1, 99))
    return ChatResult(
        dialect="gemini",
        upstream_id="gen-1",
        model="google/m",
        created=None,
        choices=(Choice(0, tuple(parts), "tool_calls" if has_calls else "stop", "STOP"),),
        usage=Usage(
            prompt_tokens=draw(st.integers(1, 99)),
            completion_tokens=completion,
            reasoning_tokens=completion // 2,
        ),
    )


def told(result: ChatResult) -> JsonObject:
    usage = result.usage or Usage()
    return {
        "parts": result.choices[0].parts,
        "finish": result.choices[0].finish_reason,
        "usage": (usage.prompt_tokens, usage.completion_tokens, usage.reasoning_tokens),
        "id": (result.upstream_id, result.model),
    }


@given(results())
def test_an_answer_is_read_back_as_it_was_meant(result: ChatResult) -> None:
    identity = Identity("gen-1", "google/m", "Google", 0)

    assert told(DIALECT.parse_response(DIALECT.render_response(result, identity, None, None))) == told(result)


@given(results())
def test_a_stream_is_read_back_as_it_was_meant(result: ChatResult) -> None:
    renderer = DIALECT.stream_renderer(Identity("gen-1", "google/m", "Google", 0))
    parser = DIALECT.stream_parser()
    data = renderer.comment() + renderer.feed(disassemble(result)) + renderer.close()

    assert told(assemble([*parser.feed(data), *parser.close()])) == told(result)
