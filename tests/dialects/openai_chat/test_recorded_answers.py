"""Answers that providers really gave, streamed or not: translated without loss, and independent of how bytes are cut."""

import json
import random
from collections.abc import Iterator
from typing import cast

import pytest

from recorded_exchanges import JsonObject, Recording, recordings
from waystation.codec.assemble import assemble, disassemble
from waystation.codec.dialect import Identity
from waystation.codec.stream_checker import check_stream
from waystation.dialects.openai_chat import DIALECT
from waystation.dialects.openai_chat.response import parse_any_answer, render_any_answer
from waystation.dialects.openai_chat.usual_answer import parse_usual_answer
from waystation.dialects.openai_chat.usual_rendering import render_usual_answer
from waystation.errors import ProviderError
from waystation.operations.chat import ChatResult, Choice
from waystation.operations.chat_events import ChoiceEnd, Event, MessageEnd, StreamError
from waystation.operations.parts import Reasoning, Refusal, Text, ToolCall
from waystation.operations.usage import Cost

IDENTITY = Identity("gen-1", "acme/m1", "Acme", 1_700_000_000)
COST = Cost(total=21_000, prompt=9_000, completion=12_000, upstream=21_000)
OPENROUTERS_OWN = {"user_id"}


def recorded() -> list[Recording]:
    """Mistral has a name of its own among the protocols, and few words of its own."""
    return [*recordings("openai.chat"), *recordings("mistral.chat")]


def answers() -> list[Recording]:
    found = [one for one in recorded() if one.status == 200 and one.body is not None]
    assert len(found) > 300
    return found


def streams() -> list[Recording]:
    found = [one for one in recorded() if one.stream is not None]
    assert len(found) > 90
    return found


def events_of(*pieces: bytes) -> list[Event]:
    parser = DIALECT.stream_parser()
    events = [event for piece in pieces for event in parser.feed(piece)]
    return events + parser.close()


def rendered(events: list[Event]) -> bytes:
    renderer = DIALECT.stream_renderer(IDENTITY)
    return renderer.feed(events) + renderer.close()


def parsed(body: JsonObject) -> ChatResult:
    return DIALECT.parse_response(json.dumps(body).encode())


def rendered_answer(result: ChatResult) -> JsonObject:
    return cast("JsonObject", json.loads(DIALECT.render_response(result, IDENTITY, COST, None)))


def meaning(choice: Choice) -> JsonObject:
    """What a choice says, however it was put together."""
    return {
        "text": "".join(part.text for part in choice.parts if isinstance(part, Text)),
        "reasoning": "".join(
            part.text or "" for part in choice.parts if isinstance(part, Reasoning) and not part.plain
        )
        or "".join(part.text or "" for part in choice.parts if isinstance(part, Reasoning)),
        "opaque": [
            (part.signature, part.data)
            for part in choice.parts
            if isinstance(part, Reasoning) and (part.signature or part.data)
        ],
        "refusal": "".join(part.text for part in choice.parts if isinstance(part, Refusal)),
        "calls": [
            (part.id, part.name, part.arguments) for part in choice.parts if isinstance(part, ToolCall)
        ],
        "finish": (choice.finish_reason, choice.native_finish_reason),
        "annotations": list(choice.annotations),
    }


def spoken(choice: Choice) -> JsonObject:
    """Its meaning, without the provider's own finish reason: where it gave none, ours stands for it on our wire."""
    return {**meaning(choice), "finish": choice.finish_reason}


def wire_choices(recording: Recording) -> Iterator[tuple[JsonObject, JsonObject]]:
    """Each recorded choice beside ours."""
    body = recording.body or {}
    ours = cast("list[JsonObject]", rendered_answer(parsed(body))["choices"])
    yield from zip(cast("list[JsonObject]", body["choices"]), ours, strict=True)


def test_recorded_answers_keep_what_they_said() -> None:
    for recording in answers():
        for theirs, ours in wire_choices(recording):
            said, told = cast("JsonObject", theirs["message"]), cast("JsonObject", ours["message"])
            text, thinking = content_of(said.get("content"))
            assert (told["content"] or "") == text, recording.name
            thought = said.get("reasoning") or said.get("reasoning_content") or thinking
            assert (told["reasoning"] or "") == (thought or ""), recording.name
            assert (told["refusal"] or "") == (said.get("refusal") or ""), recording.name
            if said.get("reasoning_details"):
                assert told["reasoning_details"] == said["reasoning_details"], recording.name
            if said.get("annotations"):
                assert told["annotations"] == said["annotations"], recording.name
            calls = cast("list[JsonObject]", said.get("tool_calls") or [])
            for call, made in zip(
                calls, cast("list[JsonObject]", told.get("tool_calls") or []), strict=False
            ):
                made["id"] = made["id"] if call["id"] else call["id"]
                assert {**made, "index": call.get("index"), **call} == {**made, "index": call.get("index")}, (
                    recording.name
                )
            wanted = len(calls) + bool(cast("JsonObject", said.get("function_call") or {}).get("name"))
            assert len(cast("list[JsonObject]", told.get("tool_calls") or [])) == wanted, recording.name


def content_of(content: object) -> tuple[str, str]:
    """Text and thinking of a content that is a string or a list of chunks."""
    if not isinstance(content, list):
        return str(content or ""), ""
    text = "".join(chunk["text"] for chunk in content if chunk["type"] == "text")
    thoughts = [chunk["thinking"] for chunk in content if chunk["type"] == "thinking"]
    return text, "".join(piece["text"] for thought in thoughts for piece in thought)


def test_the_shortcut_for_usual_answers_gives_the_same_result() -> None:
    usual = 0
    for recording in answers():
        body = json.dumps(recording.body).encode()
        result = parse_usual_answer(body)
        if result is not None:
            usual += 1
            assert result == parse_any_answer(body), recording.name
    assert usual > 50


def test_the_shortcut_for_usual_answers_says_the_same() -> None:
    usual = 0
    for recording in answers():
        result = parsed(recording.body or {})
        for cost in (None, COST, Cost(total=None, prompt=0, completion=0, upstream=None, is_byok=True)):
            said = render_usual_answer(result, IDENTITY, cost)
            if said is not None:
                usual += 1
                assert said == render_any_answer(result, IDENTITY, cost, None), recording.name
    assert usual > 150


def test_fields_we_have_no_word_for_come_back_out() -> None:
    known = {"id", "object", "created", "model", "provider", "user_id", "choices", "usage", "service_tier"}
    for recording in answers():
        ours = rendered_answer(parsed(recording.body or {}))
        for key, value in (recording.body or {}).items():
            if key not in known and value:
                assert ours[key] == value, (recording.name, key)
        for theirs, choice in wire_choices(recording):
            for key, value in theirs.items():
                if key not in {"message", "finish_reason", "delta", "native_finish_reason"} and value:
                    assert choice[key] == value, (recording.name, key)


def test_recorded_usage_is_counted() -> None:
    for recording in answers():
        usage = cast("JsonObject", (recording.body or {}).get("usage") or {})
        ours = cast("JsonObject", rendered_answer(parsed(recording.body or {}))["usage"])
        assert ours["prompt_tokens"] == usage["prompt_tokens"], recording.name
        # Google counts its thoughts in the total alone, and Mistral the sound that it charges by the second.
        if recording.provider != "google" and "prompt_audio_seconds" not in usage:
            assert ours["total_tokens"] == usage["total_tokens"], recording.name
        for key, value in ours.items():
            if key.endswith("tokens"):
                assert type(value) is int, (recording.name, key)


def key_paths(value: object, path: str = "") -> set[str]:
    if isinstance(value, list):
        return {name for item in value for name in key_paths(item, f"{path}[]")}
    if not isinstance(value, dict):
        return set()
    return {f"{path}.{key}" for key in value} | {
        name for key, item in value.items() for name in key_paths(item, f"{path}.{key}")
    }


def test_our_answers_have_every_key_that_openrouters_have() -> None:
    theirs = [one for one in answers() if one.provider == "openrouter"]
    assert len(theirs) > 60
    for recording in theirs:
        missing = key_paths(recording.body) - key_paths(rendered_answer(parsed(recording.body or {})))
        assert missing <= {f".{key}" for key in OPENROUTERS_OWN}, recording.name


def test_our_chunks_have_every_key_that_openrouters_have() -> None:
    theirs = [one for one in streams() if one.provider == "openrouter" and "synthetic" not in one.name]
    assert theirs
    for recording in theirs:
        events = events_of(recording.stream or b"")
        end = events[-1]
        assert isinstance(end, MessageEnd)
        ours = rendered([*events[:-1], MessageEnd(end.usage, COST, end.service_tier, end.extras)])
        missing = (
            chunk_keys(recording.stream or b"") - chunk_keys(ours) - {".choices[].logprobs", ".service_tier"}
        )
        assert not missing, recording.name


def chunk_keys(stream: bytes) -> set[str]:
    lines = [line[6:] for line in stream.splitlines() if line.startswith(b"data: {")]
    return {path for line in lines for path in key_paths(json.loads(line))}


def test_recorded_streams_are_well_formed() -> None:
    for recording in streams():
        check_stream(events_of(recording.stream or b""))


def test_recorded_streams_end_as_they_were_recorded() -> None:
    for recording in streams():
        failed = isinstance(events_of(recording.stream or b"")[-1], StreamError)
        assert failed == (b'"error":' in (recording.stream or b"")), recording.name


def test_no_recorded_stream_loses_its_text() -> None:
    for recording in streams():
        events = events_of(recording.stream or b"")
        if isinstance(events[-1], StreamError):
            continue
        for choice in assemble(events).choices:
            told = meaning(choice)
            text, reasoning = recorded_text(recording, choice.index)
            assert told["text"] == text, recording.name
            assert told["reasoning"] == reasoning, recording.name


def recorded_text(recording: Recording, index: int) -> tuple[str, str]:
    """The recorded deltas joined, by another hand."""
    text = reasoning = ""
    for line in (recording.stream or b"").decode().splitlines():
        line = line.strip()  # noqa: PLW2901 - one cassette is indented
        if not line.startswith("data: {"):
            continue
        for choice in json.loads(line[6:]).get("choices", []):
            delta = choice.get("delta") or {}
            if choice.get("index", 0) == index:
                said, thought = content_of(delta.get("content"))
                text += said
                details = "".join(item.get("text") or "" for item in delta.get("reasoning_details") or [])
                reasoning += delta.get("reasoning") or delta.get("reasoning_content") or details or thought
    return text, reasoning


def test_our_stream_says_what_theirs_said() -> None:
    for recording in streams():
        events = events_of(recording.stream or b"")
        if isinstance(events[-1], StreamError):
            continue
        again = events_of(rendered(events))
        check_stream(again)
        first, second = assemble(events), assemble(again)
        assert [spoken(choice) for choice in first.choices] == [spoken(choice) for choice in second.choices]


def test_a_streamed_answer_means_what_the_whole_one_means() -> None:
    for recording in answers():
        result = parsed(recording.body or {})
        events = disassemble(result)
        check_stream(events)
        again = assemble(events_of(rendered(events)))
        assert [spoken(choice) for choice in again.choices] == [spoken(choice) for choice in result.choices]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 4096])
def test_a_stream_does_not_depend_on_how_it_is_cut(size: int) -> None:
    # A byte at a time costs most: the long streams are cut that finely elsewhere, at random.
    limit = 6_000 if size == 1 else 20_000 if size < 7 else 1_000_000
    for recording in streams():
        stream = (recording.stream or b"")[:limit]
        pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
        assert comparable(events_of(*pieces)) == comparable(events_of(stream)), recording.name


def test_a_stream_does_not_depend_on_random_cuts() -> None:
    chance = random.Random(1)
    for recording in streams():
        stream = recording.stream or b""
        cuts = sorted(chance.choices(range(len(stream) + 1), k=40))
        pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
        assert comparable(events_of(*pieces)) == comparable(events_of(stream)), recording.name


def test_short_streams_do_not_depend_on_any_single_cut() -> None:
    short = [one.stream for one in streams() if one.stream and len(one.stream) < 1_600]
    assert len(short) > 5
    for stream in short:
        whole = comparable(events_of(stream))
        for cut in range(len(stream)):
            assert comparable(events_of(stream[:cut], stream[cut:])) == whole


def test_what_a_client_receives_does_not_depend_on_cuts() -> None:
    for recording in streams():
        stream = (recording.stream or b"")[:30_000]
        parser, renderer = DIALECT.stream_parser(), DIALECT.stream_renderer(IDENTITY)
        sent = b"".join(renderer.feed(parser.feed(stream[at : at + 11])) for at in range(0, len(stream), 11))
        sent += renderer.feed(parser.close()) + renderer.close()
        assert sent == rendered(events_of(stream)), recording.name


def test_a_recorded_stream_cut_before_its_end_is_never_a_success() -> None:
    for recording in streams():
        stream = recording.stream or b""
        finish = stream.find(b'"finish_reason":"')
        frame = stream.rfind(b"\n\n", 0, finish if finish > 0 else len(stream) // 2)
        if frame > 0:
            assert isinstance(events_of(stream[: frame + 2])[-1], StreamError), recording.name


def comparable(events: list[Event]) -> list[object]:
    """Errors compare by what they say."""
    return [
        (type(event.error), str(event.error), event.error.status) if isinstance(event, StreamError) else event
        for event in events
    ]


def test_the_finish_reason_is_one_of_five() -> None:
    for recording in streams():
        for event in events_of(recording.stream or b""):
            if isinstance(event, ChoiceEnd):
                assert event.reason in {"stop", "length", "tool_calls", "content_filter", "error"}


def test_recorded_errors_have_a_class_and_say_nothing_of_addresses() -> None:
    failures = [one for one in recorded() if one.status >= 400]
    assert len(failures) > 10
    for recording in failures:
        error = DIALECT.parse_error(recording.status, recording.headers, json.dumps(recording.body).encode())
        assert isinstance(error, ProviderError)
        assert error.upstream_status == recording.status
        assert "http" not in error.message.lower()
        if recording.status in {400, 413, 422}:
            assert error.status == recording.status


def damaged(value: object) -> Iterator[object]:
    """The same with one thing in it missing, null, of another type, or more than it was."""
    if isinstance(value, dict):
        for key in value:
            yield {name: field for name, field in value.items() if name != key}
            for other in cast("tuple[object, ...]", (None, 7, "", [], {}, [None])):
                yield {**value, key: other}
            for field in damaged(value[key]):
                yield {**value, key: field}
        yield {**value, "unheard_of": {"a": [1]}}
    elif isinstance(value, list):
        for at, item in enumerate(value):
            for changed in damaged(item):
                yield [*value[:at], changed, *value[at + 1 :]]


def damageable() -> list[Recording]:
    """One answer of each provider, and each kind of content: small ones, since all of each is broken."""
    kinds: dict[tuple[str, bool], Recording] = {}
    for recording in sorted(answers(), key=lambda one: len(json.dumps(one.body))):
        choice, *_ = cast("list[dict[str, JsonObject]]", (recording.body or {})["choices"])
        kinds.setdefault((recording.provider, isinstance(choice["message"].get("content"), list)), recording)
    assert len(kinds) > 12
    return list(kinds.values())


def test_a_damaged_answer_is_an_answer_or_an_error_and_never_an_empty_success() -> None:
    for recording in damageable():
        for body in damaged(recording.body):
            try:
                result = DIALECT.parse_response(json.dumps(body).encode())
            except ProviderError:
                continue
            said = any(choice.parts for choice in result.choices)
            excused = any(choice.finish_reason in {"length", "content_filter"} for choice in result.choices)
            spent = result.usage is not None and result.usage.completion_tokens > 0
            assert said or excused or spent, recording.name
            DIALECT.render_response(result, IDENTITY, COST, None)


def test_a_damaged_stream_never_crashes() -> None:
    for recording in sorted(streams(), key=lambda one: len(one.stream or b""))[:25]:
        frames = (recording.stream or b"").split(b"\n\n")
        for at, frame in enumerate(frames[:12]):
            if not frame.startswith(b"data: {"):
                continue
            for chunk in damaged(json.loads(frame[6:])):
                changed = [*frames[:at], b"data: " + json.dumps(chunk).encode(), *frames[at + 1 :]]
                events = events_of(b"\n\n".join(changed))
                check_stream(events)
                rendered(events)
