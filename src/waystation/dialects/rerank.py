"""Rerank as Cohere, Jina, Voyage, Bedrock and those who follow them speak it: one dialect a spelling. What clients say is in
`rerank_inbound`.

Sources: their API references. Answers name documents by index; the documents themselves are not asked back.
"""

from collections.abc import Callable
from math import isfinite
from typing import Final

from msgspec import Struct

from waystation.codec.dialect import Headers, RenderedRequest, Target
from waystation.codec.json_answer import (
    count_at,
    decode_answer,
    object_at,
    objects_at,
    parse_json_error,
    text_at,
)
from waystation.codec.path_segment import path_segment
from waystation.dialects.cohere.errors import parse_error as parse_cohere_error
from waystation.errors import BadResponse, InvalidRequest, ProviderError
from waystation.operations.parts import JsonObject
from waystation.operations.rerank import Document, Ranked, RerankRequest, RerankResult
from waystation.operations.usage import Usage

_DOCUMENTS_A_UNIT: Final = 100
"""A search unit is one query with up to so many documents."""


class Spelling(Struct, frozen=True):
    """Names of fields. `fixed` is sent with each request; `images`: documents may be images."""

    name: str
    path: str = "/rerank"
    top: str = "top_n"
    results: str = "results"
    images: bool = False
    named: bool = True
    """Whether the body names the model; else the path does."""
    fixed: JsonObject = {}
    counts_searches: bool = False
    """Whether it is charged by search units although its answer does not count them."""
    parse_error: Callable[[int, Headers, bytes], ProviderError] = parse_json_error


COHERE: Final = Spelling("cohere_rerank", path="/v2/rerank", parse_error=parse_cohere_error)
SPELLINGS: Final = (
    COHERE,
    Spelling("rerank", fixed={"return_documents": False}),
    Spelling("openrouter_rerank", images=True),
    Spelling("jina_rerank", images=True, fixed={"return_documents": False}),
    Spelling(
        "voyage_rerank", top="top_k", results="data", fixed={"return_documents": False, "truncation": False}
    ),
    Spelling("bedrock_rerank", path="", named=False, counts_searches=True),
)


class Rerank:
    """One spelling of the wire; see `codec.operation_dialect.RerankOutward` for what each method owes."""

    def __init__(self, spelling: Spelling) -> None:
        self._spelling = spelling

    @property
    def name(self) -> str:
        """The spelling's."""
        return self._spelling.name

    def render_request(self, request: RerankRequest, target: Target) -> RenderedRequest:
        """Path, body, names of what was dropped."""
        spelling = self._spelling
        body: JsonObject = {
            "query": request.query,
            "documents": [_render_document(document, spelling) for document in request.documents],
        } | spelling.fixed
        path = spelling.path
        if spelling.named:
            body["model"] = target.native_id
        else:
            path = f"/model/{path_segment(target.native_id)}/invoke"
            if "cohere" in target.native_id:
                body["api_version"] = 2
        if request.top_n is not None:
            body[spelling.top] = request.wanted
        return RenderedRequest(path, body, list(request.extras or ()), [])

    def parse_response(self, body: bytes, headers: Headers, request: RerankRequest) -> RerankResult:
        """Best first, and as many as were wanted; `BadResponse` where some are missing or named twice."""
        del headers
        value = decode_answer(body)
        units = _search_units(value)
        if units is None and self._spelling.counts_searches:
            units = -(-len(request.documents) // _DOCUMENTS_A_UNIT)
        return RerankResult(
            dialect=self.name,
            ranked=_ranked(objects_at(value, self._spelling.results), request),
            upstream_id=text_at(value, "id"),
            model=text_at(value, "model"),
            usage=_parse_usage(value),
            search_units=units,
        )

    def parse_error(self, status: int, headers: Headers, body: bytes) -> ProviderError:
        """By status; the body says only why."""
        return self._spelling.parse_error(status, headers, body)


def _render_document(document: Document, spelling: Spelling) -> object:
    if document.image is None:
        return document.text or ""
    if not spelling.images:
        raise InvalidRequest("documents: this model takes text only.")
    told = {"text": document.text, "image": document.image}
    return {name: value for name, value in told.items() if value is not None}


def _ranked(items: list[JsonObject], request: RerankRequest) -> tuple[Ranked, ...]:
    ranked: dict[int, Ranked] = {}
    for item in items:
        index, score = count_at(item, "index"), item.get("relevance_score", item.get("score"))
        if index is None or index >= len(request.documents) or index in ranked:
            raise BadResponse("The provider ranked a document that was not asked about, or one twice.")
        if not isinstance(score, int | float) or isinstance(score, bool) or not isfinite(score):
            raise BadResponse("The provider ranked a document without a score.")
        ranked[index] = Ranked(index, float(score))
    if len(ranked) < request.wanted or not ranked:
        raise BadResponse(f"The provider ranked {len(ranked)} documents of {request.wanted}.")
    best = sorted(ranked.values(), key=lambda one: -one.score)
    return tuple(best[: request.wanted])


def _search_units(value: JsonObject) -> int | None:
    """Cohere counts them under `meta`, gateways under `usage`."""
    units = count_at(object_at(object_at(value, "meta"), "billed_units"), "search_units")
    return count_at(object_at(value, "usage"), "search_units") if units is None else units


def _parse_usage(value: JsonObject) -> Usage | None:
    counters = object_at(value, "usage") or object_at(object_at(value, "meta"), "tokens")
    tokens = count_at(counters, "prompt_tokens")
    for name in ("total_tokens", "input_tokens"):
        tokens = count_at(counters, name) if tokens is None else tokens
    return Usage(prompt_tokens=tokens) if tokens is not None else None


DIALECT = Rerank(COHERE)
DIALECTS = (DIALECT, *(Rerank(spelling) for spelling in SPELLINGS if spelling is not COHERE))
