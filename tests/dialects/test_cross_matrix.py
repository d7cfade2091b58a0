"""Every skin over every provider's wire: what is asked arrives, what is answered comes back, whole and streamed, by its meaning.

Answers are recorded ones, a few of each provider's wire and kind. What a client is shown is read again by the same wire's own
parser, and given back as an earlier turn: sealed thoughts must come out of that as they went in.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from recorded_exchanges import Recording, recordings
from skin_voices import PATH, PNG, VOICES, body_of
from translator_laws import PROTOCOLS
from waystation.app.inbound import DIALECTS
from waystation.app.outward import OUTWARD
from waystation.codec.assemble import assemble
from waystation.codec.dialect import Identity, Outward, Target
from waystation.errors import ContextTooLong, GatewayError, InternalError, ProviderError, RateLimited
from waystation.operations.chat import ChatRequest, ChatResult
from waystation.operations.chat_events import Event, StreamError
from waystation.operations.parts import Image, Reasoning, Text, ToolCall, ToolResult
from waystation.operations.usage import Usage

SKINS = {dialect.name: dialect for dialect in DIALECTS if dialect.name in VOICES}
WIRES = {dialect.name: dialect for dialect in OUTWARD if dialect.name != "openai_completions"}
IDENTITY = Identity("gen-1", "acme/m1", "Acme", 1)
TARGETS = {
    "anthropic_messages": Target("claude-sonnet-4-5"),
    "bedrock_converse": Target("us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
    "gemini": Target("gemini-2.5-flash"),
}
EACH = 3
"""Recordings of each wire and kind."""
TOO_LARGE = 40_000
ORIGINS = {
    "anthropic_messages": "anthropic-claude-v1",
    "openai_responses": "openai-responses-v1",
    "gemini": "google-gemini-v1",
}
Json = dict[str, Any]
pairs = pytest.mark.parametrize(
    ("skin", "wire"), [(skin, wire) for skin in SKINS for wire in WIRES], ids=lambda one: one
)
every_skin = pytest.mark.parametrize("skin", SKINS)


def parse(skin: str, body: Json) -> ChatRequest:
    return SKINS[skin].parse_request(body_of(body), PATH)


def shown(skin: str, result: ChatResult) -> Json:
    answer: Json = json.loads(SKINS[skin].render_response(result, IDENTITY, None, None))
    return answer


def said(result: ChatResult) -> str:
    parts = result.choices[0].parts
    return "".join(part.text for part in parts if isinstance(part, Text))


def calls(result: ChatResult) -> list[tuple[str, str, object]]:
    parts = result.choices[0].parts
    return [(p.id, p.name, loaded(p.arguments)) for p in parts if isinstance(p, ToolCall)]


def loaded(arguments: str) -> object:
    try:
        value = json.loads(arguments)
    except ValueError:
        return {"arguments": arguments}
    return value if isinstance(value, dict) else {"arguments": value}


def sealed(parts: Any) -> list[tuple[str, str | None]]:
    """What makers signed or sealed, whose only they can read: in order of itself, since wires group them in their own ways."""
    thoughts = [part for part in parts if isinstance(part, Reasoning)]
    found = [(one.signature or one.data or "", one.origin) for one in thoughts if one.signature or one.data]
    return sorted(found, key=str)


def known(ours: list[tuple[str, str | None]], theirs: list[tuple[str, str | None]]) -> list[Any]:
    """Ours, without a maker where theirs named none."""
    nameless = {data for data, origin in theirs if origin is None}
    return [(data, None if data in nameless else origin) for data, origin in ours]


def kind_of(result: ChatResult) -> str:
    parts = result.choices[0].parts
    found = sum(isinstance(part, ToolCall) for part in parts)
    thinks = "thoughts and " if sealed(parts) else ""
    return thinks + ("text" if not found else "a call" if found == 1 else "calls")


def a_few(wire: Outward, *, streams: bool) -> Iterator[tuple[Recording, ChatResult]]:
    """Recorded successes of a wire with what they mean, at most `EACH` of each kind."""
    counts: dict[str, int] = {}
    for protocol in PROTOCOLS[wire.name]:
        for recording in recordings(protocol):
            data = recording.stream if streams else json.dumps(recording.body).encode()
            if recording.status != 200 or not data or len(data) > TOO_LARGE or data == b"null":
                continue
            try:
                result = assemble(read(wire, data)) if streams else wire.parse_response(data)
            except GatewayError:
                continue
            if result.choices[0].error is not None:
                continue
            kind = kind_of(result)
            counts[kind] = counts.get(kind, 0) + 1
            if counts[kind] <= EACH:
                yield recording, result


def read(wire: Outward, data: bytes) -> list[Event]:
    parser = wire.stream_parser()
    return parser.feed(data) + parser.close()


def check(skin: str, result: ChatResult, again: ChatResult, name: str) -> None:
    """What the client was told means what the provider said, and comes back from it whole."""
    assert said(again) == said(result), name
    assert calls(again) == calls(result), name
    first, other = again.choices[0], result.choices[0]
    if other.finish_reason != "error":
        assert first.finish_reason == other.finish_reason or has_refusal(result), name
    if counts(result.usage) and again.usage is not None and result.usage is not None:
        assert again.usage.total_tokens == result.usage.total_tokens, name
    answer = shown(skin, again)
    turns = VOICES[skin].echo(answer)
    if turns:
        request = parse(skin, VOICES[skin].ask(VOICES[skin].say("Hi") + turns + VOICES[skin].say("Go on")))
        parts = [part for message in request.messages for part in message.parts]
        assert known(sealed(parts), sealed(other.parts)) == sealed(other.parts), name


def counts(usage: Usage | None) -> bool:
    """Whether a provider's counters make sense: one says that more of the prompt was cached than there was."""
    return usage is not None and usage.cached_tokens <= usage.prompt_tokens


def has_refusal(result: ChatResult) -> bool:
    return any(type(part).__name__ == "Refusal" for part in result.choices[0].parts)


@pairs
def test_whole_answers_mean_the_same(skin: str, wire: str) -> None:
    dialect = SKINS[skin]
    for recording, result in a_few(WIRES[wire], streams=False):
        again = dialect.parse_response(dialect.render_response(result, IDENTITY, None, None))
        check(skin, result, again, recording.name)


@pairs
def test_streams_mean_the_same_and_however_they_are_cut(skin: str, wire: str) -> None:
    dialect = SKINS[skin]
    for recording, _ in a_few(WIRES[wire], streams=True):
        data = recording.stream or b""
        renderer, pieces = dialect.stream_renderer(IDENTITY), dialect.stream_renderer(IDENTITY)
        events = read(WIRES[wire], data)
        result = assemble(events)
        whole = renderer.feed(events) + renderer.close()
        parts = b"".join(pieces.feed([event]) for event in events) + pieces.close()
        again = assemble(read(dialect, whole))
        assert said(assemble(read(dialect, parts))) == said(again), recording.name
        check(skin, result, again, recording.name)


@pairs
def test_a_stream_that_breaks_is_an_error_for_the_client_too(skin: str, wire: str) -> None:
    dialect = SKINS[skin]
    for recording, _ in a_few(WIRES[wire], streams=True):
        events = read(WIRES[wire], (recording.stream or b"")[: len(recording.stream or b"") // 2])
        assert isinstance(events[-1], StreamError)
        renderer = dialect.stream_renderer(IDENTITY)
        data = renderer.feed(events) + renderer.close()
        assert isinstance(read(dialect, data)[-1], StreamError), recording.name


@every_skin
@pytest.mark.parametrize("stop", [1, 3, 7])
def test_a_client_may_stop_reading_anywhere(skin: str, stop: int) -> None:
    dialect = SKINS[skin]
    for recording, _ in a_few(WIRES["anthropic_messages"], streams=True):
        events = read(WIRES["anthropic_messages"], recording.stream or b"")[:stop]
        renderer = dialect.stream_renderer(IDENTITY)
        assert renderer.comment() is not None
        data = renderer.feed(events)
        assert not data or data.endswith(b"\n\n")


@pairs
def test_text_arrives(skin: str, wire: str) -> None:
    voice = VOICES[skin]
    assert {"Be brief.", "Hello"} <= words(skin, wire, voice.ask(voice.say("Hello"), system="Be brief."))


@pairs
def test_tools_arrive(skin: str, wire: str) -> None:
    voice = VOICES[skin]
    request = parse(skin, voice.ask(voice.say("Hello"), tool="look"))
    assert request.tool_choice is not None
    assert request.tool_choice.mode == "required"
    (tool,) = request.tools
    assert (tool.name, tool.description) == ("look", "Look.")
    assert tool.parameters is not None
    assert tool.parameters["properties"] == {"city": {"type": "string"}}
    assert {"look", "Look.", "city"} <= words(skin, wire, voice.ask(voice.say("Hello"), tool="look"))


def turn(skin: str, *parts: Any) -> list[Json]:
    """A turn of the model, as this skin's client was told it and gives it back."""
    made = ChatResult("acme", None, None, None, choices=(choice(*parts),))
    return VOICES[skin].echo(shown(skin, made))


def choice(*parts: Any) -> Any:
    from waystation.operations.chat import Choice

    return Choice(0, parts, "tool_calls")


@pairs
def test_results_of_parallel_calls_arrive(skin: str, wire: str) -> None:
    voice = VOICES[skin]
    asked = [ToolCall("c1", "look", '{"city": "Paris"}'), ToolCall("c2", "find", '{"city": "Oslo"}')]
    turns = voice.say("Hello") + turn(skin, *asked)
    turns += voice.result("c1", "look", "sunny") + voice.result("c2", "find", "rainy")
    body = voice.ask(turns, tool="look")
    request = parse(skin, body)
    parts = [part for message in request.messages for part in message.parts]
    assert [(p.id, p.name) for p in parts if isinstance(p, ToolCall)] == [("c1", "look"), ("c2", "find")]
    results = [part for part in parts if isinstance(part, ToolResult)]
    assert [one.call_id for one in results] == ["c1", "c2"]
    assert {"Paris", "Oslo"} <= words(skin, wire, body)
    told = json.dumps(rendered(skin, wire, body))
    assert told.index("sunny") < told.index("rainy")


@pairs
def test_thoughts_arrive_at_their_maker_alone(skin: str, wire: str) -> None:
    voice = VOICES[skin]
    for maker, origin in ORIGINS.items():
        thoughts = (
            [Reasoning(text="Hm.", signature="c2lnbmVk", origin=origin)]
            if maker != "openai_responses"
            else [Reasoning("summary", text="Hm.", id="rs_1", origin=origin)]
        )
        thoughts.append(
            Reasoning(
                "encrypted",
                data="c2VhbGVk",
                id="rs_1" if maker == "openai_responses" else None,
                origin=origin,
            )
        )
        turns = voice.say("Hello") + turn(skin, *thoughts, ToolCall("c1", "look", "{}"))
        body = voice.ask(turns + voice.result("c1", "look", "sunny"), tool="look")
        parts = [part for message in parse(skin, body).messages for part in message.parts]
        assert ("c2VhbGVk", origin) in sealed(parts), maker
        told = json.dumps(rendered(skin, wire, body))
        if wire == maker:
            assert "c2VhbGVk" in told, maker
        elif wire in ORIGINS:
            assert "c2VhbGVk" not in told, maker


@pairs
def test_structured_output_arrives(skin: str, wire: str) -> None:
    voice = VOICES[skin]
    body = voice.ask(voice.say("Hello"), schema=True)
    request = parse(skin, body)
    assert request.response_format is not None
    assert request.response_format.kind == "json_schema"
    assert request.response_format.schema is not None
    assert "city" in json.dumps(rendered(skin, wire, body))


@pairs
def test_images_arrive(skin: str, wire: str) -> None:
    voice = VOICES[skin]
    body = voice.ask(voice.show("Look"))
    parts = [part for message in parse(skin, body).messages for part in message.parts]
    (image,) = [part for part in parts if isinstance(part, Image)]
    assert image.url == f"data:image/png;base64,{PNG}"
    assert PNG in json.dumps(rendered(skin, wire, body), default=repr)


ERRORS = (
    RateLimited("Slow down.", retry_after=7),
    ContextTooLong("Too long."),
    InternalError("a secret"),
    ProviderError("The provider failed."),
)


@every_skin
def test_errors_are_said_in_the_skins_own_words(skin: str) -> None:
    for error in ERRORS:
        body = SKINS[skin].render_error(error, "gen-1", None)
        assert b"secret" not in body
        assert json.loads(body)["error"]["message"]
        understood = SKINS[skin].parse_error(error.status, [], body)
        assert isinstance(understood, ProviderError)


def rendered(skin: str, wire: str, body: Json) -> Json:
    target = TARGETS.get(wire, Target("m", supported_parameters=ABILITIES))
    return WIRES[wire].render_request(parse(skin, body), target).body


ABILITIES = frozenset({"tools", "tool_choice", "response_format", "structured_outputs", "reasoning"})


def words(skin: str, wire: str, body: Json) -> set[str]:
    """Every string in what is sent, keys included."""
    found: set[str] = set()

    def walk(value: object) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                found.add(str(key))
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)
        elif isinstance(value, str):
            found.add(value)
            if value.startswith("{"):
                walk(json.loads(value))

    walk(rendered(skin, wire, body))
    return found


def test_the_matrix_is_whole() -> None:
    assert len(SKINS) == 4
    assert len(WIRES) >= 10
    kinds = {kind_of(result) for wire in WIRES.values() for _, result in a_few(wire, streams=True)}
    assert {"text", "a call", "calls", "thoughts and text", "thoughts and a call"} <= kinds
