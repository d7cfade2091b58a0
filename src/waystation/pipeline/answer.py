"""Dispatch and relay of one exchange: its answer to the client, whole or as it is made."""

import time
from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from waystation.codec.dialect import Identity
from waystation.credits.cost import Tariffs
from waystation.exchange import Attempt, Exchange
from waystation.operations.chat import ChatRequest, ChatResult
from waystation.operations.chat_events import Event
from waystation.operations.usage import Cost
from waystation.pipeline.attempts import Attempts
from waystation.pipeline.content import KeptStream, answered_by
from waystation.pipeline.dispatch import Dispatch, Opened
from waystation.pipeline.echo import echoes
from waystation.pipeline.going import Going
from waystation.pipeline.meter import Meter
from waystation.pipeline.relay import Source
from waystation.pipeline.serving import Serving
from waystation.routing.plan import Plan, PlannedAttempt

JSON = b"application/json"


class Brought(Struct):
    """An answer that came whole."""

    opened: Opened
    result: ChatResult
    cost: Cost


class Begun(Struct):
    """A stream whose first content has come: what was held back, and where the rest comes from."""

    opened: Opened
    source: Source
    meter: Meter
    held: list[Event]


class Answer:
    """Answers exchanges that have a plan. `keeps_content`: what is answered is noted on the exchange."""

    def __init__(
        self,
        attempts: Attempts,
        dispatch: Dispatch,
        tariffs: Tariffs,
        comment_grace: float,
        *,
        keeps_content: bool = False,
    ) -> None:
        self._attempts = attempts
        self._keeps_content = keeps_content
        self._dispatch = dispatch
        self._tariffs = tariffs
        self._comment_grace = comment_grace

    async def whole(self, serving: Serving, request: ChatRequest, plan: Plan) -> None:
        """The answer at once."""
        exchange = serving.exchange

        async def attempt_one(exchange: Exchange, planned: PlannedAttempt, attempt: Attempt) -> Brought:
            opened = await self._dispatch.open(exchange, request, planned, attempt)
            body = opened.response.here()
            if body is None:
                try:
                    body = await opened.response.read()
                finally:
                    opened.response.close()
            result = opened.dialect.parse_response(body)
            if opened.amendment is not None and opened.amendment.amend_result is not None:
                result = opened.amendment.amend_result(result)
            attempt.upstream_id = result.upstream_id
            exchange.first_content = time.monotonic()
            if self._keeps_content:
                exchange.answered = answered_by(result)
            cost = self._meter(exchange, request, planned).result(result)
            if result.usage is not exchange.usage:
                result = replace(result, usage=exchange.usage)
            if result.service_tier is None and exchange.served_tier is not None:
                result = replace(result, service_tier=exchange.served_tier)
            return Brought(opened, result, cost)

        going = Going(exchange, serving.watched, attempt_one, _let_go, whole=True)
        brought = await self._attempts.first_success(going, plan)
        known = identity(exchange, request, brought.opened)
        body = serving.dialect.render_response(brought.result, known, brought.cost, serving.metadata)
        exchange.status = 200
        serving.caller.reply(200, JSON, serving.headers, body)

    async def streamed(self, serving: Serving, request: ChatRequest, plan: Plan) -> None:
        """The answer as it is made."""
        exchange, watched = serving.exchange, serving.watched

        async def attempt_one(exchange: Exchange, planned: PlannedAttempt, attempt: Attempt) -> Begun:
            opened = await self._dispatch.open(exchange, request, planned, attempt)
            meter = self._meter(exchange, request, planned)
            amend = opened.amendment.amend_events if opened.amendment is not None else None
            source = Source(opened.response, opened.dialect.stream_parser(), meter, amend)
            try:
                held = await source.first()
            except BaseException:
                source.close()
                attempt.upstream_cost = meter.forget()
                raise
            attempt.upstream_id = exchange.upstream_id
            return Begun(opened, source, meter, held)

        watched.speak = self._speaker(serving)
        watched.speak_at = exchange.started + self._comment_grace
        try:
            going = Going(exchange, watched, attempt_one, _close, whole=False)
            begun = await self._attempts.first_success(going, plan)
        finally:
            watched.speak_at = None
        begun.meter.exchange = exchange
        serving.meter = begun.meter
        exchange.first_content = time.monotonic()
        exchange.status = 200
        renderer = serving.dialect.stream_renderer(identity(exchange, request, begun.opened))
        if self._keeps_content:
            renderer = KeptStream(renderer, exchange)
        renderer.metadata = serving.metadata
        held = [*echoes(exchange.attempts), *begun.held] if request.echo_upstream_body else begun.held
        try:
            await serving.delivery.begin(renderer, held)
            await serving.delivery.carry(begun.source)
        finally:
            exchange.arrived = begun.source.arrived
            begun.source.close()
            begun.meter.interrupted()

    def _meter(self, exchange: Exchange, request: ChatRequest, planned: PlannedAttempt) -> Meter:
        endpoint = planned.endpoint
        return Meter(exchange, request, self._tariffs.of(endpoint.pricing), endpoint)

    def _speaker(self, serving: Serving) -> Callable[[], None]:
        def speak() -> None:
            serving.watched.speak_at = time.monotonic() + self._comment_grace
            serving.delivery.speak(serving.dialect.stream_renderer(nobody(serving.exchange)).comment())

        return speak


def _let_go(_: Brought) -> None:
    """An answer that came second."""


def _close(begun: Begun) -> None:
    """A stream that came second."""
    begun.source.close()


def identity(exchange: Exchange, request: ChatRequest, opened: Opened) -> Identity:
    """How the client knows this generation."""
    shown = request.reasoning is None or not request.reasoning.exclude
    return Identity(
        id=exchange.id,
        model=opened.planned.candidate.model.id,
        provider=opened.provider.name,
        created=int(exchange.created),
        include_reasoning=shown,
        is_completion=request.is_completion,
        request=request,
    )


def nobody(exchange: Exchange) -> Identity:
    """The generation as it is known before any endpoint serves it."""
    request = exchange.request
    model = (request.model if request is not None else None) or ""
    completion = request is not None and request.is_completion
    return Identity(exchange.id, model, "", int(exchange.created), is_completion=completion, request=request)
