"""Chat requests in the neutral form, of every shape that some dialect's `parse_request` makes: what all wires have to cope with."""

import json

from hypothesis import strategies as st

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
    AudioOutput,
    File,
    Image,
    ImageOutput,
    JsonObject,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
    Video,
)

MODELS = (
    "gpt-5.2",
    "o3",
    "claude-opus-4-5",
    "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "amazon.nova-pro-v1:0",
    "us.meta.llama4-scout-17b-instruct-v1:0",
    "gemini-2.5-flash",
    "gemini-3-pro-preview",
    "mistral-large-latest",
    "magistral-medium-latest",
    "command-a-reasoning-08-2025",
    "deepseek-reasoner",
    "grok-4",
    "openai/gpt-oss-120b",
    "something-new",
)
ORIGINS = (
    "anthropic-claude-v1",
    "google-gemini-v1",
    "openai-responses-v1",
    "xai-responses-v1",
    "unknown",
    None,
)

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=16)
names = st.text("abcXYZ019_-", min_size=1, max_size=12)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)
objects: st.SearchStrategy[JsonObject] = st.dictionaries(names, json_values, max_size=3)
marks = st.none() | st.sampled_from(
    [{"type": "ephemeral"}, {"type": "ephemeral", "ttl": "1h"}, {"type": "?"}]
)
extras = st.none() | objects
base64s = st.sampled_from(["iVBORw0KGgo=", "AAEC", "JVBERi0=", "", "not base64!"])


def data_urls(*kinds: str) -> st.SearchStrategy[str]:
    return st.builds("data:{};base64,{}".format, st.sampled_from(kinds), base64s)


addresses = st.sampled_from(
    [
        "https://example.com/a.png?x=1#y",
        "http://example.com",
        "s3://bucket/a.png",
        "gs://bucket/a.pdf",
        "ftp://x",
        "",
        "data:",
    ]
)
texts = st.builds(Text, words, marks, extras)
images = st.builds(
    Image,
    data_urls("image/png", "image/jpeg", "image/tiff", "") | addresses,
    st.none() | st.sampled_from(["auto", "low", "high", "original"]),
    marks,
)
media: st.SearchStrategy[Part] = st.one_of(
    images,
    st.builds(Video, data_urls("video/mp4", "video/odd") | addresses, marks),
    st.builds(Audio, base64s, st.sampled_from(["wav", "mp3", "pcm16", "?"]), marks),
    st.builds(
        File,
        st.none()
        | base64s
        | data_urls("application/pdf", "text/plain", "text/csv", "application/x-odd")
        | addresses,
        st.none() | words,
        st.none() | st.sampled_from(["a.pdf", "b", "../c.txt", "ä ü.docx", ""]),
        marks,
    ),
)
opaque = st.builds(Opaque, words, objects)
reasoning = st.builds(
    Reasoning,
    st.sampled_from(["text", "summary", "encrypted", "server_tool_call"]),
    st.none() | words,
    st.none() | base64s,
    st.none() | base64s | objects.map(json.dumps),
    st.none() | names,
    st.sampled_from(ORIGINS),
    st.none() | st.integers(0, 3),
    st.booleans(),
)
arguments = st.one_of(
    objects.map(json.dumps),
    st.sampled_from(["", "{", "null", "[]", '"x"', "3", '{"a": 1} trailing', '{"a": NaN}']),
)
calls = st.builds(ToolCall, names | words, names, arguments)
results = st.builds(
    ToolResult,
    names | words,
    st.lists(st.one_of(texts, media, opaque), max_size=3).map(tuple),
    st.booleans(),
)


def turns(role: str, *kinds: st.SearchStrategy[Part]) -> st.SearchStrategy[Message]:
    parts = st.lists(st.one_of(*kinds), max_size=4).map(tuple)
    return st.builds(Message, st.just(role), parts, st.none() | names, extras)


messages = st.one_of(
    turns("system", texts, opaque),
    turns("developer", texts),
    turns("user", texts, media, results, opaque),
    turns("tool", results),
    turns(
        "assistant",
        texts,
        reasoning,
        calls,
        opaque,
        st.builds(Refusal, words),
        st.builds(ImageOutput, data_urls("image/png") | addresses),
        st.builds(AudioOutput, objects),
    ),
)
schemas: st.SearchStrategy[JsonObject] = st.one_of(
    objects,
    st.builds(
        lambda properties, more: {"type": "object", "properties": properties, **more},
        st.dictionaries(
            names,
            st.one_of(
                st.sampled_from(
                    [
                        {"type": "string", "format": "email", "pattern": "^a"},
                        {"type": ["string", "null"]},
                        {"anyOf": [{"type": "integer"}, {"const": 3}]},
                        {"$ref": "#/$defs/a"},
                        {"type": "array", "items": {"$ref": "#"}, "uniqueItems": True},
                        {"allOf": [True, {"not": {}}]},
                        True,
                    ]
                ),
                json_values,
            ),
            max_size=3,
        ),
        st.sampled_from(
            [
                {},
                {"required": ["a"], "additionalProperties": False},
                {
                    "$defs": {"a": {"type": "string"}},
                    "$schema": "https://json-schema.org/draft/2020-12/schema",
                },
                {"$defs": {"a": {"$ref": "#/$defs/a"}}},
                {"$defs": 3, "required": None},
            ]
        ),
    ),
)
tools = st.one_of(
    st.builds(Tool, names, st.none() | words, st.none() | schemas, st.none() | st.booleans(), marks),
    st.builds(
        Tool,
        names,
        kind=st.sampled_from(["custom", "web_search", "openrouter:datetime"]),
        value=st.none() | objects,
    ),
)
choices = st.one_of(
    st.sampled_from([ToolChoice("none"), ToolChoice("auto"), ToolChoice("required")]),
    st.builds(ToolChoice, st.just("named"), names),
    st.builds(ToolChoice, st.just("opaque"), value=objects),
)
formats = st.one_of(
    st.sampled_from([ResponseFormat("text"), ResponseFormat("json_object"), ResponseFormat("python")]),
    st.builds(
        ResponseFormat,
        st.just("json_schema"),
        st.none() | names,
        st.none() | schemas,
        st.none() | st.booleans(),
        st.none() | words,
    ),
)
thinking = st.builds(
    ReasoningOptions,
    st.none() | st.sampled_from(["none", "minimal", "low", "medium", "high", "xhigh", "max"]),
    st.none() | st.integers(0, 70_000),
    st.none() | st.booleans(),
    st.none() | st.booleans(),
    st.none() | st.sampled_from(["auto", "concise", "detailed"]),
)
numbers = st.none() | st.floats(-2, 2)
counts = st.none() | st.integers(0, 2**31)


def requests(model: st.SearchStrategy[str] | None = None) -> st.SearchStrategy[ChatRequest]:
    """Any chat request; most of its fields are mostly absent, as they are in life."""

    def rarely(strategy: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
        return st.none() | st.none() | strategy

    return st.builds(
        ChatRequest,
        dialect=st.sampled_from(
            ["openai_chat", "anthropic_messages", "gemini", "bedrock_converse", "openai_responses"]
        ),
        model=model or st.sampled_from(MODELS),
        messages=st.lists(messages, min_size=1, max_size=5).map(tuple),
        stream=st.booleans(),
        include_usage=st.booleans(),
        max_tokens=counts,
        temperature=rarely(numbers),
        top_p=rarely(numbers),
        top_k=rarely(counts),
        min_p=rarely(numbers),
        frequency_penalty=rarely(numbers),
        presence_penalty=rarely(numbers),
        repetition_penalty=rarely(numbers),
        seed=rarely(counts),
        logit_bias=rarely(st.dictionaries(st.sampled_from(["1", "50256"]), st.floats(-100, 100), max_size=2)),
        logprobs=rarely(st.booleans()),
        top_logprobs=rarely(st.integers(0, 20)),
        n=rarely(st.integers(1, 4)),
        stop=rarely(st.lists(words, max_size=5).map(tuple)),
        response_format=rarely(formats),
        tools=st.just(()) | st.lists(tools, max_size=3).map(tuple),
        tool_choice=rarely(choices),
        parallel_tool_calls=rarely(st.booleans()),
        reasoning=rarely(thinking),
        verbosity=rarely(st.sampled_from(["low", "medium", "high"])),
        prediction=rarely(objects),
        modalities=rarely(st.sampled_from([("text",), ("text", "image"), ("audio",)])),
        audio=rarely(objects),
        service_tier=rarely(st.sampled_from(["auto", "default", "flex", "priority", "?"])),
        metadata=rarely(st.dictionaries(names, words, max_size=2)),
        user=rarely(words),
        cache_control=rarely(marks),
        prompt_cache_key=rarely(words),
        web_search_options=rarely(objects),
        is_completion=st.sampled_from([False, False, False, True]),
        extras=extras,
    )
