"""Rerank in every spelling: what is asked, what is answered, and what providers really answered."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from recorded_exchanges import JsonObject, Recording, recordings
from spoiling import spoiled_bodies
from waystation.codec.dialect import Target
from waystation.dialects.rerank import DIALECTS
from waystation.errors import BadResponse, InvalidRequest, ProviderError, UpstreamRejected
from waystation.operations.rerank import Document, Ranked, RerankRequest, RerankResult
from waystation.operations.usage import Usage

BY_NAME = {dialect.name: dialect for dialect in DIALECTS}
ASKED = RerankRequest("rerank", "m", "q", (Document("a"), Document("b"), Document("c")))
BEST_TWO = replace(ASKED, top_n=2)
SEEN = replace(
    ASKED, documents=(Document("a", "https://e.test/a.png"), Document(image="data:image/png;base64,AA"))
)


def body_of(dialect: str, request: RerankRequest, native_id: str = "native") -> tuple[str, JsonObject]:
    told = BY_NAME[dialect].render_request(request, Target(native_id))
    return told.path, told.body


def answer(request: RerankRequest, *scores: object, dialect: str = "rerank", **more: object) -> RerankResult:
    key = "data" if dialect == "voyage_rerank" else "results"
    rows = [{"index": index, "relevance_score": score} for index, score in enumerate(scores)]
    body = {"id": "x", "model": "native", key: rows} | more
    return BY_NAME[dialect].parse_response(json.dumps(body).encode(), [], request)


@pytest.mark.parametrize(
    ("dialect", "path", "said"),
    [
        ("cohere_rerank", "/v2/rerank", {"model": "native", "top_n": 2}),
        ("rerank", "/rerank", {"model": "native", "top_n": 2, "return_documents": False}),
        ("openrouter_rerank", "/rerank", {"model": "native", "top_n": 2}),
        ("jina_rerank", "/rerank", {"model": "native", "top_n": 2, "return_documents": False}),
        (
            "voyage_rerank",
            "/rerank",
            {"model": "native", "top_k": 2, "return_documents": False, "truncation": False},
        ),
        ("bedrock_rerank", "/model/native/invoke", {"top_n": 2}),
    ],
)
def test_each_spelling_of_the_same_request(dialect: str, path: str, said: JsonObject) -> None:
    shared = {"query": "q", "documents": ["a", "b", "c"]}
    assert body_of(dialect, BEST_TWO) == (path, shared | said)


def test_all_documents_are_wanted_where_nothing_is_said() -> None:
    assert "top_n" not in body_of("cohere_rerank", ASKED)[1]
    assert body_of("cohere_rerank", replace(ASKED, top_n=9))[1]["top_n"] == 3


def test_coheres_models_at_bedrock_want_a_version() -> None:
    path, body = body_of("bedrock_rerank", ASKED, "cohere.rerank-v3-5:0")
    assert (path, body["api_version"]) == ("/model/cohere.rerank-v3-5%3A0/invoke", 2)


@pytest.mark.parametrize("dialect", ["jina_rerank", "openrouter_rerank"])
def test_images_where_the_wire_has_a_place_for_them(dialect: str) -> None:
    assert body_of(dialect, SEEN)[1]["documents"] == [
        {"text": "a", "image": "https://e.test/a.png"},
        {"image": "data:image/png;base64,AA"},
    ]


@pytest.mark.parametrize("dialect", ["cohere_rerank", "rerank", "voyage_rerank", "bedrock_rerank"])
def test_images_are_refused_where_it_has_none(dialect: str) -> None:
    with pytest.raises(InvalidRequest):
        body_of(dialect, SEEN)


def test_the_best_come_first_and_no_more_than_were_wanted() -> None:
    result = answer(BEST_TWO, 0.1, 0.9, -2, usage={"total_tokens": 17})

    assert result.ranked == (Ranked(1, 0.9), Ranked(0, 0.1))
    assert (result.upstream_id, result.model) == ("x", "native")
    assert (result.usage, result.search_units) == (Usage(prompt_tokens=17), None)


def test_voyages_answers_stand_under_data() -> None:
    result = answer(ASKED, 0.3, 0.2, 0.1, dialect="voyage_rerank")
    assert [one.index for one in result.ranked] == [0, 1, 2]


def test_search_units() -> None:
    cohere = {"billed_units": {"search_units": 2}, "tokens": {"input_tokens": 40}}
    result = answer(ASKED, 1, 2, 3, dialect="cohere_rerank", meta=cohere)
    assert (result.search_units, result.usage) == (2, Usage(prompt_tokens=40))

    many = replace(ASKED, documents=(Document("a"),) * 101)
    assert answer(many, *range(101), dialect="bedrock_rerank").search_units == 2


@pytest.mark.parametrize(
    "rows",
    [
        None,
        [],
        [None],
        [{"index": 0, "relevance_score": 1}],
        [{"index": 0, "relevance_score": 1}, {"index": 0, "relevance_score": 1}],
        [{"index": 0, "relevance_score": 1}, {"index": 3, "relevance_score": 1}],
        [{"index": 0, "relevance_score": 1}, {"index": -1, "relevance_score": 1}],
        [{"index": 0, "relevance_score": 1}, {"index": 1}],
        [{"index": 0, "relevance_score": 1}, {"index": 1, "relevance_score": True}],
        [{"relevance_score": 1}, {"relevance_score": 2}],
    ],
)
def test_what_is_no_order_is_a_bad_response(rows: object) -> None:
    body = json.dumps({"results": rows}).encode()
    with pytest.raises(BadResponse):
        BY_NAME["rerank"].parse_response(body, [], BEST_TWO)


def test_an_error_inside_a_success_is_an_error() -> None:
    with pytest.raises(BadResponse):
        BY_NAME["rerank"].parse_response(b'{"error":"no"}', [], ASKED)
    assert isinstance(BY_NAME["rerank"].parse_error(400, [], b'{"detail":"no"}'), UpstreamRejected)


def recorded() -> list[Recording]:
    found = [*recordings("cohere.rerank"), *recordings("rerank")]
    assert len(found) >= 5
    return found


def request_of(recording: Recording) -> RerankRequest:
    body = recording.request or {}
    documents, top_n = body["documents"], body.get("top_n")
    assert isinstance(documents, list)
    return RerankRequest(
        "rerank",
        "m",
        str(body["query"]),
        tuple(Document(str(document)) for document in documents),
        top_n if isinstance(top_n, int) else None,
    )


def dialect_of(recording: Recording) -> str:
    return f"{recording.provider}_rerank"


def test_recorded_answers_keep_their_order_and_scores() -> None:
    for one in recorded():
        body = one.body or {}
        result = BY_NAME[dialect_of(one)].parse_response(json.dumps(body).encode(), [], request_of(one))
        rows = body["results"]
        assert isinstance(rows, list)
        told = [Ranked(row["index"], row["relevance_score"]) for row in rows]
        assert list(result.ranked) == told, one.name
        units = 1 if one.provider == "cohere" else None
        assert (result.search_units, result.usage is None) == (units, one.provider == "cohere"), one.name


def test_recorded_requests_can_be_asked() -> None:
    for one in recorded():
        theirs = {key: value for key, value in (one.request or {}).items() if value is not None}
        path, ours = body_of(dialect_of(one), request_of(one), str(theirs["model"]))
        documents = theirs["documents"]
        assert isinstance(documents, list)
        if "top_n" in theirs:
            theirs["top_n"] = min(len(documents), int(str(theirs["top_n"])))
        assert ours == theirs, one.name
        assert one.path.endswith(path), one.name


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_spoiled_answers_give_a_whole_order_or_a_named_error(data: st.DataObject) -> None:
    one = data.draw(st.sampled_from(recorded()))
    body = data.draw(spoiled_bodies([one.body]))
    request = request_of(one)
    try:
        result = BY_NAME[dialect_of(one)].parse_response(body, [], request)
    except ProviderError:
        return
    assert len(result.ranked) == request.wanted
    assert len({ranked.index for ranked in result.ranked}) == request.wanted
