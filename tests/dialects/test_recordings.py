"""Every recording is read, or there is a reason why not; how many of what, by provider and protocol, is told at the end of the run."""

import json
import random
import re
from collections import Counter

import pytest

from recorded_exchanges import COUNTED, SKIPPED, Recording, recordings
from shared_folder import shared
from translator_laws import PROTOCOLS, ReadsRequests
from waystation.app.gateway import OUTWARD
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
    "bedrock.invoke": "its embeddings: tests/dialects/embeddings; its chats: Converse is spoken instead",
    "cohere.embed": "tests/dialects/embeddings",
    "cohere.rerank": "tests/dialects/test_rerank.py",
    "google.embedContent": "tests/dialects/embeddings",
    "google.predict": "tests/dialects/embeddings",
    "mistral.embeddings": "tests/dialects/embeddings",
    "openai.completions": "a skin for clients: tests/dialects/test_openai_completions.py; providers are asked as a chat",
    "openai.embeddings": "tests/dialects/embeddings",
    "rerank": "tests/dialects/test_rerank.py",
}
"""Operations that are not chat, and who reads them."""
NOT_SPOKEN = {
    "anthropic.batches": "no batches yet",
    "anthropic.complete": "retired; Messages is spoken instead",
    "anthropic.count_tokens": "tokens are not counted by providers yet",
    "bedrock.count_tokens": "tokens are not counted by providers yet",
    "cohere.chat.v1": "retired; version 2 is spoken instead",
    "cohere.generate": "retired; Chat is spoken instead",
    "cohere.tokenize": "tokens are not counted by providers yet",
    "google.countTokens": "tokens are not counted by providers yet",
    "google.interactions": "generateContent is spoken instead",
    "mistral.audio": "no transcription yet",
    "models": "a provider's list of models is no exchange of the gateway's",
    "openai.batches": "no batches yet",
    "openai.count_tokens": "tokens are not counted by providers yet",
    "openai.images": "no images endpoint yet",
    "openai.moderations": "no moderation endpoint yet",
    "openai.responses.retrieve": "nothing is stored at providers",
}


def test_every_protocol_has_a_reader_or_a_reason() -> None:
    found = {path.parent.name for path in shared("fixtures").glob("*/*/*.json")}
    assert found <= READERS.keys() | ELSEWHERE.keys() | NOT_SPOKEN.keys()
    for protocol in sorted(found & (ELSEWHERE.keys() | NOT_SPOKEN.keys())):
        for recording in recordings(protocol):
            reason = ELSEWHERE.get(protocol) or NOT_SPOKEN[protocol]
            SKIPPED[recording.provider, protocol, reason] += 1


@pytest.mark.parametrize("protocol", sorted(READERS.keys() - ELSEWHERE.keys()))
def test_every_recording_is_read(protocol: str) -> None:
    dialect = DIALECTS[READERS[protocol]]
    chance = random.Random(7)
    for recording in recordings(protocol):
        counts = COUNTED[recording.provider, protocol]
        if recording.request is not None and isinstance(dialect, ReadsRequests):
            counts[_ask(dialect, recording)] += 1
        counts[_answer(dialect, recording, chance)] += 1


def _ask(dialect: ReadsRequests, recording: Recording) -> str:
    """Read the request as it was sent, and say it in every wire's words; only a named refusal may stand in the way."""
    try:
        request = dialect.parse_request(json.dumps(recording.request).encode(), recording.path)
    except InvalidRequest:
        assert recording.status != 200 or recording.provider in {"mistral", "snowflake"}, recording.name
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


def test_what_is_read_is_most_of_what_there_is() -> None:
    totals: Counter[str] = Counter()
    for counts in COUNTED.values():
        totals += counts
    assert totals["answers"] + totals["streams"] > 1500
    assert totals["errors in 200"] + totals["errors in streams"] < 30
    assert totals["refused"] < 30
