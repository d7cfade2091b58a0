"""Sources beside an answer are told as annotations, whole and streamed, once."""

import json
from typing import cast

import pytest

from recorded_exchanges import recordings
from waystation.codec.assemble import assemble
from waystation.codec.dialect import Identity
from waystation.codec.stream_checker import check_stream
from waystation.dialects.openai_chat import DIALECT
from waystation.dialects.openai_chat.citations import parse_citations
from waystation.operations.parts import JsonObject

FIRST, SECOND = "https://example.com/1", "https://example.com/2"


def citation(url: str, title: str = "", **more: object) -> JsonObject:
    return {
        "type": "url_citation",
        "url_citation": {"url": url, "title": title, "start_index": 0, "end_index": 0, **more},
    }


def test_sources_are_in_the_order_of_their_marks() -> None:
    results = [{"url": SECOND, "title": "Two", "snippet": "2"}, {"url": FIRST, "title": "One"}]

    assert parse_citations({"citations": [FIRST, SECOND], "search_results": results}) == (
        citation(FIRST, "One"),
        citation(SECOND, "Two", content="2"),
    )
    assert parse_citations({"search_results": results}) == (
        citation(SECOND, "Two", content="2"),
        citation(FIRST, "One"),
    )


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"citations": None},
        {"citations": [7, ""], "search_results": [7, {"url": 7}, {"title": "x"}]},
        {"citations": {"a": 1}, "search_results": "x"},
    ],
)
def test_what_names_no_source_is_no_annotation(body: JsonObject) -> None:
    assert parse_citations(body) == ()


def test_an_answer_that_names_its_own_sources_keeps_them() -> None:
    own = citation(SECOND, "own")
    message = {"role": "assistant", "content": "a", "annotations": [own]}
    body = {"citations": [FIRST], "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}

    assert DIALECT.parse_response(json.dumps(body).encode()).choices[0].annotations == (own,)


def test_recorded_sources_reach_the_client_streamed_or_not() -> None:
    found = [one for one in recordings("openai.chat") if one.provider == "perplexity" and one.status == 200]
    assert len(found) >= 3
    identity = Identity("gen-1", "acme/m1", "Acme", 1_710_000_000)
    for recording in found:
        if recording.stream is not None:
            parser = DIALECT.stream_parser()
            events = parser.feed(recording.stream) + parser.close()
            check_stream(events)
            result = assemble(events)
        else:
            result = DIALECT.parse_response(json.dumps(recording.body).encode())
        body = json.loads(DIALECT.render_response(result, identity, None, None))
        annotations = cast("list[JsonObject]", body["choices"][0]["message"]["annotations"])
        urls = [cast("JsonObject", one["url_citation"])["url"] for one in annotations]
        assert urls == body["citations"], recording.name
        assert len(set(map(str, urls))) == len(urls), recording.name
