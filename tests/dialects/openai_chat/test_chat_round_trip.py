"""What the chat wire can say is read back as it was meant: `parse(render(x)) == x` for every x that a body can mean."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from neutral_requests import json_values, names, words
from recorded_exchanges import JsonObject
from waystation.codec.dialect import Target
from waystation.dialects.openai_chat import DIALECT
from waystation.operations.chat import ChatRequest, Message
from waystation.operations.parts import Reasoning, Text

SAYS_ALL = Target("m", reasoning_field="reasoning", nested_reasoning=True, developer_role=True)
"""An endpoint with the wire's whole vocabulary, as OpenRouter has it."""
MARK = {"type": "ephemeral", "ttl": "1h"}
objects: st.SearchStrategy[JsonObject] = st.dictionaries(names, json_values, max_size=3)
said = words.filter(bool)


def fixed(*required: tuple[str, object], **optional: object) -> st.SearchStrategy[JsonObject]:
    """An object with these keys; values are strategies or stand for themselves."""

    def strategy(value: object) -> st.SearchStrategy[object]:
        return value if isinstance(value, st.SearchStrategy) else st.just(value)

    return st.fixed_dictionaries(
        {name: strategy(value) for name, value in required},
        optional={name: strategy(value) for name, value in optional.items()},
    )


texts = fixed(("type", "text"), ("text", said), cache_control=MARK)
images = fixed(
    ("type", "image_url"),
    (
        "image_url",
        fixed(
            ("url", st.sampled_from(["https://example.com/a.png", "data:image/png;base64,iVBORw0KGgo="])),
            detail=st.sampled_from(["auto", "low", "high"]),
        ),
    ),
    cache_control=MARK,
)
media = st.one_of(
    images,
    fixed(
        ("type", "input_audio"),
        ("input_audio", {"data": "AAAA", "format": "wav"}),
    ),
    fixed(("type", "video_url"), ("video_url", {"url": "https://example.com/a.mp4"})),
    fixed(
        ("type", "file"),
        ("file", fixed(("file_data", "data:application/pdf;base64,JVBERi0="), filename=said)),
    ),
)
contents = said | st.lists(st.one_of(texts, media), min_size=1, max_size=3)
spoken = said | st.lists(texts, min_size=1, max_size=2)
calls = fixed(
    ("id", names),
    ("type", "function"),
    ("function", fixed(("name", names), ("arguments", objects.map(json.dumps)))),
)
details = st.one_of(
    fixed(("type", "reasoning.text"), ("text", said), ("format", "anthropic-claude-v1"), signature=names),
    fixed(("type", "reasoning.summary"), ("summary", said), ("format", "openai-responses-v1")),
    fixed(("type", "reasoning.encrypted"), ("data", names), ("format", "openai-responses-v1"), id=names),
).flatmap(lambda detail: st.integers(0, 2).map(lambda index: {**detail, "index": index}))
messages = st.one_of(
    fixed(("role", st.sampled_from(["system", "developer"])), ("content", spoken), name=names),
    fixed(("role", "user"), ("content", contents), name=names),
    fixed(("role", "assistant"), ("content", spoken), name=names, reasoning=said),
    fixed(
        ("role", "assistant"),
        ("content", None),
        ("tool_calls", st.lists(calls, min_size=1, max_size=2)),
        reasoning_details=st.lists(details, min_size=1, max_size=3),
    ),
    fixed(("role", "assistant"), ("content", None), ("refusal", said)),
    fixed(("role", "tool"), ("tool_call_id", names), ("content", spoken)),
)
tools = fixed(
    ("type", "function"),
    (
        "function",
        fixed(("name", names), ("parameters", {"type": "object"}), description=said, strict=st.booleans()),
    ),
    cache_control=MARK,
)
numbers = st.floats(0, 1)
plain = fixed(
    ("model", "a/b"),
    ("messages", st.lists(messages, min_size=1, max_size=4)),
    stream=True,
    max_tokens=st.integers(1, 9000),
    temperature=numbers,
    top_p=st.floats(0.01, 1),
    top_k=st.integers(1, 50),
    min_p=numbers,
    top_a=numbers,
    frequency_penalty=st.floats(-2, 2),
    presence_penalty=st.floats(-2, 2),
    repetition_penalty=st.floats(0.1, 2),
    seed=st.integers(-9, 2**40),
    logit_bias=st.dictionaries(st.integers(0, 99).map(str), st.integers(-100, 100), min_size=1, max_size=2),
    logprobs=st.booleans(),
    stop=st.lists(said, min_size=1, max_size=4),
    response_format=st.sampled_from(
        [
            {"type": "json_object"},
            {"type": "json_schema", "json_schema": {"name": "a", "strict": True, "schema": {"type": "object"}}},
        ]
    ),
    reasoning=st.sampled_from([{"effort": "low"}, {"max_tokens": 2000}, {"enabled": False}, {"effort": "none"}]),
    verbosity=st.sampled_from(["low", "high"]),
    prediction={"type": "content", "content": "x"},
    modalities=["text", "image"],
    service_tier=st.sampled_from(["flex", "priority"]),
    user=names,
    n=st.integers(2, 4),
    prompt_cache_key=names,
    x_unknown=objects,
)  # fmt: skip


tooled = fixed(
    ("tools", st.lists(tools, min_size=1, max_size=2)),
    tool_choice=st.sampled_from(
        ["none", "auto", "required", {"type": "function", "function": {"name": "f"}}]
    ),
    parallel_tool_calls=st.booleans(),
)
bodies = st.builds(lambda body, more: body | more, plain, st.just({}) | tooled)


def meant(body: JsonObject) -> ChatRequest:
    """What a body means, each thing once."""
    request = DIALECT.parse_request(json.dumps(body).encode(), "/chat/completions")
    return replace(request, messages=tuple(map(once, request.messages)))


def once(message: Message) -> Message:
    """Without the empty text of an assistant that said nothing, and without the plain text that details say better."""
    detailed = any(isinstance(part, Reasoning) and not part.plain for part in message.parts)
    parts = (
        part
        for part in message.parts
        if part != Text("") and not (detailed and isinstance(part, Reasoning) and part.plain)
    )
    return replace(message, parts=tuple(parts))


@settings(max_examples=300)
@given(bodies)
def test_a_request_is_read_back_as_it_was_meant(body: JsonObject) -> None:
    request = meant(body)
    rendered = DIALECT.render_request(request, SAYS_ALL)
    assert rendered.dropped == []
    assert meant({**rendered.body, "model": "a/b"}) == request
