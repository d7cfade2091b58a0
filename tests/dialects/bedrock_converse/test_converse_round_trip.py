"""What this wire can say of a request comes back from it: `parse(render(x)) == x`."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from waystation.codec.dialect import Target
from waystation.dialects.bedrock_converse import DIALECT
from waystation.dialects.bedrock_converse.wire import BLOCK, CLAUDE_FORMAT
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
    JsonObject,
    Opaque,
    Reasoning,
    Text,
    ToolCall,
    ToolResult,
    Video,
)

MODEL = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20).filter(str.strip)
own_fields: list[JsonObject | None] = [
    None,
    {"performanceConfig": {"latency": "optimized"}},
    {"requestMetadata": {"a": "b"}},
]
names = st.text("abcXYZ019_-", min_size=1, max_size=12)
marks = st.sampled_from([None, None, {"type": "ephemeral"}, {"type": "ephemeral", "ttl": "1h"}])
numbers = st.integers(-(2**53), 2**53)
objects = st.dictionaries(
    names, st.one_of(words, numbers, st.booleans(), st.none(), st.lists(numbers, max_size=3)), max_size=3
)
base64s = st.sampled_from(["iVBORw0KGgo=", "AAEC", "JVBERi0="])
texts = st.builds(Text, words, marks)
urls = st.one_of(base64s.map("data:image/webp;base64,".__add__), st.just("s3://bucket-of-mine/a.jpeg"))
images = st.builds(Image, urls, cache_control=marks)
media = st.one_of(
    images,
    st.builds(Video, base64s.map("data:video/mp4;base64,".__add__), marks),
    st.builds(Audio, base64s, st.sampled_from(["wav", "mp3"]), marks),
)
searches = st.just(Opaque(BLOCK, {"guardContent": {"text": {"text": "x", "qualifiers": ["query"]}}}))
calls = st.builds(
    ToolCall,
    names,
    names,
    objects.map(lambda value: json.dumps(value, separators=(",", ":"), ensure_ascii=False)),
)
thoughts = st.one_of(
    st.builds(Reasoning, text=words, signature=base64s, origin=st.just(CLAUDE_FORMAT)),
    st.builds(
        Reasoning,
        kind=st.just("encrypted"),
        data=st.sampled_from(["EqRa", "Eu8E", "E"]),
        origin=st.just(CLAUDE_FORMAT),
    ),
)
results = st.builds(
    ToolResult,
    names,
    st.tuples(st.builds(Text, words), st.one_of(texts, images)) | st.tuples(texts) | st.just(()),
    st.booleans(),
)
"""A breakpoint stands behind the whole result, so that only the last part can bear it."""


@st.composite
def users(draw: st.DrawFn) -> Message:
    """Results first, then what the user says; a document never stands alone and is named once."""
    parts: list[Any] = [*draw(st.lists(results, max_size=2)), draw(texts)]
    parts += draw(st.lists(st.one_of(texts, media, searches), max_size=2))
    if draw(st.booleans()):
        parts.append(
            File(
                data=f"data:application/pdf;base64,{draw(base64s)}",
                filename=f"d{draw(st.integers(0, 10**9))}",
            )
        )
    return Message("user", tuple(parts))


@st.composite
def assistants(draw: st.DrawFn) -> Message:
    parts: list[Any] = (
        draw(st.lists(thoughts, max_size=2)) + draw(st.lists(texts, max_size=2)) + [draw(calls)]
    )
    numbered = [
        Reasoning(part.kind, part.text, part.signature, part.data, None, part.origin, at)
        if isinstance(part, Reasoning)
        else part
        for at, part in enumerate(parts)
    ]
    return Message("assistant", tuple(numbered))


@st.composite
def conversations(draw: st.DrawFn) -> tuple[Message, ...]:
    turns = [draw(users())]
    for _ in range(draw(st.integers(0, 2))):
        turns += [draw(assistants()), draw(users())]
    if draw(st.booleans()):
        turns.insert(0, Message("system", tuple(draw(st.lists(texts, min_size=1, max_size=2)))))
    used = [part.filename for turn in turns for part in turn.parts if isinstance(part, File)]
    return tuple(turns) if len(set(used)) == len(used) else (draw(users()),)


schemas = st.builds(
    lambda properties: {"type": "object", "properties": {name: {"type": "string"} for name in properties}},
    st.lists(names, min_size=1, max_size=3),
)
tools = st.lists(
    st.builds(Tool, names, words, schemas, st.sampled_from([None, True]), marks),
    min_size=1,
    max_size=3,
    unique_by=lambda tool: tool.name,
)


@st.composite
def requests(draw: st.DrawFn) -> ChatRequest:
    """Anything this wire can say to Claude; tools of the history are declared."""
    messages = draw(conversations())
    declared = draw(tools)
    known = {tool.name for tool in declared}
    for message in messages:
        for part in message.parts:
            if isinstance(part, ToolCall) and part.name not in known:
                known.add(part.name)
                declared.append(Tool(part.name, "x", {"type": "object", "properties": {}}))
    forms = st.builds(
        ResponseFormat, st.just("json_schema"), names, schemas, description=st.one_of(st.none(), words)
    )
    budget = draw(st.one_of(st.none(), st.integers(1024, 9000)))
    return ChatRequest(
        dialect="bedrock_converse",
        model=MODEL,
        messages=messages,
        stream=draw(st.booleans()),
        max_tokens=draw(st.one_of(st.none(), st.integers(10_000, 20_000))),
        temperature=None if budget else draw(st.one_of(st.none(), st.floats(0, 1))),
        top_p=None if budget else draw(st.one_of(st.none(), st.floats(0.1, 1))),
        top_k=None if budget else draw(st.one_of(st.none(), st.integers(1, 500))),
        stop=draw(st.one_of(st.none(), st.lists(words, min_size=1, max_size=3).map(tuple))),
        response_format=draw(st.one_of(st.none(), forms)),
        tools=tuple(declared),
        tool_choice=draw(
            st.sampled_from(
                [None, ToolChoice("auto"), ToolChoice("required"), ToolChoice("named", declared[0].name)]
            )
        ),
        reasoning=None if budget is None else ReasoningOptions(max_tokens=budget),
        service_tier=draw(st.sampled_from([None, "default", "priority", "flex", "reserved"])),
        extras=draw(st.sampled_from(own_fields)),
    )


@given(requests())
@settings(max_examples=200, deadline=None)
def test_parse_undoes_render(request: ChatRequest) -> None:
    rendered = DIALECT.render_request(request, Target(MODEL))
    again = DIALECT.parse_request(json.dumps(rendered.body).encode(), rendered.path)
    assert again == request
    assert rendered.dropped == []


def any_json(depth: int = 3) -> st.SearchStrategy[Any]:
    keys = st.sampled_from(
        ["messages", "role", "content", "text", "toolUse", "toolResult", "toolUseId", "name", "input", "system", "image",
         "format", "source", "bytes", "document", "reasoningContent", "redactedContent", "cachePoint", "toolConfig",
         "tools", "toolSpec", "inputSchema", "json", "inferenceConfig", "maxTokens", "stopSequences", "outputConfig"]
    )  # fmt: skip
    leaves = st.one_of(
        st.none(), st.booleans(), st.integers(-5, 5), st.sampled_from(["user", "assistant", "x", ""])
    )
    return st.recursive(
        leaves,
        lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=4)),
        max_leaves=12 * depth,
    )


@given(
    st.dictionaries(
        st.sampled_from(["messages", "system", "toolConfig", "inferenceConfig", "outputConfig"]),
        any_json(),
        max_size=5,
    )
)
@settings(max_examples=200, deadline=None)
def test_any_body_is_a_request_or_a_named_refusal(body: dict[str, Any]) -> None:
    try:
        request = DIALECT.parse_request(json.dumps(body).encode(), "/model/m/converse")
        DIALECT.render_request(request, Target(MODEL))
    except InvalidRequest as error:
        assert str(error)  # noqa: PT017 - a refusal says what is wrong
