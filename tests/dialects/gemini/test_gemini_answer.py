"""Gemini's answers in our words: whole, streamed, refused, broken, and mutilated."""

import copy
import json
from collections.abc import Iterator
from typing import cast

import pytest

from recorded_exchanges import JsonObject, recordings
from waystation.codec.assemble import assemble
from waystation.codec.stream_checker import check_stream
from waystation.dialects.gemini import DIALECT
from waystation.errors import (
    BadResponse,
    CredentialRejected,
    ModelGone,
    Overloaded,
    ProviderError,
    RateLimited,
    TimedOut,
    UpstreamRejected,
)
from waystation.operations.chat import ChatResult, Choice
from waystation.operations.chat_events import Event, MessageEnd, StreamError
from waystation.operations.parts import AudioOutput, Text, ToolCall

USAGE: JsonObject = {"promptTokenCount": 10, "candidatesTokenCount": 5, "totalTokenCount": 15}


def candidate(*parts: JsonObject, finish: object = "STOP", **more: object) -> JsonObject:
    return {"content": {"role": "model", "parts": list(parts)}, "finishReason": finish, **more}


def body(*candidates: JsonObject, **more: object) -> JsonObject:
    return {"candidates": list(candidates), "usageMetadata": USAGE, **more}


def parsed(value: object) -> ChatResult:
    return DIALECT.parse_response(json.dumps(value).encode())


def choice_of(*parts: JsonObject, finish: object = "STOP", **more: object) -> Choice:
    return parsed(body(candidate(*parts, finish=finish, **more))).choices[0]


def streamed(*chunks: JsonObject, cut: int | None = None) -> list[Event]:
    data = b"".join(b"data: " + json.dumps(chunk).encode() + b"\r\n\r\n" for chunk in chunks)
    parser = DIALECT.stream_parser()
    return [*parser.feed(data[:cut]), *parser.close()]


def test_what_an_answer_is_called() -> None:
    result = parsed(
        body(
            candidate({"text": "hi"}),
            modelVersion="gemini-3-flash",
            responseId="abc",
            createTime="2026-02-17T04:28:11.584396Z",
        )
    )

    assert (result.upstream_id, result.model, result.created) == ("abc", "gemini-3-flash", 1_771_302_491)
    assert result.choices[0].parts == (Text("hi"),)


@pytest.mark.parametrize(
    ("native", "reason"),
    [
        ("STOP", "stop"),
        (1, "stop"),
        ("MAX_TOKENS", "length"),
        (2, "length"),
        ("SAFETY", "content_filter"),
        ("RECITATION", "content_filter"),
        ("MODEL_ARMOR", "content_filter"),
        ("OTHER", "stop"),
        ("SOMETHING_NEW", "stop"),
    ],
)
def test_finish_reasons(native: object, reason: str) -> None:
    choice = choice_of({"text": "so far"}, finish=native)

    assert choice.finish_reason == reason
    assert isinstance(choice.native_finish_reason, str)


def test_an_answer_stopped_by_a_filter_may_be_empty() -> None:
    result = parsed({"candidates": [{"finishReason": "SAFETY", "index": 0}]})

    assert result.choices[0].finish_reason == "content_filter"
    assert result.choices[0].parts == ()


def test_calls_end_in_tool_calls_and_have_ids_of_their_own() -> None:
    choice = choice_of({"functionCall": {"name": "f"}}, {"functionCall": {"name": "f", "args": {"a": 1}}})
    calls = cast("tuple[ToolCall, ...]", choice.parts)

    assert choice.finish_reason == "tool_calls"
    assert [(call.name, call.arguments) for call in calls] == [("f", "{}"), ("f", '{"a":1}')]
    assert len({call.id for call in calls}) == 2


def test_a_malformed_call_is_an_error_and_keeps_what_came_before() -> None:
    with pytest.raises(BadResponse) as caught:
        parsed(body(candidate(finish="MALFORMED_FUNCTION_CALL")))
    choice = choice_of({"text": "I will "}, finish="MALFORMED_FUNCTION_CALL")

    assert caught.value.provider_code == "MALFORMED_FUNCTION_CALL"
    assert choice.finish_reason == "error"
    assert choice.parts == (Text("I will "),)
    assert isinstance(choice.error, BadResponse)


def test_a_blocked_prompt_is_a_refusal_with_its_reason() -> None:
    blocked: JsonObject = {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": USAGE}

    with pytest.raises(UpstreamRejected) as caught:
        parsed(blocked)

    assert caught.value.error_type == "content_policy_violation"
    assert caught.value.provider_code == "PROHIBITED_CONTENT"
    last = streamed(blocked)[-1]
    assert isinstance(last, StreamError)
    assert isinstance(last.error, UpstreamRejected)


@pytest.mark.parametrize(
    "value",
    [
        {},
        [],
        [1],
        "x",
        {"candidates": []},
        {"candidates": [{"finishReason": "STOP"}]},
        {"candidates": [{"content": {"parts": [{"text": ""}]}, "finishReason": "STOP"}]},
        {"candidates": [{"content": {"parts": [{"text": "cut"}]}}]},
    ],
)
def test_nothing_is_no_answer(value: object) -> None:
    try:
        result = parsed(value)
    except BadResponse:
        return
    assert result.choices[0].finish_reason == "error"


def test_tokens_spent_unseen_are_an_answer() -> None:
    spent = {**USAGE, "thoughtsTokenCount": 9}

    assert parsed({"candidates": [{"finishReason": "STOP"}], "usageMetadata": spent}).choices[0].parts == ()


def test_usage_counts_everything_once() -> None:
    usage = parsed(
        body(
            candidate({"text": "x"}),
            usageMetadata={
                "promptTokenCount": 100,
                "cachedContentTokenCount": 40,
                "candidatesTokenCount": 20,
                "thoughtsTokenCount": 7,
                "toolUsePromptTokenCount": 3,
                "totalTokenCount": 130,
                "promptTokensDetails": [
                    {"modality": "TEXT", "tokenCount": 60},
                    {"modality": "AUDIO", "tokenCount": 30},
                    {"modality": "VIDEO", "tokenCount": 10},
                ],
                "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 12}, {"modality": "AUDIO"}],
                "serviceTier": "standard",
            },
        )
    )

    assert usage.service_tier == "default"
    assert usage.usage is not None
    assert (usage.usage.prompt_tokens, usage.usage.completion_tokens, usage.usage.total_tokens) == (
        103,
        27,
        130,
    )
    assert (usage.usage.cached_tokens, usage.usage.reasoning_tokens) == (40, 7)
    assert (usage.usage.audio_prompt_tokens, usage.usage.video_prompt_tokens) == (30, 10)
    assert usage.usage.image_completion_tokens == 12


def test_grounding_becomes_annotations_counted_in_characters() -> None:
    grounding = {
        "webSearchQueries": ["weather", "", "tokyo"],
        "groundingChunks": [
            {"web": {"uri": "https://a.example", "title": "A"}},
            {"web": {"uri": "https://b.example"}},
        ],
        "groundingSupports": [
            {"segment": {"startIndex": 7, "endIndex": 11, "text": "warm"}, "groundingChunkIndices": [0, 9]}
        ],
    }
    result = parsed(
        body(candidate({"text": "15°, 暖 warm."}, groundingMetadata=grounding), modelVersion="gemini-3-flash")
    )

    assert result.choices[0].annotations == (
        {
            "type": "url_citation",
            "url_citation": {
                "url": "https://a.example",
                "title": "A",
                "content": "warm",
                "start_index": 7,
                "end_index": 11,
            },
        },
        {
            "type": "url_citation",
            "url_citation": {
                "url": "https://b.example",
                "title": "https://b.example",
                "start_index": 0,
                "end_index": 0,
            },
        },
    )
    assert "15°, 暖 warm."[7:11] == "warm"
    assert result.usage is not None
    assert result.usage.web_search_requests == 2


def test_citations_become_annotations() -> None:
    sources = {
        "citations": [
            {},
            {"uri": "https://a.example", "endIndex": 2},
            {"uri": "https://a.example", "endIndex": 2},
        ]
    }

    annotations = choice_of({"text": "abc"}, citationMetadata=sources).annotations

    assert [cast("JsonObject", one["url_citation"])["end_index"] for one in annotations] == [2]


def test_log_probabilities() -> None:
    told = {
        "chosenCandidates": [{"token": "é", "tokenId": 1, "logProbability": -0.5}],
        "topCandidates": [{"candidates": [{"token": "e", "logProbability": -1.5}]}],
    }

    assert choice_of({"text": "é"}, logprobsResult=told).logprobs == {
        "content": [
            {
                "token": "é",
                "logprob": -0.5,
                "bytes": [195, 169],
                "top_logprobs": [{"token": "e", "logprob": -1.5, "bytes": [101]}],
            }
        ],
        "refusal": None,
    }


def test_sound_out_and_drafts_left_out() -> None:
    choice = choice_of(
        {"inlineData": {"mimeType": "image/png", "data": "ZA=="}, "thought": True},
        {"inlineData": {"mimeType": "audio/L16;rate=24000", "data": "c25k"}},
    )

    assert choice.parts == (AudioOutput({"data": "c25k"}),)


def test_several_candidates_each_end_once() -> None:
    events = streamed(
        {
            "candidates": [
                candidate({"text": "a"}, finish=None, index=0),
                candidate({"text": "b"}, finish=None, index=1),
            ]
        },
        {"candidates": [candidate({"text": "A"}, index=0)]},
        {"candidates": [candidate({"text": "B"}, index=1)], "usageMetadata": USAGE},
    )

    check_stream(events)
    assert [choice.parts for choice in assemble(events).choices] == [(Text("aA"),), (Text("bB"),)]
    assert isinstance(events[-1], MessageEnd)


def test_the_last_counters_of_a_stream_count() -> None:
    end = streamed(
        {
            "candidates": [candidate({"text": "a"}, finish=None)],
            "usageMetadata": {**USAGE, "candidatesTokenCount": 1},
        },
        {"candidates": [candidate({"text": "b"})], "usageMetadata": USAGE},
        {"usageMetadata": {"trafficType": "ON_DEMAND"}},
    )[-1]

    assert isinstance(end, MessageEnd)
    assert end.usage is not None
    assert end.usage.completion_tokens == 5


def test_an_error_in_mid_stream_ends_it() -> None:
    events = streamed(
        {"candidates": [candidate({"text": "a"}, finish=None)]},
        {"error": {"code": 503, "status": "UNAVAILABLE", "message": "The model is overloaded."}},
    )

    check_stream(events)
    last = events[-1]
    assert isinstance(last, StreamError)
    assert isinstance(last.error, Overloaded)


@pytest.mark.parametrize("cut", [10, 60, 140])
def test_a_cut_stream_is_an_error(cut: int) -> None:
    events = streamed(
        {"candidates": [candidate({"text": "a"}, finish=None)]}, body(candidate({"text": "b"})), cut=cut
    )

    check_stream(events)
    assert isinstance(events[-1], StreamError)


def test_a_stream_as_an_array_is_read_alike_and_a_cut_one_is_an_error() -> None:
    chunks: list[JsonObject] = [
        {"candidates": [candidate({"text": 'a"}{[\\'}, finish=None)]},
        body(candidate({"text": "é"})),
    ]
    data = b"\n " + json.dumps(chunks, indent=1, ensure_ascii=False).encode()

    for size in (1, 2, 3, 1000):
        parser = DIALECT.stream_parser()
        events = [event for at in range(0, len(data), size) for event in parser.feed(data[at : at + size])]
        events += parser.close()
        assert assemble(events) == assemble(streamed(*chunks))
    parser = DIALECT.stream_parser()
    assert isinstance([*parser.feed(data[:-40]), *parser.close()][-1], StreamError)


@pytest.mark.parametrize(
    ("status", "name", "kind"),
    [
        (400, "INVALID_ARGUMENT", UpstreamRejected),
        (400, "FAILED_PRECONDITION", CredentialRejected),
        (401, "UNAUTHENTICATED", CredentialRejected),
        (403, "PERMISSION_DENIED", CredentialRejected),
        (404, "NOT_FOUND", ModelGone),
        (429, "RESOURCE_EXHAUSTED", RateLimited),
        (500, "INTERNAL", Overloaded),
        (503, "UNAVAILABLE", Overloaded),
        (504, "DEADLINE_EXCEEDED", TimedOut),
    ],
)
def test_errors_by_their_status(status: int, name: str, kind: type[ProviderError]) -> None:
    error = {"error": {"code": status, "message": "no", "status": name}}

    for told in (error, [error]):
        assert type(DIALECT.parse_error(status, [], json.dumps(told).encode())) is kind
    assert type(DIALECT.parse_error(status, [], b"<html>")) in {kind, UpstreamRejected}


def test_a_wrong_key_is_the_operators_affair_and_a_delay_is_told() -> None:
    key = {
        "code": 400,
        "status": "INVALID_ARGUMENT",
        "message": "x",
        "details": [{"reason": "API_KEY_INVALID"}],
    }
    busy = {"code": 429, "status": "RESOURCE_EXHAUSTED", "details": [{"retryDelay": "34.07s"}]}

    assert isinstance(DIALECT.parse_error(400, [], json.dumps({"error": key}).encode()), CredentialRejected)
    assert DIALECT.parse_error(429, [], json.dumps({"error": busy}).encode()).retry_after == 35


def test_a_prompt_that_is_too_long_is_told_as_such() -> None:
    message = "The input token count (1250074) exceeds the maximum number of tokens allowed (1048576)."
    error = {"error": {"code": 400, "message": message, "status": "INVALID_ARGUMENT"}}

    assert DIALECT.parse_error(400, [], json.dumps(error).encode()).error_type == "context_length_exceeded"


CHANGES: tuple[object, ...] = (None, 7, "x", [], {}, [None], True, ...)
"""What takes a field's place; the dots stand for nothing at all."""


def mutations(value: object) -> Iterator[object]:
    """The value with one field at a time missing, null, of another type, or joined by one more."""
    paths = list(places(value))
    for path in paths:
        for change in CHANGES:
            mutated = copy.deepcopy(value)
            holder = cast("dict[object, object]", mutated)
            for step in path[:-1]:
                holder = cast("dict[object, object]", holder[step])
            if change is ...:
                del holder[path[-1]]
            else:
                holder[path[-1]] = change
            yield mutated


def places(value: object, path: tuple[object, ...] = ()) -> Iterator[tuple[object, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*path, key)
        yield from places(item, (*path, key))


def test_mutilated_answers_give_a_result_or_a_named_error() -> None:
    whole = sorted(
        (one.body for one in recordings("google.generateContent") if one.status == 200 and one.body),
        key=lambda one: -len(one),
    )
    seen: set[str] = set()
    for answer in whole:
        shape = str(sorted({str(path) for path in places(answer)}))
        if shape in seen or len(json.dumps(answer)) > 6000 or len(seen) > 25:
            continue
        seen.add(shape)
        for mutated in mutations(answer):
            check_mutilated(mutated)
    assert len(seen) > 20


def check_mutilated(value: object) -> None:
    data = json.dumps(value).encode()
    try:
        result = DIALECT.parse_response(data)
    except ProviderError:
        pass
    else:
        for choice in result.choices:
            spent = result.usage is not None and result.usage.completion_tokens > 0
            assert choice.parts or choice.finish_reason != "stop" or spent
    parser = DIALECT.stream_parser()
    check_stream([*parser.feed(b"data: " + data + b"\n\n"), *parser.close()])
