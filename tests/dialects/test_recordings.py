"""Every recording is read, here or elsewhere, or there is a reason why not; the end of the run tells how many, by provider and protocol."""

import json
import random
import re
from collections import Counter

import pytest

from recorded_exchanges import COUNTED, SKIPPED, Recording, recordings
from shared_folder import shared
from translator_laws import PROTOCOLS, ReadsRequests
from waystation.app.outward import OUTWARD
from waystation.codec.assemble import assemble
from waystation.codec.dialect import Outward, Target
from waystation.codec.stream_checker import check_stream
from waystation.errors import InvalidRequest, ProviderError
from waystation.operations.chat_events import Event, StreamError

_ID = re.compile(r"\bid='[^']*'")
DIALECTS = {dialect.name: dialect for dialect in OUTWARD}
READERS = {protocol: name for name, protocols in reversed(PROTOCOLS.items()) for protocol in protocols}
"""The first dialect that reads a protocol."""
ELSEWHERE = {
    "bedrock.invoke": "tests/dialects/embeddings",
    "cohere.embed": "tests/dialects/embeddings",
    "cohere.rerank": "tests/dialects/test_rerank.py",
    "google.embedContent": "tests/dialects/embeddings",
    "google.predict": "tests/dialects/embeddings",
    "mistral.embeddings": "tests/dialects/embeddings",
    "models": "tests/providers/test_discover.py",
    "openai.embeddings": "tests/dialects/embeddings",
    "rerank": "tests/dialects/test_rerank.py",
}
"""Operations that are not chat, and who reads them."""
NOT_SPOKEN = {
    "anthropic.batches": "no batches yet",
    "anthropic.complete": "retired; Messages is spoken instead",
    "anthropic.count_tokens": "tests/dialects/test_counts.py",
    "bedrock.count_tokens": "tokens are not counted by this provider yet",
    "cohere.chat.v1": "retired; version 2 is spoken instead",
    "cohere.generate": "retired; Chat is spoken instead",
    "cohere.tokenize": "tokens are not counted by this provider yet",
    "google.countTokens": "tests/dialects/test_counts.py",
    "google.interactions": "generateContent is spoken instead",
    "mistral.audio": "no transcription yet",
    "openai.batches": "no batches yet",
    "openai.count_tokens": "tokens are not counted by this provider yet",
    "openai.images": "no images endpoint yet",
    "openai.moderations": "no moderation endpoint yet",
    "openai.responses.retrieve": "nothing is stored at providers",
}
ASKED_AS_CHAT = {"openai.completions"}
"""What clients may speak; providers are asked for a chat instead, so that their answers in these words are not read."""
OTHER_PATHS = {
    "bedrock.invoke": ("embed", "a chat by InvokeModel; Converse is spoken instead"),
    "models": (r"/models$", "no list of models"),
    "ollama.native": (r"/chat$", "a chat by /api/generate; /api/chat is spoken instead"),
    "openai.completions": (r"/completions$", "no completion"),
}
"""Protocols of which only some paths are spoken, and what the rest is."""
REFUSED = {
    "mistral.chat": r"tool_choice: must be none, auto, required, or an object\.",  # its own word is "any"
    "openai.completions": r"prompt: must be a string, or a list of one string\.",
    "openai.responses": r"(conversation|previous_response_id): nothing is stored here; .*|background: is not supported; .*",
}
"""What clients may not say here though a provider took it."""


def reason_of(recording: Recording, protocol: str) -> str | None:
    """Why it is not read here; None where it is. Where only an answer was recorded, its path is not known."""
    spoken, other = OTHER_PATHS.get(protocol, ("", ""))
    if recording.path and not re.search(spoken, recording.path):
        return f"not read: {other}"
    if protocol in NOT_SPOKEN:
        return f"not read: {NOT_SPOKEN[protocol]}"
    return f"read by {ELSEWHERE[protocol]}" if protocol in ELSEWHERE else None


def test_every_protocol_has_a_reader_or_a_reason() -> None:
    found = {path.parent.name for path in shared("fixtures").glob("*/*/*.json")}
    assert found <= READERS.keys() | ELSEWHERE.keys() | NOT_SPOKEN.keys()
    for protocol in sorted(found):
        for recording in recordings(protocol):
            reason = reason_of(recording, protocol)
            if reason is not None:
                SKIPPED[recording.provider, protocol, reason] += 1
    read = [one for protocol in found for one in recordings(protocol) if reason_of(one, protocol) is None]
    assert len(read) > 1700


@pytest.mark.parametrize("protocol", sorted(READERS))
def test_every_recording_is_read(protocol: str) -> None:
    dialect = DIALECTS[READERS[protocol]]
    chance = random.Random(7)
    found = [one for one in recordings(protocol) if reason_of(one, protocol) is None]
    assert found
    odd: Counter[str] = Counter()
    for recording in found:
        counts: Counter[str] = Counter()
        if recording.request is not None and isinstance(dialect, ReadsRequests):
            counts[_ask(dialect, recording, REFUSED.get(protocol, "-"))] += 1
        if protocol in ASKED_AS_CHAT:
            counts["answers not read: a chat is asked for instead"] += 1
        else:
            counts[_answer(dialect, recording, chance)] += 1
        COUNTED[recording.provider, protocol] += counts
        odd += counts
    assert odd["refused"] <= 13
    assert odd["errors in 200"] + odd["errors in streams"] <= 5


def _ask(dialect: ReadsRequests, recording: Recording, refused: str) -> str:
    """Read the request as it was sent, and say it in every wire's words; only a named refusal may stand in the way."""
    try:
        request = dialect.parse_request(json.dumps(recording.request).encode(), recording.path)
    except InvalidRequest as refusal:
        if recording.status == 200 and not re.fullmatch(refused, refusal.message):
            raise
        return "refused"
    for other in OUTWARD:
        try:
            other.render_request(request, Target(request.model or "m", model_id=request.model or "m"))
        except InvalidRequest:
            continue
    return "requests"


def _answer(dialect: Outward, recording: Recording, chance: random.Random) -> str:
    """Read the answer: whole, streamed (the same however it is cut), or the error that it is."""
    if recording.status != 200:
        body = json.dumps(recording.body).encode()
        assert isinstance(dialect.parse_error(recording.status, recording.headers, body), ProviderError)
        return "errors"
    if recording.stream is not None:
        return _read_stream(dialect, recording.stream, chance, recording.name)
    try:
        result = dialect.parse_response(json.dumps(recording.body).encode())
    except ProviderError:
        return "errors in 200"
    assert result.choices, recording.name
    return "answers"


def _read_stream(dialect: Outward, stream: bytes, chance: random.Random, name: str) -> str:
    events = _events(dialect, [stream])
    check_stream(events)
    cuts = sorted(chance.choices(range(len(stream) + 1), k=12))
    pieces = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert _comparable(_events(dialect, pieces)) == _comparable(events), name
    if isinstance(events[-1], StreamError):
        return "errors in streams"
    assert assemble(events).choices, name
    return "streams"


def _events(dialect: Outward, pieces: list[bytes]) -> list[Event]:
    parser = dialect.stream_parser()
    return [event for piece in pieces for event in parser.feed(piece)] + parser.close()


def _comparable(events: list[Event]) -> list[str]:
    """Ids that the gateway makes up for calls without any differ each time."""
    return [
        _ID.sub("id", str(event.error) if isinstance(event, StreamError) else repr(event)) for event in events
    ]
