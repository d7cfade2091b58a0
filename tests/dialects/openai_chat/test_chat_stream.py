"""Streams: what a provider's chunks mean, how they may end, and the frames a client gets."""

import json
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from waystation.codec.assemble import assemble
from waystation.codec.dialect import Identity
from waystation.codec.stream_checker import check_stream
from waystation.dialects.openai_chat import DIALECT
from waystation.errors import (
    BadResponse,
    GatewayError,
    InternalError,
    Overloaded,
    RateLimited,
    UpstreamRejected,
)
from waystation.operations.chat import ChatResult
from waystation.operations.chat_events import (
    ChoiceEnd,
    Event,
    MessageEnd,
    MessageStart,
    Note,
    PartEnd,
    PartStart,
    ReasoningDelta,
    StreamError,
    TextDelta,
    ToolCallDelta,
)
from waystation.operations.parts import (
    AudioOutput,
    ImageOutput,
    JsonObject,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
)
from waystation.operations.usage import Cost, Usage

IDENTITY = Identity("gen-1", "acme/m1", "Acme", 1_710_000_000)
DONE = b"data: [DONE]\n\n"


def chunk(*choices: object, **fields: object) -> bytes:
    value = {
        "id": "up-1",
        "object": "chat.completion.chunk",
        "created": 7,
        "model": "m",
        "choices": choices,
        **fields,
    }
    return b"data: %b\n\n" % json.dumps(value).encode()


def delta(_index: int = 0, _finish: object = None, **fields: object) -> JsonObject:
    return {"index": _index, "delta": fields, "finish_reason": _finish}


def parse(*frames: bytes, done: bool = True) -> list[Event]:
    parser = DIALECT.stream_parser()
    events = parser.feed(b"".join(frames) + (DONE if done else b"")) + parser.close()
    check_stream(events)
    return events


def answer(*frames: bytes) -> ChatResult:
    return assemble(parse(*frames))


def error_of(events: list[Event]) -> GatewayError:
    end = events[-1]
    assert isinstance(end, StreamError)
    return end.error


STOP = chunk(delta(_finish="stop"))
HELLO = (chunk(delta(role="assistant", content="")), chunk(delta(content="Hel")), chunk(delta(content="lo")))


def test_a_stream_of_text() -> None:
    assert parse(*HELLO, STOP, chunk(usage={"prompt_tokens": 3, "completion_tokens": 2})) == [
        MessageStart("up-1", "m", 7, dialect="openai_chat"),
        PartStart(0, 0, "text"),
        TextDelta(0, 0, "Hel"),
        TextDelta(0, 0, "lo"),
        PartEnd(0, 0),
        ChoiceEnd(0, "stop", "stop"),
        MessageEnd(Usage(3, 2)),
    ]


def test_chunks_that_resemble_each_other_are_all_told() -> None:
    words = [f'w{at}\n"\\é{"x" * at}' for at in range(30)]
    frames = [chunk(delta(content=word), system_fingerprint="fp", usage=None) for word in words]
    assert answer(*frames, STOP).choices[0].parts == (Text("".join(words)),)


def test_padding_of_random_length_changes_nothing() -> None:
    frames = [chunk(delta(content=f"{at} "), obfuscation="x" * (at % 5)) for at in range(20)]
    plain = [chunk(delta(content=f"{at} ")) for at in range(20)]
    assert parse(*frames, STOP) == parse(*plain, STOP)


def test_text_that_speaks_of_the_wire_is_only_text() -> None:
    words = ['"content":"x"', '"obfuscation":"y"', '{"content":', "data: [DONE]\n\n", '"reasoning":"']
    frames = [chunk(delta(content=word), obfuscation="pad") for word in words * 2]
    assert answer(*frames, STOP).choices[0].parts == (Text("".join(words * 2)),)


def test_a_look_alike_with_more_in_it_is_read_in_full() -> None:
    frames = [
        chunk(delta(content="a")),
        chunk(delta(content="b")),
        chunk({"index": 1, "delta": {"content": "c"}, "finish_reason": None}),
        chunk({"index": 0, "delta": {"content": "d", "refusal": "no"}, "finish_reason": None}),
        chunk(delta(content="e"), usage={"prompt_tokens": 1}),
        chunk(delta(_index=1, _finish="stop")),
    ]
    result = answer(*frames, STOP)
    assert [choice.parts for choice in result.choices] == [
        (Text("abd"), Refusal("no"), Text("e")),
        (Text("c"),),
    ]
    assert result.usage == Usage(1)


def test_reasoning_under_both_words_and_in_details() -> None:
    detail = {"type": "reasoning.text", "text": "b", "format": "anthropic-claude-v1", "index": 0}
    signed = {"type": "reasoning.text", "signature": "c2ln", "format": "anthropic-claude-v1", "index": 0}
    assert answer(chunk(delta(reasoning_content="a")), chunk(delta(content="x")), STOP).choices[0].parts == (
        Reasoning(text="a", plain=True),
        Text("x"),
    )
    result = answer(
        chunk(delta(reasoning="b", reasoning_details=[detail])),
        chunk(delta(reasoning_details=[signed])),
        STOP,
    )
    assert result.choices[0].parts == (
        Reasoning(text="b", signature="c2ln", origin="anthropic-claude-v1", index=0),
    )


def call_delta(index: object, arguments: object, **fields: object) -> JsonObject:
    function: JsonObject = {"arguments": arguments}
    if "name" in fields:
        function["name"] = fields.pop("name")
    return delta(tool_calls=[{"index": index, "function": function, **fields}])


@pytest.mark.parametrize(
    ("deltas", "calls"),
    [
        (
            [call_delta(0, "", id="a", name="f"), call_delta(0, '{"x"'), call_delta(0, ":1}")],
            [ToolCall("a", "f", '{"x":1}')],
        ),
        ([call_delta(0, None, id="a", name="f")], [ToolCall("a", "f", "{}")]),
        ([call_delta(0, {"x": 1}, id="a", name="f")], [ToolCall("a", "f", '{"x":1}')]),
        (
            [call_delta(0, "{}", id="a", name="f"), call_delta(1, "{}", id="b", name="g")],
            [ToolCall("a", "f", "{}"), ToolCall("b", "g", "{}")],
        ),
        (
            [call_delta(0, "{}", id="a", name="f"), call_delta(0, "{}", id="b", name="g")],
            [ToolCall("a", "f", "{}"), ToolCall("b", "g", "{}")],
        ),
        (
            [
                call_delta(None, "{", id="a", name="f"),
                call_delta(None, "}"),
                call_delta(None, "{}", id="b", name="g"),
            ],
            [ToolCall("a", "f", "{}"), ToolCall("b", "g", "{}")],
        ),
        (
            [call_delta(0, '{"x"', id="a", name="f"), call_delta(0, ":1}", id="a", name="f")],
            [ToolCall("a", "f", '{"x":1}')],
        ),
        ([call_delta(0, "{", id="a"), call_delta(0, "}", name="f")], [ToolCall("a", "f", "{}")]),
    ],
)
def test_tool_calls_however_they_are_numbered(deltas: list[JsonObject], calls: list[ToolCall]) -> None:
    choice = answer(*[chunk(one) for one in deltas], chunk(delta(_finish="tool_calls"))).choices[0]
    assert list(choice.parts) == calls
    assert choice.finish_reason == "tool_calls"


def test_a_deprecated_function_call_streams_as_a_call() -> None:
    frames = (
        chunk(delta(function_call={"name": "f", "arguments": ""})),
        chunk(delta(function_call={"arguments": '{"a":1}'})),
        chunk(delta(_finish="function_call")),
    )
    (part,) = answer(*frames).choices[0].parts
    assert isinstance(part, ToolCall)
    assert (part.name, part.arguments) == ("f", '{"a":1}')


def test_media_and_annotations() -> None:
    citation: JsonObject = {"type": "url_citation", "url_citation": {"url": "u"}}
    choice = answer(
        chunk(delta(audio={"id": "1", "data": "QU"})),
        chunk(delta(audio={"data": "JD", "transcript": "hi"})),
        chunk(delta(images=[{"type": "image_url", "image_url": {"url": "data:i"}}])),
        chunk(delta(annotations=[citation])),
        STOP,
    ).choices[0]
    assert choice.parts == (
        AudioOutput({"id": "1", "data": "QUJD", "transcript": "hi"}),
        ImageOutput("data:i"),
    )
    assert choice.annotations == (citation,)


def test_the_last_usage_wins_wherever_it_stands() -> None:
    frames = [chunk(delta(content="a"), usage={"prompt_tokens": 1, "completion_tokens": at}) for at in (1, 2)]
    assert answer(*frames, STOP).usage == Usage(1, 2)
    groq = chunk(
        delta(_finish="stop"), x_groq={"id": "r", "usage": {"prompt_tokens": 1, "completion_tokens": 2}}
    )
    assert answer(*HELLO, groq).usage == Usage(1, 2)


def test_what_comes_after_a_finish_reason_still_counts() -> None:
    assert answer(*HELLO, STOP, chunk(delta(content="!")), STOP).choices[0].parts == (Text("Hello!"),)


def test_unknown_fields_of_a_chunk_are_told_once_until_they_change() -> None:
    frames = [chunk(delta(content="a"), citations=["u"]) for _ in range(3)]
    notes = [event for event in parse(*frames, STOP) if isinstance(event, Note)]
    assert notes == [Note({"citations": ["u"]})]


def test_what_comes_before_the_start_waits_for_it() -> None:
    events = parse(chunk(id="", prompt_filter_results=[1]), *HELLO, STOP)
    assert events[:2] == [
        MessageStart("up-1", "m", 7, dialect="openai_chat"),
        Note({"prompt_filter_results": [1]}),
    ]


def test_log_probabilities_are_kept_in_order() -> None:
    frames = [
        chunk({"index": 0, "delta": {"content": text}, "logprobs": {"content": [{"token": text}]}})
        for text in "ab"
    ]
    assert answer(*frames, STOP).choices[0].logprobs == {"content": [{"token": "a"}, {"token": "b"}]}


@pytest.mark.parametrize(
    ("frames", "done"),
    [
        (HELLO, False),
        ((), True),
        ((), False),
        ((chunk(delta(content="")), STOP), True),
        ((chunk(delta(role="assistant")),), True),
        ((*HELLO, b"data: {broken\n\n"), True),
        ((*HELLO, b"data: []\n\n"), True),
        ((*HELLO, b'data: {"choices":[{"del'), False),
        ((b"<html>sorry</html>",), False),
        ((b'{"error": {"message": "no stream"}}',), False),
        (
            (chunk({"index": 0, "delta": {"content": "a"}}, {"index": 1, "delta": {"content": "b"}}), STOP),
            False,
        ),
    ],
)
def test_a_stream_without_a_proper_end_is_never_a_success(frames: tuple[bytes, ...], done: bool) -> None:  # noqa: FBT001
    assert isinstance(error_of(parse(*frames, done=done)), BadResponse)


def test_a_finished_stream_needs_no_done() -> None:
    assert isinstance(parse(*HELLO, STOP, done=False)[-1], MessageEnd)


def test_done_is_enough_where_something_was_said() -> None:
    assert parse(*HELLO)[-2:] == [ChoiceEnd(0, "stop"), MessageEnd()]


def test_nothing_counts_after_done() -> None:
    parser = DIALECT.stream_parser()
    parser.feed(b"".join([*HELLO, STOP, DONE]))
    assert parser.feed(chunk(delta(content="more"))) == []
    assert parser.close() == []


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"code": 429, "message": "x"}, RateLimited),
        ({"code": 502, "message": "Worker at http://10.0.0.1 failed"}, Overloaded),
        ({"message": "x", "type": "invalid_request_error", "code": "tool_use_failed"}, UpstreamRejected),
        ({"message": "x"}, BadResponse),
        ("x", BadResponse),
    ],
)
def test_an_error_chunk_ends_the_stream(error: object, kind: type[GatewayError]) -> None:
    told = error_of(
        parse(*HELLO, b"event: error\ndata: %b\n\n" % json.dumps({"error": error}).encode(), STOP)
    )
    assert type(told) is kind
    assert "10.0.0.1" not in told.message


def test_an_event_named_error_is_one_without_the_key_too() -> None:
    frame = b'event: error\ndata: {"code": 429, "message": "slow"}\n\n'
    assert isinstance(error_of(parse(*HELLO, frame)), RateLimited)


def test_a_chunk_that_is_an_error_itself_ends_the_stream() -> None:
    frame = b'data: {"object": "error", "message": "x", "type": "rate_limited", "raw_status_code": 429}\n\n'
    assert isinstance(error_of(parse(*HELLO, frame, STOP)), RateLimited)


def test_the_finish_reason_error_is_an_error() -> None:
    assert isinstance(error_of(parse(*HELLO, chunk(delta(_finish="error")))), Overloaded)


def frames_of(*events: Event, identity: Identity = IDENTITY) -> list[JsonObject]:
    renderer = DIALECT.stream_renderer(identity)
    data = renderer.feed(events)
    return [cast("JsonObject", json.loads(frame[6:])) for frame in data.decode().split("\n\n") if frame]


def choices_of(*events: Event, identity: Identity = IDENTITY) -> list[JsonObject]:
    return [
        choice
        for frame in frames_of(*events, identity=identity)
        for choice in cast("list[JsonObject]", frame["choices"])
    ]


START = MessageStart("up-1", "m", 7, dialect="openai_chat")


def test_the_chunk_of_the_contract() -> None:
    renderer = DIALECT.stream_renderer(IDENTITY)
    assert renderer.feed([START, PartStart(0, 0, "text"), TextDelta(0, 0, "H")]) == (
        b'data: {"id":"gen-1","object":"chat.completion.chunk","created":1710000000,"model":"acme/m1",'
        b'"provider":"Acme","choices":[{"index":0,"delta":{"role":"assistant","content":"H"},'
        b'"finish_reason":null,"native_finish_reason":null}]}\n\n'
    )
    assert renderer.comment() == b": OPENROUTER PROCESSING\n\n"
    assert renderer.close() == b"data: [DONE]\n\n"


def test_the_role_is_said_once_a_choice() -> None:
    deltas = [
        cast("JsonObject", choice["delta"])
        for choice in choices_of(
            START, TextDelta(0, 0, "a"), TextDelta(1, 0, "b"), *[TextDelta(0, 0, "c")] * 2
        )
    ]
    assert deltas == [
        {"role": "assistant", "content": "a"},
        {"role": "assistant", "content": "b"},
        {"content": "c"},
        {"content": "c"},
    ]


def test_the_end_of_a_stream() -> None:
    end = MessageEnd(Usage(9, 2), Cost(21_000, 9_000, 12_000, 21_000), "default")
    last_choice, last = frames_of(START, TextDelta(0, 0, "a"), ChoiceEnd(0, "stop", "eos"), end)[1:]
    assert last_choice["choices"] == [
        {"index": 0, "delta": {}, "finish_reason": "stop", "native_finish_reason": "eos"}
    ]
    assert last["choices"] == []
    assert last["service_tier"] == "default"
    assert cast("JsonObject", last["usage"])["cost"] == 0.000021


def test_router_metadata_goes_with_the_last_chunk() -> None:
    renderer = DIALECT.stream_renderer(IDENTITY)
    renderer.metadata = {"strategy": "direct"}
    assert b"openrouter_metadata" not in renderer.feed([START, TextDelta(0, 0, "a"), ChoiceEnd(0, "stop")])
    assert b'"openrouter_metadata":{"strategy":"direct"}' in renderer.feed([MessageEnd(Usage(1, 1))])


@pytest.mark.parametrize(("error", "told"), [(Overloaded("down"), True), (InternalError("ours"), False)])
def test_router_metadata_stands_beside_an_error_that_is_not_ours(error: GatewayError, *, told: bool) -> None:
    renderer = DIALECT.stream_renderer(IDENTITY)
    renderer.metadata = {"strategy": "direct"}
    said = renderer.feed([START, TextDelta(0, 0, "a"), StreamError(error)])
    assert (b'"openrouter_metadata":{"strategy":"direct"}' in said) is told


def test_tool_calls_say_id_and_name_once() -> None:
    calls = [
        cast("JsonObject", choice["delta"]).get("tool_calls")
        for choice in choices_of(
            START,
            PartStart(0, 0, "tool_call", "c1", "f", 0),
            ToolCallDelta(0, 0, 0, "{"),
            ToolCallDelta(0, 0, 0, "}"),
        )
    ]
    assert calls == [
        [{"index": 0, "id": "c1", "type": "function", "function": {"name": "f", "arguments": ""}}],
        [{"index": 0, "function": {"arguments": "{"}}],
        [{"index": 0, "function": {"arguments": "}"}}],
    ]


def test_reasoning_is_said_as_text_and_as_details() -> None:
    encrypted = Reasoning(kind="encrypted", data="x", origin="openai-responses-v1", index=0)
    deltas = [
        cast("JsonObject", choice["delta"])
        for choice in choices_of(
            START, *[ReasoningDelta(0, 0, text) for text in "abc"], ReasoningDelta(0, 0, "", (encrypted,))
        )
    ]
    assert [one["reasoning"] for one in deltas] == ["a", "b", "c", None]
    assert deltas[2]["reasoning_details"] == [
        {"type": "reasoning.text", "text": "c", "format": "unknown", "index": 0}
    ]
    assert deltas[3]["reasoning_details"] == [
        {"type": "reasoning.encrypted", "data": "x", "format": "openai-responses-v1", "index": 0}
    ]


def test_excluded_reasoning_is_not_streamed() -> None:
    identity = Identity("gen-1", "a/b", "Acme", 1, include_reasoning=False)
    assert frames_of(START, PartStart(0, 0, "reasoning"), ReasoningDelta(0, 0, "hm"), identity=identity) == []


def test_a_fingerprint_is_on_each_chunk_or_on_none() -> None:
    start = MessageStart(system_fingerprint="fp_1")
    assert all(
        frame["system_fingerprint"] == "fp_1" for frame in frames_of(start, *[TextDelta(0, 0, "a")] * 3)
    )
    assert "system_fingerprint" not in frames_of(START, TextDelta(0, 0, "a"))[0]


def test_extras_are_streamed_for_the_same_dialect_only() -> None:
    events = (Note({"citations": ["u"]}), TextDelta(0, 0, "a", None, {"choice": {"x": 1}, "delta": {"y": 2}}))
    (frame,) = frames_of(START, *events)
    assert frame["citations"] == ["u"]
    assert cast("list[JsonObject]", frame["choices"])[0]["x"] == 1
    (other,) = frames_of(MessageStart(dialect="gemini"), *events)
    assert other.keys() == {"id", "object", "created", "model", "provider", "choices"}
    assert "x" not in cast("list[JsonObject]", other["choices"])[0]


def test_an_error_is_the_last_word() -> None:
    renderer = DIALECT.stream_renderer(IDENTITY)
    error = Overloaded("The provider broke off its answer.", provider_code="busy")
    frame = json.loads(renderer.feed([START, TextDelta(0, 0, "a"), StreamError(error)]).split(b"\n\n")[1][6:])
    assert frame["error"] == {
        "code": 503,
        "message": "The provider broke off its answer.",
        "metadata": {"error_type": "provider_overloaded", "provider_code": "busy"},
    }
    assert frame["choices"] == [
        {"index": 0, "delta": {"content": ""}, "finish_reason": "error", "native_finish_reason": "error"}
    ]
    assert renderer.close() == b""


def test_an_internal_error_is_masked_in_a_stream_too() -> None:
    data = DIALECT.stream_renderer(IDENTITY).feed([StreamError(InternalError("KeyError: secret"))])
    assert b"secret" not in data


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "text", "image_url", "function", "name", "arguments", "id", "index", "content"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=5,
)
_DELTAS = st.dictionaries(
    st.sampled_from(
        [
            "content", "reasoning", "reasoning_content", "reasoning_details", "tool_calls", "function_call", "images",
            "audio", "refusal", "annotations", "x",
        ]
    ),
    _JSON,
    max_size=3,
)  # fmt: skip
_CHUNKS = st.fixed_dictionaries(
    {
        "choices": st.lists(
            st.fixed_dictionaries(
                {"index": st.integers(0, 1), "delta": _DELTAS},
                optional={"finish_reason": _JSON, "logprobs": _JSON, "y": _JSON},
            ),
            max_size=2,
        )
        | _JSON
    },
    optional={"usage": _JSON, "x_groq": _JSON, "id": _JSON, "created": _JSON, "service_tier": _JSON},
)


@settings(max_examples=150, derandomize=True, deadline=None)
@given(st.lists(_CHUNKS, max_size=4), st.booleans())
def test_whatever_a_provider_streams_is_well_formed(chunks: list[object], done: bool) -> None:  # noqa: FBT001
    frames = [b"data: %b\n\n" % json.dumps(value).encode() for value in chunks]
    events = parse(*frames, done=done)
    renderer = DIALECT.stream_renderer(IDENTITY)
    data = renderer.feed(events) + renderer.close()
    for frame in data.decode().split("\n\n"):
        assert frame in ("", "data: [DONE]") or json.loads(frame[6:])["id"] == "gen-1"


@settings(max_examples=100, derandomize=True, deadline=None)
@given(st.binary(max_size=200))
def test_noise_is_a_failure_and_nothing_worse(noise: bytes) -> None:
    error_of(parse(noise, b"\n\ndata: ", noise, done=False))
