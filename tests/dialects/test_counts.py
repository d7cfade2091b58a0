"""Recorded counts of tokens: the question as it was asked, and the answer in both directions."""

import json
from typing import Any, cast

import pytest

from recorded_exchanges import Recording, recordings
from waystation.codec.dialect import Target
from waystation.dialects import anthropic_messages, gemini
from waystation.errors import BadResponse

CLAUDE, GEMINI = anthropic_messages.DIALECT, gemini.DIALECT
GENERATE = "/models/m:countTokens"


def counts(protocol: str) -> list[Recording]:
    found = [one for one in recordings(protocol) if one.status == 200 and one.request and one.body]
    assert len(found) > 3
    return found


def test_claude_is_asked_as_its_clients_ask() -> None:
    for recording in counts("anthropic.count_tokens"):
        asked = cast("dict[str, Any]", recording.request)
        request = CLAUDE.parse_count_request(json.dumps(asked).encode(), "")
        rendered = CLAUDE.render_count(request, Target(asked["model"]))
        assert rendered.path == "/messages/count_tokens"
        assert rendered.body.keys() == asked.keys(), recording.name
        assert (
            CLAUDE.parse_count(json.dumps(recording.body).encode()) == (recording.body or {})["input_tokens"]
        )


def test_gemini_is_asked_within_a_whole_request() -> None:
    for recording in counts("google.countTokens"):
        request = GEMINI.parse_count_request(json.dumps(recording.request).encode(), GENERATE)
        rendered = GEMINI.render_count(request, Target("gemini-2.5-flash"))
        assert rendered.path == "/models/gemini-2.5-flash:countTokens"
        inner = cast("dict[str, Any]", rendered.body["generateContentRequest"])
        assert inner["contents"], recording.name
        assert inner["model"] == "models/gemini-2.5-flash"
        assert (
            GEMINI.parse_count(json.dumps(recording.body).encode()) == (recording.body or {})["totalTokens"]
        )


@pytest.mark.parametrize("dialect", [CLAUDE, GEMINI], ids=["claude", "gemini"])
@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"input_tokens": "many", "totalTokens": -1}'])
def test_an_answer_without_a_count_is_none(dialect: Any, body: bytes) -> None:
    with pytest.raises(BadResponse):
        dialect.parse_count(body)


def test_only_an_estimate_says_what_it_is() -> None:
    assert json.loads(CLAUDE.render_count_answer(5, estimated=False)) == {"input_tokens": 5}
    assert json.loads(CLAUDE.render_count_answer(5, estimated=True)) == {"input_tokens": 5, "estimated": True}
    assert json.loads(GEMINI.render_count_answer(5, estimated=True)) == {"totalTokens": 5, "estimated": True}
