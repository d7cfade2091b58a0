"""Embeddings in the words of Cohere, Gemini, Vertex, Bedrock and Ollama, one rule at a time."""

import pytest
from msgspec import json
from msgspec.structs import replace

from waystation.codec.dialect import Target
from waystation.codec.operation_dialect import EmbeddingsOutward
from waystation.dialects import bedrock_embeddings, cohere_embeddings, gemini_embeddings, ollama_embeddings
from waystation.errors import BadResponse, InvalidRequest, RateLimited
from waystation.operations.embeddings import Content, EmbeddingsRequest, Tokens, Vector
from waystation.operations.parts import Audio, Image, JsonObject, Text, Video
from waystation.operations.usage import Usage

COHERE, OLLAMA = cohere_embeddings.DIALECT, ollama_embeddings.DIALECT
GEMINI, VERTEX, BEDROCK = gemini_embeddings.DIALECT, gemini_embeddings.VERTEX, bedrock_embeddings.DIALECT
ALL: tuple[EmbeddingsOutward, ...] = (COHERE, OLLAMA, GEMINI, VERTEX, BEDROCK)
TITAN, TITAN_IMAGE = Target("amazon.titan-embed-text-v2:0"), Target("amazon.titan-embed-image-v1")
NOVA, COHERE_V4 = Target("amazon.nova-2-multimodal-embeddings-v1:0"), Target("us.cohere.embed-v4:0")
PIXEL = "data:image/png;base64,iVBORw0KGgo="
IMAGE = Content((Image(PIXEL),))
PICTURE = Content((Text("a cat"), Image(PIXEL)))
PAIR = EmbeddingsRequest("openai_embeddings", "m", ("a", "b"))
ONE = replace(PAIR, inputs=("a",))


def body_of(dialect: EmbeddingsOutward, target: Target, request: EmbeddingsRequest) -> JsonObject:
    return dialect.render_request(request, target).body


def test_cohere_is_told_the_purpose_even_where_the_caller_is_not() -> None:
    told = COHERE.render_request(
        replace(PAIR, dimensions=256, encoding_format="base64"), Target("embed-v4.0")
    )

    assert (told.path, told.dropped) == ("/v2/embed", [])
    assert told.body == {
        "model": "embed-v4.0",
        "input_type": "search_document",
        "embedding_types": ["base64"],
        "truncate": "NONE",
        "texts": ["a", "b"],
        "output_dimension": 256,
    }
    assert body_of(COHERE, Target("e"), replace(PAIR, input_type="query"))["input_type"] == "search_query"


def test_cohere_takes_images() -> None:
    assert body_of(COHERE, Target("e"), replace(PAIR, inputs=(PICTURE, "b")))["inputs"] == [
        {
            "content": [
                {"type": "text", "text": "a cat"},
                {"type": "image_url", "image_url": {"url": PIXEL}},
            ]
        },
        {"content": [{"type": "text", "text": "b"}]},
    ]


@pytest.mark.parametrize(
    ("embeddings", "vector"),
    [
        ({"float": [[1, 2]]}, Vector([1.0, 2.0])),
        ({"float": None, "base64": ["AACAPw=="]}, Vector(base64="AACAPw==")),
        ({"int8": [[1, -2]]}, Vector([1.0, -2.0])),
        ([[1.0, 2.0]], Vector([1.0, 2.0])),
    ],
)
def test_cohere_answers_by_type_or_bare(embeddings: object, vector: Vector) -> None:
    body = {
        "id": "x",
        "embeddings": embeddings,
        "meta": {"billed_units": {"input_tokens": 3, "image_tokens": 4}},
    }
    result = COHERE.parse_response(json.encode(body), [], ONE)

    assert result.vectors == (vector,)
    assert result.usage == Usage(prompt_tokens=7, prompt_details_extras={"text_tokens": 3, "image_tokens": 4})


def test_gemini_is_asked_in_one_batch() -> None:
    request = replace(PAIR, dimensions=768, input_type="search_query")
    told = GEMINI.render_request(request, Target("gemini-embedding-001"))
    shared = {
        "model": "models/gemini-embedding-001",
        "taskType": "RETRIEVAL_QUERY",
        "outputDimensionality": 768,
    }

    assert told.path == "/models/gemini-embedding-001:batchEmbedContents"
    assert told.body == {
        "requests": [shared | {"content": {"parts": [{"text": text}]}} for text in ("a", "b")]
    }


@pytest.mark.parametrize(
    ("input_type", "text"),
    [
        (None, "a"),
        ("search_query", "task: search result | query: a"),
        ("document", "title: none | text: a"),
        ("classification", "task: classification | query: a"),
    ],
)
def test_later_models_of_gemini_are_told_the_task_in_the_text(input_type: str | None, text: str) -> None:
    body = body_of(GEMINI, Target("gemini-embedding-2"), replace(ONE, input_type=input_type))
    assert body == {
        "requests": [{"model": "models/gemini-embedding-2", "content": {"parts": [{"text": text}]}}]
    }


def test_gemini_takes_media_as_bytes() -> None:
    content = Content((Text("t"), Image(PIXEL), Audio("AAAA", "wav")))
    body = body_of(GEMINI, Target("gemini-embedding-2"), replace(ONE, inputs=(content,)))
    requests = body["requests"]
    assert isinstance(requests, list)
    assert requests[0]["content"]["parts"] == [
        {"text": "t"},
        {"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}},
        {"inlineData": {"mimeType": "audio/wav", "data": "AAAA"}},
    ]


def test_vertex_predicts_for_models_of_text() -> None:
    request = replace(PAIR, dimensions=256, input_type="document")
    told = VERTEX.render_request(request, Target("text-embedding-005"))

    assert VERTEX.most_inputs(Target("text-embedding-005")) == 250
    assert told.path == "/publishers/google/models/text-embedding-005:predict"
    assert told.body == {
        "instances": [
            {"task_type": "RETRIEVAL_DOCUMENT", "content": "a"},
            {"task_type": "RETRIEVAL_DOCUMENT", "content": "b"},
        ],
        "parameters": {"autoTruncate": False, "outputDimensionality": 256},
    }


def test_vertex_embeds_one_content_for_the_others() -> None:
    told = VERTEX.render_request(replace(ONE, inputs=(IMAGE,)), Target("gemini-embedding-2"))

    assert VERTEX.most_inputs(Target("gemini-embedding-2")) == 1
    assert told.path == "/publishers/google/models/gemini-embedding-2:embedContent"
    assert told.body == {
        "content": {"parts": [{"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}}]},
        "embedContentConfig": {"autoTruncate": False},
    }
    with pytest.raises(InvalidRequest):
        VERTEX.render_request(PAIR, Target("gemini-embedding-2"))


@pytest.mark.parametrize(
    "body",
    [
        {"embeddings": [{"values": [1.0]}], "usageMetadata": {"promptTokenCount": 4}},
        {"embedding": {"values": [1.0]}, "usageMetadata": {"promptTokenCount": 4}, "truncated": False},
        {"predictions": [{"embeddings": {"values": [1.0], "statistics": {"token_count": 4}}}]},
    ],
)
def test_googles_three_answers_say_the_same(body: JsonObject) -> None:
    for dialect in (GEMINI, VERTEX):
        result = dialect.parse_response(json.encode(body), [], ONE)
        assert (result.vectors, result.usage) == ((Vector([1.0]),), Usage(prompt_tokens=4))


def test_googles_kinds_of_tokens() -> None:
    details = [
        {"modality": "IMAGE", "tokenCount": 258},
        {"modality": "TEXT", "tokenCount": 3},
        {"modality": "AUDIO", "tokenCount": 9},
    ]
    usage = {"promptTokenCount": 270, "promptTokenDetails": details}
    body = {"embeddings": [{"values": [1.0]}], "usageMetadata": usage}
    assert GEMINI.parse_response(json.encode(body), [], ONE).usage == Usage(
        prompt_tokens=270,
        audio_prompt_tokens=9,
        prompt_details_extras={"text_tokens": 3, "image_tokens": 258},
    )


def test_titan_takes_one_text_a_call() -> None:
    told = BEDROCK.render_request(replace(ONE, dimensions=256), TITAN)

    assert BEDROCK.most_inputs(TITAN) == 1
    assert told.path == "/model/amazon.titan-embed-text-v2%3A0/invoke"
    assert told.body == {"inputText": "a", "dimensions": 256}
    with pytest.raises(InvalidRequest):
        BEDROCK.render_request(PAIR, TITAN)


def test_titans_first_model_has_one_length() -> None:
    first = Target("amazon.titan-embed-text-v1")

    assert body_of(BEDROCK, first, replace(ONE, dimensions=1536)) == {"inputText": "a"}
    with pytest.raises(InvalidRequest):
        body_of(BEDROCK, first, replace(ONE, dimensions=256))


def test_titan_takes_an_image_and_its_text() -> None:
    request = replace(ONE, inputs=(PICTURE,), dimensions=384)
    assert body_of(BEDROCK, TITAN_IMAGE, request) == {
        "inputText": "a cat",
        "inputImage": "iVBORw0KGgo=",
        "embeddingConfig": {"outputEmbeddingLength": 384},
    }


@pytest.mark.parametrize(
    ("content", "piece"),
    [
        ("a", {"text": {"truncationMode": "NONE", "value": "a"}}),
        (
            IMAGE,
            {
                "image": {
                    "detailLevel": "STANDARD_IMAGE",
                    "format": "png",
                    "source": {"bytes": "iVBORw0KGgo="},
                }
            },
        ),
        (
            Content((Video("data:video/mp4;base64,AAAA"),)),
            {
                "video": {
                    "embeddingMode": "AUDIO_VIDEO_COMBINED",
                    "format": "mp4",
                    "source": {"bytes": "AAAA"},
                }
            },
        ),
        (Content((Audio("AAAA", "mp3"),)), {"audio": {"format": "mp3", "source": {"bytes": "AAAA"}}}),
    ],
)
def test_nova_takes_one_piece_of_any_kind(content: str | Content, piece: JsonObject) -> None:
    request = replace(ONE, inputs=(content,), dimensions=1024, input_type="query")
    assert body_of(BEDROCK, NOVA, request) == {
        "taskType": "SINGLE_EMBEDDING",
        "singleEmbeddingParams": {"embeddingPurpose": "GENERIC_RETRIEVAL", "embeddingDimension": 1024}
        | piece,
    }


def test_cohere_at_bedrock_is_named_by_the_path_alone() -> None:
    assert body_of(BEDROCK, COHERE_V4, replace(PAIR, dimensions=512)) == {
        "input_type": "search_document",
        "truncate": "NONE",
        "texts": ["a", "b"],
        "output_dimension": 512,
    }
    with pytest.raises(InvalidRequest):
        body_of(BEDROCK, Target("cohere.embed-english-v3"), replace(PAIR, dimensions=512))


def test_bedrock_counts_tokens_in_a_header() -> None:
    headers = [(b"X-Amzn-Bedrock-Input-Token-Count", b"19")]
    bodies = [
        {"embeddings": [{"embeddingType": "TEXT", "embedding": [1.0]}]},
        {"embeddings": {"float": [[1.0]]}, "id": "x"},
        {"embeddings": [[1.0]]},
        {"embedding": [1.0]},
    ]
    for body in bodies:
        result = BEDROCK.parse_response(json.encode(body), headers, ONE)
        assert (result.vectors, result.usage) == ((Vector([1.0]),), Usage(prompt_tokens=19))


def test_a_model_that_bedrock_has_no_body_for_is_refused() -> None:
    with pytest.raises(InvalidRequest):
        body_of(BEDROCK, Target("acme.embed-v1"), ONE)


def test_ollama() -> None:
    told = OLLAMA.render_request(
        replace(PAIR, dimensions=256, input_type="query"), Target("nomic-embed-text")
    )
    assert (told.path, told.dropped) == ("/api/embed", ["input_type"])
    assert told.body == {
        "model": "nomic-embed-text",
        "input": ["a", "b"],
        "truncate": False,
        "dimensions": 256,
    }

    body = {"model": "nomic-embed-text", "embeddings": [[1, 2], [3, 4]], "prompt_eval_count": 5}
    result = OLLAMA.parse_response(json.encode(body), [], PAIR)
    assert result.vectors == (Vector([1.0, 2.0]), Vector([3.0, 4.0]))
    assert result.usage == Usage(prompt_tokens=5)


@pytest.mark.parametrize(
    ("dialect", "target"),
    [
        (COHERE, Target("embed-v4.0")),
        (OLLAMA, Target("nomic-embed-text")),
        (GEMINI, Target("gemini-embedding-2")),
        (VERTEX, Target("gemini-embedding-2")),
        (VERTEX, Target("text-embedding-005")),
        (BEDROCK, TITAN),
        (BEDROCK, TITAN_IMAGE),
        (BEDROCK, NOVA),
        (BEDROCK, COHERE_V4),
    ],
)
def test_token_ids_are_refused(dialect: EmbeddingsOutward, target: Target) -> None:
    with pytest.raises(InvalidRequest):
        body_of(dialect, target, replace(ONE, inputs=(Tokens((1, 2)),)))


@pytest.mark.parametrize("dialect", ALL, ids=lambda dialect: dialect.name)
@pytest.mark.parametrize(
    "body",
    [
        {},
        {"embeddings": []},
        {"embeddings": None},
        {"embeddings": {}},
        {"embeddings": [[]]},
        {"embeddings": [[1.0], [2.0]]},
        {"embedding": []},
        {"embedding": None},
        {"predictions": []},
        {"predictions": [{}]},
        {"error": "no"},
        {"message": "no"},
    ],
)
def test_what_is_no_answer_is_a_bad_response(dialect: EmbeddingsOutward, body: object) -> None:
    with pytest.raises(BadResponse):
        dialect.parse_response(json.encode(body), [], ONE)


@pytest.mark.parametrize("dialect", ALL, ids=lambda dialect: dialect.name)
def test_errors_count_by_status(dialect: EmbeddingsOutward) -> None:
    assert isinstance(dialect.parse_error(429, [], b'{"message":"slow"}'), RateLimited)
