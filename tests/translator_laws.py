"""What every translator owes, whatever comes: a result, or an error with a name. Used with 200 examples by the tests, for minutes by the fuzzer.

A law is a Hypothesis strategy for its input and a function that raises where the law is broken. New dialects are found by
themselves; only `PROTOCOLS` has to be told which recordings they speak.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol, runtime_checkable

import msgspec
from hypothesis import strategies as st

from neutral_requests import MODELS, requests
from recorded_exchanges import recordings
from spoiling import spoiled_bodies, spoiled_streams
from waystation.app.inbound import DIALECTS
from waystation.app.outward import OUTWARD
from waystation.codec.assemble import assemble, disassemble
from waystation.codec.dialect import Identity, Outward, Target
from waystation.codec.stream_checker import check_stream
from waystation.errors import InvalidRequest, ProviderError
from waystation.operations.chat import ChatRequest, ChatResult
from waystation.operations.chat_events import Event, MessageEnd, StreamError

PROTOCOLS = {
    "openai_chat": ("openai.chat", "mistral.chat"),
    "openai_completions": ("openai.completions",),
    "anthropic_messages": ("anthropic.messages",),
    "bedrock_converse": ("bedrock.converse",),
    "cohere": ("cohere.chat",),
    "gemini": ("google.generateContent",),
    "ollama": ("ollama.native",),
    "openai_responses": ("openai.responses",),
    "azure_openai_responses": ("openai.responses",),
    "bedrock_openai_responses": ("openai.responses",),
    "xai_responses": ("openai.responses",),
}
"""The recordings that each dialect reads."""
MAX_BYTES = 30_000
"""Larger recordings say nothing new and take long to spoil."""
IDENTITY = Identity("gen-1", "acme/m1", "Acme", 1)
HEADERS = [(b"content-type", b"application/json"), (b"retry-after", b"7")]


@runtime_checkable
class ReadsRequests(Protocol):
    """A dialect whose requests are understood, whether clients can speak it here or not."""

    name: str

    def parse_request(self, body: bytes, path: str) -> ChatRequest:
        """The request; `InvalidRequest` for what is none."""
        ...


class Law(NamedTuple):
    """One promise of one dialect."""

    name: str
    inputs: st.SearchStrategy[object]
    holds: Callable[[object], None]


def laws() -> list[Law]:
    """Every law of every dialect."""
    return [law for dialect in OUTWARD for law in _laws_of(dialect)]


def _laws_of(dialect: Outward) -> list[Law]:
    bodies, streams = recorded(dialect.name)
    found = [
        Law(f"{dialect.name} says any request or refuses it", requests(), lambda value: says(dialect, value)),
        Law(
            f"{dialect.name} reads any bytes as an answer or refuses them",
            st.binary(max_size=200) | st.text(max_size=50).map(str.encode),
            lambda value: reads(dialect, value),
        ),
        Law(
            f"{dialect.name} reads any bytes as an error",
            st.tuples(
                st.integers(400, 599),
                st.binary(max_size=200) | spoiled_bodies([*bodies, {"error": {"message": "x"}}]),
            ),
            lambda value: reads_error(dialect, value),
        ),
    ]
    if bodies:
        answers = spoiled_bodies(bodies)
        found.append(
            Law(f"{dialect.name} reads spoiled answers", answers, lambda value: reads(dialect, value))
        )
    if streams:
        cut_streams = st.tuples(spoiled_streams(streams), st.lists(st.integers(0, 5000), max_size=4))
        found.append(
            Law(
                f"{dialect.name} reads spoiled streams",
                cut_streams,
                lambda value: reads_stream(dialect, value),
            )
        )
    return found


def inbound_laws() -> list[Law]:
    """What the dialects that read requests owe for any body."""
    return [_inbound_law(dialect) for dialect in OUTWARD if isinstance(dialect, ReadsRequests)]


def _inbound_law(dialect: "ReadsRequests") -> Law:
    bodies = st.binary(max_size=200) | spoiled_bodies(asked(dialect.name))
    return Law(f"{dialect.name} parses any body or refuses it", bodies, lambda value: parses(dialect, value))


def says(dialect: Outward, value: object) -> None:
    assert isinstance(value, ChatRequest)
    for native_id in (value.model or "", MODELS[len(value.messages)]):
        try:
            rendered = dialect.render_request(value, Target(native_id, model_id=native_id))
        except InvalidRequest:
            continue
        assert rendered.path.startswith("/")
        assert all(name for name in rendered.dropped)
        msgspec.json.encode(rendered.body)


def reads(dialect: Outward, value: object) -> None:
    assert isinstance(value, bytes)
    try:
        result = dialect.parse_response(value)
    except ProviderError:
        return
    _check_result(result)


def reads_stream(dialect: Outward, value: object) -> None:
    assert isinstance(value, tuple)
    data, cuts = value
    parser = dialect.stream_parser()
    ends = sorted({min(cut, len(data)) for cut in cuts} | {len(data)})
    events: list[Event] = []
    for start, end in zip([0, *ends], ends, strict=False):
        events += parser.feed(data[start:end])
    events += parser.close()
    check_stream(events)
    if isinstance(events[-1], MessageEnd):
        _check_result(assemble(events))
    for client in DIALECTS:
        renderer = client.stream_renderer(IDENTITY)
        assert isinstance(renderer.feed(events) + renderer.close(), bytes)


def reads_error(dialect: Outward, value: object) -> None:
    assert isinstance(value, tuple)
    status, body = value
    error = dialect.parse_error(status, HEADERS, body)
    assert isinstance(error, ProviderError)
    assert 400 <= error.status <= 599
    assert error.message


def parses(dialect: "ReadsRequests", value: object) -> None:
    assert isinstance(value, bytes)
    try:
        request = dialect.parse_request(value, "")
    except InvalidRequest:
        return
    for outward in OUTWARD:
        says(outward, request)


def _check_result(result: ChatResult) -> None:
    """Not an empty success, well formed as a stream too, and every client can be told."""
    assert result.choices
    for choice in result.choices:
        assert choice.finish_reason is not None
        spent = result.usage is not None and result.usage.completion_tokens > 0
        said = choice.parts or choice.message_extras or choice.annotations
        assert said or spent or choice.finish_reason != "stop" or choice.native_finish_reason
    events = disassemble(result)
    check_stream(events)
    assert not isinstance(events[-1], StreamError) or any(choice.error for choice in result.choices)
    for dialect in DIALECTS:
        assert dialect.render_response(result, IDENTITY, None, None)


def recorded(name: str) -> tuple[list[object], list[bytes]]:
    taken = [one for protocol in PROTOCOLS.get(name, ()) for one in recordings(protocol)]
    bodies: list[object] = [
        one.body
        for one in taken
        if one.status == 200 and one.body and len(msgspec.json.encode(one.body)) < MAX_BYTES
    ]
    return bodies, [one.stream for one in taken if one.stream and len(one.stream) < MAX_BYTES]


def asked(name: str) -> list[object]:
    taken = [one.request for protocol in PROTOCOLS[name] for one in recordings(protocol) if one.request]
    return [body for body in taken if len(msgspec.json.encode(body)) < MAX_BYTES]
