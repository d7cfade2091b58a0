"""Recorded traffic of Converse and ConverseStream: requests keep what they said, answers lose nothing however cut."""

import json
import random
from typing import Any, cast

import pytest
from msgspec import structs

from recorded_exchanges import JsonObject, Recording, recordings
from waystation.codec.assemble import assemble, disassemble
from waystation.codec.dialect import Identity, Target
from waystation.codec.event_stream import EventStreamParser
from waystation.codec.stream_checker import check_stream
from waystation.dialects.bedrock_converse import DIALECT
from waystation.errors import ModelGone, ProviderError, RateLimited
from waystation.operations.chat import ChatResult
from waystation.operations.chat_events import (
    Annotation,
    Event,
    MessageEnd,
    ReasoningDelta,
    StreamError,
    TextDelta,
    ToolCallDelta,
)
from waystation.operations.parts import Reasoning, Text, ToolCall

IDENTITY = Identity("gen-1", "acme/m1", "Acme", 1_700_000_000)


def asked() -> list[Recording]:
    found = [one for one in recordings("bedrock.converse") if one.request]
    assert len(found) > 160
    return found


def answers() -> list[Recording]:
    found = [one for one in recordings("bedrock.converse") if one.status == 200 and one.body is not None]
    assert len(found) > 150
    return found


def streams() -> list[Recording]:
    found = [one for one in recordings("bedrock.converse") if one.stream is not None]
    assert len(found) > 20
    return found


def events_of(*pieces: bytes) -> list[Event]:
    parser = DIALECT.stream_parser()
    events = [event for piece in pieces for event in parser.feed(piece)]
    return events + parser.close()


def parsed(recording: Recording) -> ChatResult:
    return DIALECT.parse_response(json.dumps(recording.body).encode())


def said(value: Any) -> Any:
    """One spelling where the wire has two: a success is what no status says, a schema is JSON in whatever spacing."""
    if isinstance(value, list):
        return [said(item) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {key: said(item) for key, item in value.items()}
    if kept.get("status") == "success" and "toolUseId" in kept and "type" not in kept:
        del kept["status"]
    if "stopSequences" in kept and not kept["stopSequences"]:
        del kept["stopSequences"]
    if isinstance(kept.get("toolUse"), dict) and kept["toolUse"].get("type") != "server_tool_use":
        kept["toolUse"].pop("type", None)
    if isinstance(kept.get("schema"), str):
        kept["schema"] = json.loads(kept["schema"])
    return kept


def merged(turns: list[JsonObject]) -> list[JsonObject]:
    """Turns of the same role in a row are one."""
    made: list[JsonObject] = []
    for turn in turns:
        if made and made[-1]["role"] == turn["role"]:
            made[-1]["content"] = [
                *cast("list[Any]", made[-1]["content"]),
                *cast("list[Any]", turn["content"]),
            ]
        else:
            made.append(dict(turn))
    return made


def test_recorded_requests_keep_what_they_said() -> None:
    for recording in asked():
        theirs = {key: value for key, value in (recording.request or {}).items() if value not in ({}, [])}
        theirs["messages"] = merged(cast("list[JsonObject]", theirs["messages"]))
        request = DIALECT.parse_request(json.dumps(recording.request).encode(), recording.path)
        rendered = DIALECT.render_request(request, Target(request.model or ""))
        assert said(json.loads(json.dumps(rendered.body))) == said(theirs), recording.name
        assert rendered.dropped == [], recording.name
        assert rendered.path.replace("%3A", ":") == recording.path.replace("%3A", ":"), recording.name


def test_recorded_requests_can_be_said_to_every_family() -> None:
    """From another dialect nothing rides along: what cannot be said is dropped and named, never a crash."""
    for recording in asked():
        request = DIALECT.parse_request(json.dumps(recording.request).encode(), recording.path)
        for native_id in (
            "anthropic.claude-v2",
            "us.amazon.nova-pro-v1:0",
            "us.meta.llama3-3-70b-instruct-v1:0",
        ):
            foreign = structs.replace(request, dialect="openai_chat")
            assert DIALECT.render_request(foreign, Target(native_id)).body["messages"], recording.name


def blocks_of(recording: Recording) -> list[dict[str, Any]]:
    return list(cast("Any", recording.body)["output"]["message"]["content"])


def test_recorded_answers_keep_what_they_said() -> None:
    for recording in answers():
        parts = parsed(recording).choices[0].parts
        blocks = blocks_of(recording)
        texts = [
            one for block in blocks for one in (block, *block.get("citationsContent", {}).get("content", []))
        ]
        assert "".join(part.text for part in parts if isinstance(part, Text)) == "".join(
            one.get("text") or "" for one in texts
        ), recording.name
        calls = [block["toolUse"] for block in blocks if "toolUse" in block]
        assert [
            (part.id, part.name, json.loads(part.arguments)) for part in parts if isinstance(part, ToolCall)
        ] == [
            (call["toolUseId"], call["name"], call["input"])
            for call in calls
            if call.get("type") != "server_tool_use"
        ], recording.name
        thoughts = [block["reasoningContent"] for block in blocks if "reasoningContent" in block]
        assert [
            (part.text, part.signature)
            for part in parts
            if isinstance(part, Reasoning) and part.kind == "text"
        ] == [
            (one["reasoningText"]["text"], one["reasoningText"].get("signature"))
            for one in thoughts
            if "reasoningText" in one
        ], recording.name


def test_recorded_usage_counts_the_cache_once() -> None:
    for recording in answers():
        usage = cast("Any", recording.body)["usage"]
        ours = parsed(recording).usage
        assert ours is not None
        assert ours.total_tokens == usage["totalTokens"], recording.name
        assert ours.cached_tokens == usage.get("cacheReadInputTokens", 0), recording.name
        assert ours.cache_write_tokens == usage.get("cacheWriteInputTokens", 0), recording.name


def test_recorded_citations_mark_the_text_they_stand_on() -> None:
    found = 0
    for recording in answers():
        choice = parsed(recording).choices[0]
        text = "".join(part.text for part in choice.parts if isinstance(part, Text))
        cited = [block["citationsContent"] for block in blocks_of(recording) if "citationsContent" in block]
        for annotation, value in zip(choice.annotations, cited, strict=True):
            citation = cast("dict[str, Any]", annotation["url_citation"])
            marked = text[citation["start_index"] : citation["end_index"]]
            assert marked == "".join(one["text"] for one in value["content"]), recording.name
            assert citation["title"] == value["citations"][0]["title"]
            found += 1
    assert found > 4


def test_an_answer_comes_back_from_our_own_rendering() -> None:
    for recording in answers():
        result = parsed(recording)
        again = DIALECT.parse_response(DIALECT.render_response(result, IDENTITY, None, None))
        assert [plain(part) for part in again.choices[0].parts] == [
            plain(part) for part in result.choices[0].parts
        ]
        assert again.usage == result.usage


def plain(part: object) -> object:
    """A part without its number: a cited text is a block of its own only on the way in."""
    return structs.replace(part, index=None) if isinstance(part, Reasoning) else part


def test_redacted_reasoning_goes_back_byte_for_byte() -> None:
    found = 0
    for recording in answers():
        blobs = [
            block["reasoningContent"]["redactedContent"]
            for block in blocks_of(recording)
            if "redactedContent" in block.get("reasoningContent", {})
        ]
        again = json.loads(DIALECT.render_response(parsed(recording), IDENTITY, None, None))
        sent = [
            block["reasoningContent"]["redactedContent"]
            for block in again["output"]["message"]["content"]
            if "redactedContent" in block.get("reasoningContent", {})
        ]
        assert sent == blobs, recording.name
        found += len(blobs)
    assert found > 0


def test_recorded_errors_have_their_class() -> None:
    failed = [one for one in recordings("bedrock.converse") if one.status >= 400]
    assert len(failed) >= 5
    for recording in failed:
        error = DIALECT.parse_error(recording.status, recording.headers, json.dumps(recording.body).encode())
        assert isinstance(error, RateLimited if recording.status == 429 else ModelGone), recording.name
        assert error.provider_code in {None, "ThrottlingException", "ValidationException"}


def test_recorded_streams_are_well_formed_and_end_well() -> None:
    for recording in streams():
        events = events_of(recording.stream or b"")
        check_stream(events)
        assert isinstance(events[-1], MessageEnd), recording.name
        assert events[-1].usage is not None


def payloads(recording: Recording) -> list[dict[str, Any]]:
    return [json.loads(message.payload) for message in EventStreamParser().feed(recording.stream or b"")]


def test_no_recorded_stream_loses_its_text_calls_or_reasoning() -> None:
    for recording in streams():
        deltas = [one["delta"] for one in payloads(recording) if "delta" in one]
        events = events_of(recording.stream or b"")
        text = "".join(event.text for event in events if isinstance(event, TextDelta))
        assert text == "".join(delta.get("text", "") for delta in deltas), recording.name
        thoughts = [delta["reasoningContent"] for delta in deltas if "reasoningContent" in delta]
        reasoning = [event for event in events if isinstance(event, ReasoningDelta)]
        assert "".join(one.text for one in reasoning) == "".join(one.get("text", "") for one in thoughts)
        assert [detail.signature for one in reasoning for detail in one.details if detail.signature] == [
            one["signature"] for one in thoughts if "signature" in one
        ], recording.name
        if "web-search" not in recording.name:
            told = "".join(event.arguments for event in events if isinstance(event, ToolCallDelta))
            fragments = "".join(delta["toolUse"]["input"] for delta in deltas if "toolUse" in delta)
            assert told.replace("{}", "") == fragments.replace("{}", ""), recording.name


def test_a_search_that_the_provider_ran_is_cited_and_not_shown_as_a_call() -> None:
    [recording] = [one for one in streams() if "web-search" in one.name]
    events = events_of(recording.stream or b"")
    choice = assemble(events).choices[0]
    assert [type(part) for part in choice.parts] == [Text]
    assert choice.finish_reason == "stop"
    urls = [
        cast("Any", event.value)["url_citation"]["url"] for event in events if isinstance(event, Annotation)
    ]
    assert "https://www.ruby-lang.org/en/downloads/" in urls


def test_a_streamed_answer_means_what_the_whole_one_means() -> None:
    for recording in answers():
        result = parsed(recording)
        events = disassemble(result)
        check_stream(events)
        renderer = DIALECT.stream_renderer(IDENTITY)
        again = assemble(events_of(renderer.feed(events) + renderer.close()))
        assert spoken(again) == spoken(result), recording.name


def spoken(result: ChatResult) -> JsonObject:
    parts = result.choices[0].parts
    return {
        "text": "".join(part.text for part in parts if isinstance(part, Text)),
        "reasoning": "".join(part.text or "" for part in parts if isinstance(part, Reasoning)),
        "opaque": [
            (one.signature, one.data)
            for one in parts
            if isinstance(one, Reasoning) and (one.signature or one.data)
        ],
        "calls": [(part.id, part.name, part.arguments) for part in parts if isinstance(part, ToolCall)],
        "finish": result.choices[0].finish_reason,
    }


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 4096])
def test_a_stream_does_not_depend_on_how_it_is_cut(size: int) -> None:
    for recording in streams():
        stream = (recording.stream or b"")[: 3_000 if size < 7 else 100_000]
        pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
        assert comparable(events_of(*pieces)) == comparable(events_of(stream)), recording.name


def test_a_stream_does_not_depend_on_random_cuts() -> None:
    chance = random.Random(1)
    for recording in streams():
        stream = recording.stream or b""
        cuts = sorted(chance.choices(range(len(stream) + 1), k=40))
        pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
        assert comparable(events_of(*pieces)) == comparable(events_of(stream)), recording.name


def comparable(events: list[Event]) -> list[object]:
    """Errors are compared by what they say."""
    return [str(event.error) if isinstance(event, StreamError) else event for event in events]


def mutations(value: Any, chance: random.Random) -> Any:
    """The same answer with one thing in it missing, null, of another type, or too much."""
    places: list[tuple[Any, Any]] = []

    def collect(item: Any) -> None:
        for key in item if isinstance(item, dict) else range(len(item)) if isinstance(item, list) else ():
            places.append((item, key))
            collect(item[key])

    changed = json.loads(json.dumps(value))
    collect(changed)
    holder, key = chance.choice(places)
    match chance.randrange(5):
        case 0 if isinstance(holder, dict):
            del holder[key]
        case 1:
            holder[key] = None
        case 2:
            holder[key] = chance.choice([7, "x", [], {}, [None], {"a": 1}, True, -1.5])
        case 3 if isinstance(holder, dict):
            holder["surprise"] = {"of": ["a", "later", "version"]}
        case _ if isinstance(holder, list):
            holder.reverse()
        case _:
            holder[key] = ""
    return changed


def test_mutated_answers_are_a_result_or_a_named_error() -> None:
    chance = random.Random(3)
    for recording in answers():
        for _ in range(15):
            body = json.dumps(mutations(recording.body, chance)).encode()
            try:
                choice = DIALECT.parse_response(body).choices[0]
            except ProviderError:
                continue
            assert (
                choice.parts
                or choice.finish_reason in {"length", "content_filter"}
                or b"outputTokens" in body
            )
            check_stream(disassemble(DIALECT.parse_response(body)))


def test_mutated_streams_are_a_result_or_a_named_error() -> None:
    from waystation.codec.event_stream import render_event_message

    chance = random.Random(4)
    for recording in streams():
        messages = list(EventStreamParser().feed(recording.stream or b""))[:60]
        for _ in range(15):
            changed = list(messages)
            at = chance.randrange(len(changed))
            match chance.randrange(4):
                case 0:
                    del changed[at]
                case 1:
                    changed.insert(at, changed[at])
                case _:
                    payload = mutations(json.loads(changed[at].payload), chance)
                    changed[at] = type(changed[at])(changed[at].headers, json.dumps(payload).encode())
            check_stream(
                events_of(b"".join(render_event_message(one.headers, one.payload) for one in changed))
            )
