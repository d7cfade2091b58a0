"""OpenAI's embeddings wire and its spellings, one rule at a time."""

import base64

import pytest
from msgspec import json
from msgspec.structs import replace

from waystation.codec.dialect import Target
from waystation.dialects.openai_embeddings import DIALECT, DIALECTS
from waystation.errors import BadResponse, InvalidRequest
from waystation.operations.embeddings import (
    Content,
    EmbeddingInput,
    EmbeddingsRequest,
    EmbeddingsResult,
    Tokens,
    Vector,
)
from waystation.operations.parts import Image, JsonObject, Text
from waystation.operations.usage import Usage

BY_NAME = {dialect.name.removesuffix("_embeddings"): dialect for dialect in DIALECTS}
PIXEL = "data:image/png;base64,iVBORw0KGgo="
PICTURE = Content((Text("a cat"), Image(PIXEL)))
PLAIN = EmbeddingsRequest("openai_embeddings", "m", ("a", "b"))
FULL = replace(PLAIN, dimensions=2, encoding_format="base64", input_type="search_query", user="u")


def body_of(dialect: str, request: EmbeddingsRequest) -> tuple[JsonObject, list[str]]:
    told = BY_NAME[dialect].render_request(request, Target("native"))
    assert told.path == "/embeddings"
    return told.body, told.dropped


def answer(*data: object, dialect: str = "openai", **more: object) -> EmbeddingsResult:
    body = json.encode({"object": "list", "data": data, "model": "native"} | more)
    return BY_NAME[dialect].parse_response(body, [], replace(PLAIN, inputs=("a",) * len(data)))


@pytest.mark.parametrize(
    ("dialect", "said", "dropped"),
    [
        ("openai", {"dimensions": 2, "encoding_format": "base64", "user": "u"}, ["input_type"]),
        (
            "openrouter",
            {"dimensions": 2, "encoding_format": "base64", "user": "u", "input_type": "search_query"},
            [],
        ),
        ("mistral", {"output_dimension": 2, "encoding_format": "base64"}, ["input_type", "user"]),
        (
            "voyage",
            {
                "output_dimension": 2,
                "encoding_format": "base64",
                "input_type": "query",
                "truncation": False,
            },
            ["user"],
        ),
        ("jina", {"dimensions": 2, "embedding_type": "base64", "task": "retrieval.query"}, ["user"]),
        ("perplexity", {"dimensions": 2}, ["input_type", "user"]),
        ("nvidia", {"dimensions": 2, "encoding_format": "base64", "input_type": "query"}, ["user"]),
    ],
)
def test_each_spelling_of_the_same_request(dialect: str, said: JsonObject, dropped: list[str]) -> None:
    assert body_of(dialect, FULL) == ({"model": "native", "input": ["a", "b"]} | said, dropped)


def test_what_is_not_said_is_not_sent_but_for_what_the_wire_demands() -> None:
    plain = {"model": "native", "input": ["a", "b"]}

    assert body_of("openai", PLAIN) == (plain, [])
    assert body_of("voyage", PLAIN) == (plain | {"truncation": False}, [])
    assert body_of("nvidia", PLAIN) == (plain | {"input_type": "passage"}, [])


def test_a_purpose_that_a_wire_has_no_word_for_is_named() -> None:
    assert body_of("voyage", replace(PLAIN, input_type="clustering"))[1] == ["input_type"]
    assert body_of("jina", replace(PLAIN, input_type="clustering"))[0]["task"] == "separation"
    assert body_of("jina", replace(PLAIN, input_type="unheard of"))[1] == ["input_type"]


def test_fields_of_the_callers_own_go_to_the_same_wire_only() -> None:
    request = replace(PLAIN, extras={"something": 1})

    assert body_of("openai", request)[0]["something"] == 1
    assert body_of("mistral", request)[1] == ["something"]


def test_token_ids_mean_something_to_their_own_model_only() -> None:
    request = replace(PLAIN, inputs=(Tokens((1, 2)), Tokens((3,))))

    assert body_of("openai", request)[0]["input"] == [[1, 2], [3]]
    with pytest.raises(InvalidRequest):
        body_of("voyage", request)


def test_pieces_of_text_are_one_text() -> None:
    request = replace(PLAIN, inputs=(Content((Text("a"), Text("b"))),))
    assert body_of("openai", request)[0]["input"] == ["a\nb"]


def test_media_where_the_wire_has_a_place_for_them() -> None:
    assert body_of("openrouter", replace(PLAIN, inputs=(PICTURE, "text")))[0]["input"] == [
        {
            "content": [
                {"type": "text", "text": "a cat"},
                {"type": "image_url", "image_url": {"url": PIXEL}},
            ]
        },
        "text",
    ]
    inputs: tuple[EmbeddingInput, ...] = (Content((Image(PIXEL),)), Content((Image("https://a.test/b"),)))
    assert body_of("jina", replace(PLAIN, inputs=inputs))[0]["input"] == [
        {"image": "iVBORw0KGgo="},
        {"image": "https://a.test/b"},
    ]


@pytest.mark.parametrize("dialect", ["openai", "mistral", "voyage", "jina", "perplexity", "nvidia"])
def test_media_are_refused_where_it_has_none(dialect: str) -> None:
    with pytest.raises(InvalidRequest):
        body_of(dialect, replace(PLAIN, inputs=(PICTURE,)))


def test_voyages_models_of_images_have_a_path_of_their_own() -> None:
    request = replace(FULL, inputs=(PICTURE, Content((Image("https://a.test/b"),)), "text"))
    told = BY_NAME["voyage"].render_request(request, Target("voyage-multimodal-3.5"))

    assert told.path == "/multimodalembeddings"
    assert told.body == {
        "model": "voyage-multimodal-3.5",
        "inputs": [
            {
                "content": [
                    {"type": "text", "text": "a cat"},
                    {"type": "image_base64", "image_base64": PIXEL},
                ]
            },
            {"content": [{"type": "image_url", "image_url": "https://a.test/b"}]},
            {"content": [{"type": "text", "text": "text"}]},
        ],
        "input_type": "query",
        "output_dimension": 2,
        "output_encoding": "base64",
        "truncation": False,
    }


def test_voyages_models_of_chunks_are_given_documents_of_one() -> None:
    told = BY_NAME["voyage"].render_request(PLAIN, Target("voyage-context-3"))
    assert (told.path, told.body) == (
        "/contextualizedembeddings",
        {"model": "voyage-context-3", "inputs": [["a"], ["b"]]},
    )

    data = [{"index": at, "data": [{"index": 0, "embedding": [float(at)]}]} for at in (1, 0)]
    assert answer(*data, dialect="voyage").vectors == (Vector([0.0]), Vector([1.0]))


def test_vectors_stand_in_the_order_of_their_index() -> None:
    result = answer(
        {"index": 1, "embedding": [3, 4]},
        {"index": 0, "embedding": [1.5, 2]},
        id="emb-1",
        usage={"prompt_tokens": 7, "total_tokens": 7},
    )
    assert result == EmbeddingsResult(
        "openai_embeddings",
        (Vector([1.5, 2.0]), Vector([3.0, 4.0])),
        "emb-1",
        "native",
        Usage(prompt_tokens=7),
    )


def test_a_total_alone_is_all_prompt() -> None:
    assert answer({"embedding": [1.0]}, usage={"total_tokens": 4}).usage == Usage(prompt_tokens=4)
    assert answer({"embedding": [1.0]}).usage is None
    assert answer({"embedding": [1.0]}, usage={"total_tokens": "4"}).usage is None


def test_kinds_of_tokens_and_the_providers_own_cost() -> None:
    details = {"text_tokens": 2, "image_tokens": 5, "audio_tokens": 3, "video_tokens": 0}
    usage = {"prompt_tokens": 10, "prompt_tokens_details": details, "cost": 6e-08}
    assert answer({"embedding": [1.0]}, usage=usage).usage == Usage(
        prompt_tokens=10,
        audio_prompt_tokens=3,
        upstream_cost_nano=60,
        prompt_details_extras={"text_tokens": 2, "image_tokens": 5},
    )
    told = answer({"embedding": [1.0]}, usage={"prompt_tokens": 1, "cost": {"total_cost": 1.2e-08}}).usage
    assert told is not None
    assert told.upstream_cost_nano == 12


def test_signed_bytes_are_numbers() -> None:
    packed = base64.b64encode(bytes([1, 254])).decode()
    assert answer({"embedding": packed}, dialect="perplexity").vectors == (Vector([1.0, -2.0]),)


@pytest.mark.parametrize(
    "body",
    [
        {"data": []},
        {"data": None},
        {"data": [None]},
        {"data": [{"index": 0}]},
        {"data": [{"index": 0, "embedding": []}]},
        {"data": [{"index": 5, "embedding": [1.0]}]},
        {"data": [{"embedding": [1.0]}, {"embedding": [1.0]}]},
        {"error": {"message": "no"}},
        {},
    ],
)
def test_what_is_no_answer_is_a_bad_response(body: object) -> None:
    with pytest.raises(BadResponse):
        DIALECT.parse_response(json.encode(body), [], replace(PLAIN, inputs=("a",)))
