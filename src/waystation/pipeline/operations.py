"""Operations that are asked and answered whole, embeddings and rerank: their own dispatch on the chat pipeline's attempts.

To routing, limits, reservations and records they are a request of their texts, without an answer.
"""

import time
from collections.abc import Mapping
from typing import Protocol, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from waystation.codec.dialect import Headers, Identity, RenderedRequest
from waystation.codec.embedding_batches import joined, split
from waystation.codec.operation_dialect import (
    EmbeddingsInward,
    EmbeddingsOutward,
    RerankInward,
    RerankOutward,
)
from waystation.credits.cost import Tariffs
from waystation.credits.plausible import believed, exceeds
from waystation.exchange import Attempt, Exchange
from waystation.operations.chat import ChatRequest, Message
from waystation.operations.embeddings import Content, EmbeddingsRequest, EmbeddingsResult, Tokens
from waystation.operations.parts import Image, Part, Text
from waystation.operations.rerank import RerankRequest, RerankResult
from waystation.operations.usage import Cost, Usage
from waystation.pipeline.answer import JSON
from waystation.pipeline.attempts import Attempts
from waystation.pipeline.dispatch import Dispatch, ParseError
from waystation.pipeline.going import Going
from waystation.pipeline.serving import Serving
from waystation.providers.base import Provider
from waystation.routing.plan import Plan, PlannedAttempt

Asked = TypeVar("Asked")
DOCUMENTS_A_UNIT = 100
"""Documents that one search unit ranks, where a provider is charged by units and does not count them."""

MOST_UNITS = 8
"""Times the units that a provider may count of documents that have a token each."""


class Operation(Protocol[Asked]):
    """One of them."""

    def parse_request(self, body: bytes) -> Asked:
        """`InvalidRequest` names the field."""
        ...

    def as_chat(self, asked: Asked) -> ChatRequest:
        """What everything but dispatch is told of it."""
        ...

    async def answer(self, serving: Serving, asked: Asked, plan: Plan) -> None:
        """Ask the endpoints of the plan, and answer the caller."""
        ...


class Calls(Struct, frozen=True):
    """What calling endpoints takes, the same for all operations."""

    attempts: Attempts
    dispatch: Dispatch
    tariffs: Tariffs

    async def read(
        self, provider: Provider, attempt: Attempt, rendered: RenderedRequest, parse_error: ParseError
    ) -> tuple[bytes, Headers]:
        """Send one request and read its answer."""
        response = await self.dispatch.send(provider, attempt, rendered, parse_error, whole=True)
        try:
            return await response.read(), response.headers
        finally:
            response.close()

    def charge(self, exchange: Exchange, planned: PlannedAttempt, usage: Usage | None) -> tuple[Usage, Cost]:
        """What was used, by the provider's count or our estimate, and what it costs."""
        request, endpoint = exchange.request or ChatRequest(exchange.dialect, None, ()), planned.endpoint
        if usage is None or exceeds(usage, request, endpoint):
            usage = believed(usage, request, endpoint, 0, exchange.id)
        cost = self.tariffs.of(planned.endpoint.pricing).price(usage, exchange.created)
        exchange.usage, exchange.cost = usage, cost
        exchange.finish_reason = "stop"
        exchange.first_content = time.monotonic()
        return usage, cost


class Embeddings:
    """`POST /embeddings`: one vector an input."""

    def __init__(
        self, inward: EmbeddingsInward, outward: Mapping[str, EmbeddingsOutward], calls: Calls
    ) -> None:
        self._inward = inward
        self._outward = outward
        self._calls = calls

    def parse_request(self, body: bytes) -> EmbeddingsRequest:
        """`InvalidRequest` names the field."""
        return self._inward.parse_request(body)

    def as_chat(self, asked: EmbeddingsRequest) -> ChatRequest:
        """The inputs as one message."""
        parts: list[Part] = []
        for one in asked.inputs:
            match one:
                case str():
                    parts.append(Text(one))
                case Tokens(ids=ids):
                    parts.append(Text("...." * len(ids)))  # as many tokens by our estimate
                case Content(parts=pieces):
                    parts += pieces
        message = Message("user", tuple(parts))
        return ChatRequest(
            asked.dialect, asked.model, (message,), asked.models, user=asked.user, provider=asked.provider
        )

    async def answer(self, serving: Serving, asked: EmbeddingsRequest, plan: Plan) -> None:
        """All vectors of one endpoint."""

        async def attempt_one(
            exchange: Exchange, planned: PlannedAttempt, attempt: Attempt
        ) -> tuple[EmbeddingsResult, PlannedAttempt, str]:
            endpoint = planned.endpoint
            provider = await self._calls.dispatch.provider_of(endpoint)
            dialect = self._outward[provider.dialect_of(endpoint)]
            target = provider.target(endpoint)
            results = []
            for part in split(asked, dialect.most_inputs(target)):
                rendered = dialect.render_request(part, target)
                exchange.dropped = rendered.dropped
                body, headers = await self._calls.read(provider, attempt, rendered, dialect.parse_error)
                results.append(dialect.parse_response(body, headers, part))
            return joined(results), planned, provider.name

        exchange = serving.exchange
        going = Going(exchange, serving.watched, attempt_one, _let_go, whole=True)
        result, planned, name = await self._calls.attempts.first_success(going, plan)
        exchange.upstream_id = result.upstream_id
        usage, cost = self._calls.charge(exchange, planned, result.usage)
        known = _identity(exchange, planned, name)
        body = self._inward.render_response(replace(result, usage=usage), asked, known, cost)
        _reply(serving, body)


class Reranking:
    """`POST /rerank`: documents, best first."""

    def __init__(self, inward: RerankInward, outward: Mapping[str, RerankOutward], calls: Calls) -> None:
        self._inward = inward
        self._outward = outward
        self._calls = calls

    def parse_request(self, body: bytes) -> RerankRequest:
        """`InvalidRequest` names the field."""
        return self._inward.parse_request(body)

    def as_chat(self, asked: RerankRequest) -> ChatRequest:
        """Query and documents as one message."""
        parts: list[Part] = [Text(asked.query)]
        for document in asked.documents:
            if document.text is not None:
                parts.append(Text(document.text))
            if document.image is not None:
                parts.append(Image(document.image))
        message = Message("user", tuple(parts))
        return ChatRequest(asked.dialect, asked.model, (message,), asked.models, provider=asked.provider)

    async def answer(self, serving: Serving, asked: RerankRequest, plan: Plan) -> None:
        """The order of one endpoint."""

        async def attempt_one(
            exchange: Exchange, planned: PlannedAttempt, attempt: Attempt
        ) -> tuple[RerankResult, PlannedAttempt, str]:
            endpoint = planned.endpoint
            provider = await self._calls.dispatch.provider_of(endpoint)
            dialect = self._outward[provider.dialect_of(endpoint)]
            rendered = dialect.render_request(asked, provider.target(endpoint))
            exchange.dropped = rendered.dropped
            body, headers = await self._calls.read(provider, attempt, rendered, dialect.parse_error)
            return dialect.parse_response(body, headers, asked), planned, provider.name

        exchange = serving.exchange
        going = Going(exchange, serving.watched, attempt_one, _let_go, whole=True)
        result, planned, name = await self._calls.attempts.first_success(going, plan)
        exchange.upstream_id = result.upstream_id
        tokens = plan.question.prompt.tokens
        usage, cost = self._calls.charge(exchange, planned, _searched(result, asked, planned, tokens))
        known = _identity(exchange, planned, name)
        body = self._inward.render_response(replace(result, usage=usage), asked, known, cost)
        _reply(serving, body)


def _searched(
    result: RerankResult, asked: RerankRequest, planned: PlannedAttempt, tokens: int
) -> Usage | None:
    """Its usage. Where the endpoint is charged by search units its tokens are not, and units that nobody counted are, or that
    so many tokens cannot have been."""
    if planned.endpoint.pricing.search_unit is None:
        return result.usage
    units = result.search_units
    if units is not None and units > MOST_UNITS * (1 + tokens // DOCUMENTS_A_UNIT):
        units = None
    counted = units if units is not None else -(-len(asked.documents) // DOCUMENTS_A_UNIT)
    usage = result.usage or Usage()
    return replace(usage, search_units=counted, charged_prompt_tokens=0, estimated=units is None)


def _identity(exchange: Exchange, planned: PlannedAttempt, name: str) -> Identity:
    return Identity(exchange.id, planned.candidate.model.id, name, int(exchange.created))


def _reply(serving: Serving, body: bytes) -> None:
    serving.exchange.status = 200
    serving.caller.reply(200, JSON, serving.headers, body)


def _let_go(_: object) -> None:
    """An answer that came second."""
