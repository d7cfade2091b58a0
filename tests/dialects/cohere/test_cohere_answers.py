"""Cohere's answers in our words: reasons, plans, citations, counters, failures; and what this wire can say comes back from it."""

import json
from decimal import Decimal
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recorded_exchanges import JsonObject
from waystation.catalog.pricing import Pricing
from waystation.codec.assemble import assemble
from waystation.codec.dialect import Target
from waystation.credits.cost import price
from waystation.dialects.cohere import DIALECT
from waystation.errors import (
    BadResponse,
    CredentialRejected,
    ModelGone,
    Overloaded,
    ProviderError,
    RateLimited,
    UpstreamRejected,
)
from waystation.operations.chat import (
    ChatRequest,
    ChatResult,
    Message,
    ReasoningOptions,
    ResponseFormat,
    Tool,
    ToolChoice,
)
from waystation.operations.chat_events import Event, MessageEnd, StreamError
from waystation.operations.parts import Image, Reasoning, Text, ToolCall, ToolResult
from waystation.operations.usage import Usage

USAGE = {
    "billed_units": {"input_tokens": 7, "output_tokens": 3},
    "tokens": {"input_tokens": 500, "output_tokens": 5},
}


def parsed(message: object, reason: str = "COMPLETE", **more: object) -> ChatResult:
    body = {"id": "a", "message": message, "finish_reason": reason, "usage": USAGE, **more}
    return DIALECT.parse_response(json.dumps(body).encode())


def streamed(*events: JsonObject) -> list[Event]:
    parser = DIALECT.stream_parser()
    data = b"".join(f"event: {one['type']}\ndata: {json.dumps(one)}\n\n".encode() for one in events)
    return [*parser.feed(data), *parser.close()]


def delta(kind: str, message: JsonObject, index: int = 0) -> JsonObject:
    return {"type": kind, "index": index, "delta": {"message": message}}


def end(reason: str = "COMPLETE", **more: object) -> JsonObject:
    return {"type": "message-end", "delta": {"finish_reason": reason, "usage": USAGE, **more}}


TEXT = {"content": [{"type": "text", "text": "Hi"}]}
START: JsonObject = {"type": "message-start", "id": "a", "delta": {"message": {"role": "assistant"}}}


@pytest.mark.parametrize(
    ("native", "reason"),
    [
        ("COMPLETE", "stop"),
        ("STOP_SEQUENCE", "stop"),
        ("MAX_TOKENS", "length"),
        ("ERROR_TOXIC", "content_filter"),
        ("ERROR", "error"),
        ("SOMETHING_NEW", "stop"),
    ],
)
def test_reasons(native: str, reason: str) -> None:
    choice = parsed(TEXT, native).choices[0]
    assert (choice.finish_reason, choice.native_finish_reason) == (reason, native)
    assert (choice.error is None) == (reason != "error")


def test_a_plan_is_reasoning_and_calls_make_the_reason() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": ""}}
    choice = parsed({"tool_plan": "I will look.", "tool_calls": [call]}, "TOOL_CALL").choices[0]
    assert choice.parts == (
        Reasoning(text="I will look.", id="tool_plan", index=0),
        ToolCall("c1", "look", "{}"),
    )
    assert choice.finish_reason == "tool_calls"
    events = streamed(
        START,
        delta("tool-plan-delta", {"tool_plan": "I will"}),
        delta("tool-plan-delta", {"tool_plan": " look."}),
        delta("tool-call-start", {"tool_calls": call}),
        delta("tool-call-end", {}),
        end("TOOL_CALL"),
    )
    assert assemble(events).choices[0].parts == choice.parts


def test_thoughts_and_a_plan_are_details_of_their_own() -> None:
    events = streamed(
        START,
        delta("content-start", {"content": {"type": "thinking", "thinking": ""}}),
        delta("content-delta", {"content": {"thinking": "Hm"}}),
        delta("content-delta", {"content": {"thinking": "m."}}),
        delta("tool-plan-delta", {"tool_plan": "So."}),
        delta("content-start", {"content": {"type": "text", "text": "Hi"}}, 1),
        end(),
    )
    assert assemble(events).choices[0].parts == (
        Reasoning(text="Hmm.", index=0),
        Reasoning(text="So.", id="tool_plan", index=1),
        Text("Hi"),
    )


def test_citations_stand_in_the_whole_text() -> None:
    page = {
        "type": "tool",
        "id": "1",
        "tool_output": {"url": "https://a.example", "title": "A", "text": "said"},
    }
    note = {"type": "document", "id": "doc-0", "document": {"text": "blue"}}
    blocks = [{"type": "text", "text": "12345"}, {"type": "text", "text": "sky is blue"}]
    cited = {"start": 0, "end": 3, "text": "sky", "sources": [page, note], "content_index": 1}
    planned = {"start": 0, "end": 3, "text": "sky", "sources": [page], "type": "PLAN"}
    annotations = parsed({"content": blocks, "citations": [cited, planned]}).choices[0].annotations
    assert annotations[0] == {
        "type": "url_citation",
        "url_citation": {
            "url": "https://a.example", "title": "A", "start_index": 5, "end_index": 8, "content": "said",
        },
    }  # fmt: skip
    file = cast("JsonObject", annotations[1]["file"])
    assert (file["name"], file["content"]) == ("doc-0", [{"type": "text", "text": "blue"}])
    assert len(annotations) == 2


def test_probabilities_of_a_piece_are_added_up() -> None:
    told = parsed(TEXT, logprobs=[{"text": "Hi", "token_ids": [1, 2], "logprobs": [-0.5, -0.25]}]).choices[0]
    assert told.logprobs == {
        "content": [{"token": "Hi", "logprob": -0.75, "bytes": [72, 105], "top_logprobs": []}],
        "refusal": None,
    }


def test_what_is_charged_is_what_is_billed() -> None:
    """Cohere's template is in the tokens and not in the bill."""
    usage = parsed(TEXT).usage
    assert usage == Usage(500, 5, charged_prompt_tokens=7, charged_completion_tokens=3)
    pricing = Pricing(prompt=Decimal("0.000001"), completion=Decimal("0.00001"))
    assert usage is not None
    assert price(usage, pricing, 0).total == 7 * 1_000 + 3 * 10_000


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b'{"message": null}', b'{"message": {"content": []}, "finish_reason": "COMPLETE"}'],
)
def test_what_is_no_answer_is_a_bad_response(body: bytes) -> None:
    with pytest.raises(BadResponse):
        DIALECT.parse_response(body)


@pytest.mark.parametrize(
    "events",
    [
        [],
        [START],
        [START, delta("content-delta", {"content": {"text": "H"}})],
        [START, end("ERROR")],
        [START, delta("content-delta", {"content": {"text": "H"}}), end("COMPLETE", error="out of order")],
        [START, delta("tool-call-delta", {"tool_calls": {"function": {"arguments": "{"}}})],
        [{"type": "error", "message": "out of order"}],
    ],
)
def test_what_is_no_stream_ends_in_an_error(events: list[JsonObject]) -> None:
    told = streamed(*events)
    assert isinstance(told[-1], StreamError)
    assert not any(isinstance(event, MessageEnd) for event in told)


@pytest.mark.parametrize(
    ("status", "body", "kind", "error_type"),
    [
        (400, {"message": "invalid role"}, UpstreamRejected, "invalid_request"),
        (
            400,
            {"error_type": "TOO_MANY_TOKENS", "message": "size limit"},
            UpstreamRejected,
            "context_length_exceeded",
        ),
        (401, {"message": "invalid api token"}, CredentialRejected, "provider_unavailable"),
        (404, {"message": "model 'x' not found"}, ModelGone, "not_found"),
        (422, {"message": "bad schema"}, UpstreamRejected, "unprocessable"),
        (429, {"message": "trial key"}, RateLimited, "rate_limit_exceeded"),
        (498, {"message": "blocked"}, UpstreamRejected, "content_policy_violation"),
        (499, {"message": "cancelled"}, Overloaded, "provider_overloaded"),
        (500, {"message": "oops"}, Overloaded, "provider_overloaded"),
        (503, "no JSON", Overloaded, "provider_overloaded"),
    ],
)
def test_errors(status: int, body: object, kind: type[ProviderError], error_type: str) -> None:
    error = DIALECT.parse_error(status, [(b"retry-after", b"9")], json.dumps(body).encode())
    assert (type(error), error.error_type) == (kind, error_type)
    assert "trial key" not in error.message


WORDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
NAMES = st.from_regex(r"[a-z]{1,8}", fullmatch=True)
TEXTS = st.builds(Text, WORDS)
IMAGES = st.builds(
    Image, st.just("https://example.com/a.png"), st.none() | st.sampled_from(["auto", "low", "high"])
)
ARGUMENTS = st.dictionaries(NAMES, WORDS | st.integers(), max_size=2).map(json.dumps)
SCHEMAS: st.SearchStrategy[JsonObject] = st.dictionaries(
    NAMES, st.just({"type": "string"}), min_size=1, max_size=2
).map(lambda properties: {"type": "object", "properties": properties})


@st.composite
def assistants(draw: st.DrawFn) -> Message:
    thoughts = [Reasoning(text=draw(WORDS))] if draw(st.booleans()) else []
    texts = draw(st.lists(TEXTS, min_size=1, max_size=2))
    plans = [Reasoning(text=draw(WORDS), id="tool_plan")] if draw(st.booleans()) else []
    calls = draw(st.lists(st.builds(ToolCall, NAMES, NAMES, ARGUMENTS), min_size=len(plans), max_size=2))
    return Message("assistant", (*thoughts, *texts, *plans, *calls))


MESSAGES = st.one_of(
    st.builds(Message, st.sampled_from(["system"]), st.tuples(TEXTS)),
    st.builds(Message, st.just("user"), st.lists(TEXTS | IMAGES, min_size=1, max_size=3).map(tuple)),
    assistants(),
    st.builds(
        Message,
        st.just("tool"),
        st.tuples(st.builds(ToolResult, NAMES, st.lists(TEXTS, min_size=1, max_size=2).map(tuple))),
    ),
)


@st.composite
def requests(draw: st.DrawFn) -> ChatRequest:
    strict = draw(st.sampled_from([None, True]))
    tools = draw(
        st.lists(st.builds(Tool, NAMES, st.none() | WORDS, SCHEMAS, st.just(strict)), max_size=2).map(tuple)
    )
    formats = st.none() | st.just(ResponseFormat("json_object"))
    formats |= SCHEMAS.map(lambda schema: ResponseFormat("json_schema", schema=schema))
    return ChatRequest(
        "cohere",
        "command-a-reasoning-08-2025",
        draw(st.lists(MESSAGES, min_size=1, max_size=4).map(tuple)),
        stream=draw(st.booleans()),
        max_tokens=draw(st.none() | st.integers(1, 99)),
        temperature=draw(st.none() | st.floats(0, 1)),
        top_p=draw(st.none() | st.floats(0.01, 0.99)),
        top_k=draw(st.none() | st.integers(0, 500)),
        seed=draw(st.none() | st.integers(0, 99)),
        logprobs=draw(st.none() | st.just(value=True)),
        stop=draw(st.none() | st.lists(WORDS, min_size=1, max_size=5).map(tuple)),
        tools=tools,
        tool_choice=draw(st.sampled_from([None, ToolChoice("required"), ToolChoice("none")]))
        if tools
        else None,
        response_format=None if tools else draw(formats),
        reasoning=draw(
            st.none()
            | st.just(ReasoningOptions(enabled=False))
            | st.builds(
                ReasoningOptions, max_tokens=st.none() | st.integers(1, 9), enabled=st.just(value=True)
            )
        ),
        extras=draw(st.none() | st.just(cast("JsonObject", {"safety_mode": "STRICT"}))),
    )


@settings(max_examples=200, deadline=None)
@given(requests())
def test_a_request_is_read_back_as_it_was_meant(request: ChatRequest) -> None:
    rendered = DIALECT.render_request(request, Target(request.model or ""))
    assert rendered.dropped == []
    assert DIALECT.parse_request(json.dumps(rendered.body).encode(), rendered.path) == request
