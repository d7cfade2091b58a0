"""What embedding models were really asked, and really answered, on every wire: nothing is lost, and nothing is made up."""

import json
from collections.abc import Callable
from typing import NamedTuple, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recorded_exchanges import JsonObject, Recording, recordings
from spoiling import spoiled_bodies
from waystation.codec.dialect import Target
from waystation.codec.operation_dialect import EmbeddingsOutward
from waystation.codec.vectors import base64_of, numbers_of
from waystation.dialects import bedrock_embeddings, cohere_embeddings, gemini_embeddings, openai_embeddings
from waystation.errors import ProviderError
from waystation.operations.embeddings import Content, EmbeddingInput, EmbeddingsRequest, Tokens
from waystation.operations.parts import Image, Part, Text

OPENAI = {dialect.name.removesuffix("_embeddings"): dialect for dialect in openai_embeddings.DIALECTS}
GEMINI_PURPOSES = {
    "title: none | text: ": "document",
    "task: question answering | query: ": "question_answering",
    "task: search result | query: ": "query",
    "task: classification | query: ": "classification",
}


class Exchange(NamedTuple):
    """A recording, whose wire it is, and what our caller must have asked."""

    recording: Recording
    dialect: EmbeddingsOutward
    model: str
    request: EmbeddingsRequest


def request_of(inputs: list[EmbeddingInput], body: JsonObject, **names: str) -> EmbeddingsRequest:
    """`names`: the wire's words for dimensions, format and purpose."""
    form = body.get(names.get("form", "encoding_format"))
    return EmbeddingsRequest(
        dialect="openai_embeddings",
        model="m",
        inputs=tuple(inputs),
        dimensions=cast("int | None", body.get(names.get("dimensions", "dimensions"))),
        encoding_format="base64" if form == "base64" else "float" if form == "float" else None,
        input_type=cast("str | None", body.get(names.get("purpose", "input_type"))),
    )


def openai_request(body: JsonObject) -> EmbeddingsRequest:
    told = body["input"]
    items: list[object] = told if isinstance(told, list) else [told]
    inputs: list[EmbeddingInput] = [
        Tokens(tuple(one)) if isinstance(one, list) else str(one) for one in items
    ]
    return request_of(
        inputs, body, dimensions="output_dimension" if "output_dimension" in body else "dimensions"
    )


def cohere_request(body: JsonObject) -> EmbeddingsRequest:
    return request_of(list(cast("list[str]", body["texts"])), body, dimensions="output_dimension")


def gemini_request(body: JsonObject) -> EmbeddingsRequest:
    asked = cast("list[JsonObject]", body["requests"])
    inputs: list[EmbeddingInput] = []
    purpose = asked[0].get("taskType")
    for one in asked:
        parts: list[Part] = []
        for part in cast("dict[str, list[dict[str, object]]]", one["content"])["parts"]:
            text = part.get("text")
            if isinstance(text, str):
                prefix = next((prefix for prefix in GEMINI_PURPOSES if text.startswith(prefix)), "")
                purpose = GEMINI_PURPOSES.get(prefix, purpose)
                parts.append(Text(text.removeprefix(prefix)))
            else:
                inline = cast("dict[str, str]", part["inline_data"])
                parts.append(Image(f"data:{inline['mime_type']};base64,{inline['data']}"))
        alone = parts[0] if len(parts) == 1 else None
        inputs.append(alone.text if isinstance(alone, Text) else Content(tuple(parts)))
    told = asked[0] | {"input_type": purpose}
    return request_of(inputs, told, dimensions="outputDimensionality")


def vertex_request(body: JsonObject) -> EmbeddingsRequest:
    parameters = cast("JsonObject", body.get("parameters") or {})
    inputs: list[EmbeddingInput] = [
        str(one["content"]) for one in cast("list[JsonObject]", body["instances"])
    ]
    return request_of(inputs, parameters, dimensions="outputDimensionality")


def bedrock_request(body: JsonObject) -> EmbeddingsRequest:
    if "texts" in body:
        return cohere_request(body)
    if "inputText" in body:
        return request_of([str(body["inputText"])], body)
    single = cast("JsonObject", body["singleEmbeddingParams"])
    text = cast("dict[str, str]", single["text"])["value"]
    return request_of([text], single, dimensions="embeddingDimension", purpose="embeddingPurpose")


READERS: dict[str, Callable[[JsonObject], EmbeddingsRequest]] = {
    "openai.embeddings": openai_request,
    "mistral.embeddings": openai_request,
    "cohere.embed": cohere_request,
    "google.embedContent": gemini_request,
    "google.predict": vertex_request,
    "bedrock.invoke": bedrock_request,
}
DIALECTS: dict[str, EmbeddingsOutward] = {
    "cohere.embed": cohere_embeddings.DIALECT,
    "google.embedContent": gemini_embeddings.DIALECT,
    "google.predict": gemini_embeddings.VERTEX,
    "bedrock.invoke": bedrock_embeddings.DIALECT,
}


def exchanges() -> list[Exchange]:
    found = []
    for protocol, read in READERS.items():
        for one in recordings(protocol):
            body = one.request
            if body is None or (protocol == "bedrock.invoke" and "embed" not in one.path):
                continue
            dialect = DIALECTS.get(protocol) or OPENAI.get(one.provider, OPENAI["openai"])
            model = str(body.get("model") or one.path.rsplit("/models/", 1)[-1].rpartition(":")[0])
            if protocol == "bedrock.invoke":
                model = one.path.split("/")[2].replace("%3A", ":")
            found.append(Exchange(one, dialect, model, read(body)))
    assert len(found) > 60
    return found


def answered() -> list[Exchange]:
    return [one for one in exchanges() if one.recording.status == 200]


def vectors_in(body: JsonObject) -> list[list[float] | str]:
    """Every vector of the answer, wherever it stands, in the order of the answer."""
    found: list[list[float] | str] = []

    def look(value: object, key: str) -> None:
        if isinstance(value, list) and value and all(isinstance(one, int | float) for one in value):
            found.append([float(one) for one in value])
        elif isinstance(value, str) and key == "embedding":
            found.append(value)
        elif isinstance(value, list):
            for one in value:
                look(one, key)
        elif isinstance(value, dict):
            for name, one in value.items():
                if name != "embeddingsByType":
                    look(one, name)

    look(body, "")
    return found


def test_recorded_answers_keep_every_vector() -> None:
    for one in answered():
        body = one.recording.body or {}
        result = one.dialect.parse_response(json.dumps(body).encode(), one.recording.headers, one.request)
        told = vectors_in(body)
        assert len(result.vectors) == len(told) == len(one.request.inputs), one.recording.name
        for ours, theirs in zip(result.vectors, told, strict=True):
            if isinstance(theirs, list):
                assert numbers_of(ours) == theirs, one.recording.name
            elif one.recording.provider != "perplexity":
                assert base64_of(ours) == theirs, one.recording.name


def test_bytes_of_perplexity_are_as_many_as_were_asked_for() -> None:
    found = [one for one in answered() if one.recording.provider == "perplexity"]
    assert found
    for one in found:
        result = one.dialect.parse_response(json.dumps(one.recording.body).encode(), [], one.request)
        for vector in result.vectors:
            assert len(numbers_of(vector)) == one.request.dimensions
            assert all(-128 <= number <= 127 and number.is_integer() for number in numbers_of(vector))


def test_recorded_tokens_are_counted() -> None:
    counted = 0
    for one in answered():
        body = one.recording.body or {}
        result = one.dialect.parse_response(json.dumps(body).encode(), one.recording.headers, one.request)
        tokens = tokens_in(body, dict(one.recording.headers))
        assert (result.usage.prompt_tokens if result.usage else None) == tokens, one.recording.name
        counted += tokens is not None
    assert counted > 50


def tokens_in(body: JsonObject, headers: dict[bytes, bytes]) -> int | None:
    usage = cast("dict[str, int]", body.get("usage") or {})
    if usage:
        return usage.get("prompt_tokens", usage["total_tokens"])
    if "predictions" in body:
        told = cast("list[dict[str, dict[str, dict[str, int]]]]", body["predictions"])
        return sum(one["embeddings"]["statistics"]["token_count"] for one in told)
    if "usageMetadata" in body:
        return cast("dict[str, int]", body["usageMetadata"])["promptTokenCount"]
    if "meta" in body:
        return cast("dict[str, dict[str, int]]", body["meta"])["billed_units"]["input_tokens"]
    header = headers.get(b"x-amzn-bedrock-input-token-count")
    return int(header) if header is not None else None


IGNORED = {
    "truncate", "truncation", "normalize", "max_tokens", "input", "embedding_types", "text", "task_type", "content",
    "input_type", "taskType",
}  # fmt: skip
"""Policies of the caller's own library; and what is compared on its own."""


def said(body: JsonObject) -> JsonObject:
    """What a body says, its inner objects laid open."""
    flat: JsonObject = {}
    for key, value in body.items():
        if key in {"parameters", "singleEmbeddingParams"} and isinstance(value, dict):
            flat |= said(value)
        elif key not in IGNORED and value is not None and key not in {"requests", "instances"}:
            flat[key] = value
    return flat


def test_recorded_requests_can_be_asked() -> None:
    for one in exchanges():
        rendered = one.dialect.render_request(one.request, Target(one.model))
        theirs = said(one.recording.request or {})
        ours = said(rendered.body)
        ours.pop("autoTruncate", None)
        assert ours == theirs, one.recording.name
        assert rendered.dropped == [], one.recording.name


def texts_in(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for inner in value.values() for text in texts_in(inner)]
    return [text for inner in value for text in texts_in(inner)] if isinstance(value, list) else []


def test_recorded_texts_are_sent_whole() -> None:
    for one in exchanges():
        body = one.recording.request or {}
        rendered = one.dialect.render_request(one.request, Target(one.model)).body
        for key in ("input", "texts", "inputText", "instances", "requests", "singleEmbeddingParams"):
            ours = texts_in(rendered.get(key))
            for text in set(texts_in(body.get(key))) - {"END", "NONE", "RETRIEVAL_QUERY"}:
                assert any(told.endswith(text) for told in ours), (one.recording.name, text)


def test_recorded_refusals_are_errors_of_the_request() -> None:
    refused = [one for one in exchanges() if one.recording.status != 200]
    assert refused
    for one in refused:
        error = one.dialect.parse_error(
            one.recording.status, one.recording.headers, json.dumps(one.recording.body).encode()
        )
        assert error.upstream_status == one.recording.status
        assert error.status in {400, 404}


def shortened(value: object) -> object:
    """The same answer with vectors of four numbers, so that changes find the rest of it, too."""
    if isinstance(value, list):
        return [shortened(one) for one in value][: 4 if value and isinstance(value[0], float) else None]
    if isinstance(value, dict):
        return {key: shortened(one) for key, one in value.items()}
    return value


@pytest.mark.parametrize("protocol", READERS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_spoiled_answers_give_every_vector_or_a_named_error(protocol: str, data: st.DataObject) -> None:
    names = {one.name for one in recordings(protocol)}
    found = [one for one in answered() if one.recording.name in names]
    one = data.draw(st.sampled_from(found))
    body = data.draw(spoiled_bodies([shortened(one.recording.body)]))
    request = EmbeddingsRequest("openai_embeddings", "m", one.request.inputs)
    try:
        result = one.dialect.parse_response(body, one.recording.headers, request)
    except ProviderError:
        return
    assert len(result.vectors) == len(request.inputs)
    assert all(numbers_of(vector) for vector in result.vectors)
