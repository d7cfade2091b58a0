"""Bodies made to hurt, to every parser that reads clients: a request or a named refusal, and memory in proportion to the body."""

import json
import tracemalloc
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skin_voices import PATH
from spoiling import spoiled_bodies
from waystation.app.inbound import DIALECTS
from waystation.app.outward import OUTWARD
from waystation.codec.dialect import Target
from waystation.dialects.anthropic_messages import DIALECT as MESSAGES
from waystation.dialects.gemini import DIALECT as GEMINI
from waystation.dialects.openai_embeddings.inbound import INBOUND as EMBEDDINGS
from waystation.dialects.rerank_inbound import INBOUND as RERANK
from waystation.errors import InvalidRequest
from waystation.operations.chat import ChatRequest

PARSERS: dict[str, Callable[[bytes], object]] = {
    **{dialect.name: partial(dialect.parse_request, path=PATH) for dialect in DIALECTS},
    "count_tokens": lambda body: MESSAGES.parse_count_request(body, PATH),
    "countTokens": lambda body: GEMINI.parse_count_request(body, PATH),
    "embeddings": EMBEDDINGS.parse_request,
    "rerank": RERANK.parse_request,
}
FIELDS = (
    "messages",
    "input",
    "contents",
    "system",
    "tools",
    "documents",
    "prompt",
    "provider",
    "metadata",
    "thinking",
)
DEEP = 100_000
SMALL = 2**19
LARGE = 10 * 2**20
every_parser = pytest.mark.parametrize("name", PARSERS)


def refused_or_read(name: str, body: bytes) -> object:
    """What was asked; None for a refusal, which says why in a few words."""
    try:
        return PARSERS[name](body)
    except InvalidRequest as caught:
        error = caught
    assert error.status == 400
    assert 0 < len(error.message) < 1000
    return None


@pytest.mark.parametrize("name", sorted(PARSERS.keys() - {"gemini", "countTokens"}))
def test_a_name_of_a_model_has_an_end(name: str) -> None:
    # Google's wire has the model in the path, which the server bounds.
    refuses(name, {"model": "a/" + "b" * 255})


@every_parser
@pytest.mark.parametrize(
    "fields",
    [
        {"models": ["a/" + "b" * 255]},
        {"models": ["a/b"] * 129},
        {"provider": {"order": ["b" * 257]}},
        {"provider": {"only": ["b"] * 257}},
    ],
)
def test_names_that_are_kept_with_a_generation_have_an_end(name: str, fields: dict[str, object]) -> None:
    refuses(name, fields)


def refuses(name: str, fields: dict[str, object]) -> None:
    (field,) = fields
    with pytest.raises(InvalidRequest, match=rf"^{field}\b.*: expected .* of length <= "):
        PARSERS[name](
            json.dumps(fields | {"input": "a", "prompt": "a", "query": "b", "documents": ["c"]}).encode()
        )


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


@every_parser
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"1e400",
        b"{",
        b"\xff\xfe{}",
        b'{"model": "\xff\xfe"}',
        b'{"model": "\\ud800"}',
        b'{"model": NaN}',
        nested(DEEP),
        b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    ],
    ids=lambda body: repr(body[:12]),
)
def test_what_is_no_request_is_refused(name: str, body: bytes) -> None:
    assert refused_or_read(name, body) is None


@every_parser
@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("depth", [100, 900, DEEP])
def test_deep_fields_are_read_or_refused(name: str, field: str, depth: int) -> None:
    body = b'{"model": "m", "max_tokens": 9, "%b": %b}' % (field.encode(), nested(depth))
    asked = refused_or_read(name, body)
    if isinstance(asked, ChatRequest):
        says_or_refuses(asked)


@pytest.mark.parametrize("depth", [50, 200, 900])
def test_deep_schemas_reach_no_provider_as_a_defect(depth: int) -> None:
    opening, closing = b'{"type": "object", "properties": {"a": ' * depth, b"}}" * depth
    tool = b'{"name": "look", "input_schema": %b{}%b}' % (opening, closing)
    body = b'{"model": "m", "messages": [{"role": "user", "content": "Hi"}], "tools": [%b]}' % tool
    asked = refused_or_read("anthropic_messages", body)
    if isinstance(asked, ChatRequest):
        says_or_refuses(asked)


def says_or_refuses(request: ChatRequest) -> None:
    for outward in OUTWARD:
        try:
            outward.render_request(request, Target("m"))
        except (InvalidRequest, RecursionError):
            continue  # the pipeline says both as a 400


@every_parser
@pytest.mark.parametrize(
    ("before", "piece", "after"),
    [
        (b'{"model": "m", "%b": [', b"null,", b"null]}"),
        (b'{"model": "m", "%b": [', b"{},", b"{}]}"),
        (b'{"model": "m", "%b": "', b"x" * 64, b'"}'),
    ],
    ids=["nulls", "objects", "text"],
)
def test_memory_is_taken_in_proportion(name: str, before: bytes, piece: bytes, after: bytes) -> None:
    field = {"gemini": b"contents", "countTokens": b"contents", "rerank": b"documents"}.get(name, b"messages")
    field = {"openai_responses": b"input", "embeddings": b"input", "openai_completions": b"prompt"}.get(
        name, field
    )
    body = before % field + piece * (SMALL // len(piece)) + after
    tracemalloc.start()
    try:
        refused_or_read(name, body)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 60 * len(body)


@every_parser
def test_ten_megabytes_of_nothing_are_refused_unread(name: str) -> None:
    field = (
        b"contents"
        if name in {"gemini", "countTokens"}
        else b"input"
        if name == "embeddings"
        else b"messages"
    )
    body = b'{"model": "m", "%b": [%b{}]}' % (field, b"{}," * (LARGE // 3))
    tracemalloc.start()
    try:
        assert refused_or_read(name, body) is None
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < LARGE


@every_parser
def test_ten_megabytes_of_text_are_read(name: str) -> None:
    text = b"x" * LARGE
    said = {
        "gemini": b'{"contents": "%b"}',
        "countTokens": b'{"contents": "%b"}',
        "openai_responses": b'{"model": "m", "input": "%b"}',
        "embeddings": b'{"model": "m", "input": "%b"}',
        "openai_completions": b'{"model": "m", "prompt": "%b"}',
        "rerank": b'{"model": "m", "query": "q", "documents": ["%b"]}',
    }.get(name, b'{"model": "m", "messages": [{"role": "user", "content": "%b"}]}')
    assert refused_or_read(name, said % text) is not None


VALID: list[object] = [
    {"model": "m", "input": ["a", [1, 2], {"content": [{"type": "text", "text": "x"}]}], "dimensions": 2},
    {"model": "m", "query": "q", "documents": ["a", {"text": "b", "image": "https://x/y.png"}], "top_n": 1},
]


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(["embeddings", "rerank"]), spoiled_bodies(VALID))
def test_spoiled_bodies_are_read_or_refused(name: str, body: bytes) -> None:
    refused_or_read(name, body)
