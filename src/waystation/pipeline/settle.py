"""The last step, exactly once for every exchange, whether it succeeded, failed or was abandoned: its record and metrics.

Charging happens here and nowhere else. The record is in the journal before the answer's last bytes leave.
"""

import time
from typing import Final

import msgspec
from msgspec import Raw, Struct

from waystation.credits.cost import Tariffs, is_insured
from waystation.credits.lease import Reservation
from waystation.errors import ProviderError
from waystation.exchange import Attempt, Exchange
from waystation.generations.log import GenerationLog
from waystation.generations.record import NO_PRICING, NO_ROUTE, ApiType, GenerationRecord, ProviderResponse
from waystation.operations.chat import ChatRequest
from waystation.operations.parts import Audio, Image, JsonObject, Text, Video
from waystation.pipeline.content import ContentKeeper
from waystation.pipeline.observe import Observer
from waystation.routing.kept import keep
from waystation.routing.plan import Plan
from waystation.routing.slug import router_of
from waystation.telemetry.logging import ExchangeLine, ExchangeLog, timestamp
from waystation.telemetry.metrics import Metrics

_encode = msgspec.json.Encoder().encode
_API_TYPES: Final[dict[str, ApiType]] = {"embeddings": "embeddings", "rerank": "rerank"}
LONGEST_NAME = 256
"""Characters of a model's or a user's name that a record keeps: clients choose them."""
MOST_TRACE_BYTES = 16 * 1024
"""Of a trace as JSON: a longer one is left out of the record, which says so."""
UNREAD: Final = ChatRequest("", None, ())
"""In place of a request that was none."""
UNCOUNTED = 256
"""Settled exchanges that may wait to be counted."""


class Settled(Struct, frozen=True, gc=False):
    """What is still to be said of a settled exchange, in seconds since it began; `first_content` None: it had none."""

    record: GenerationRecord
    created: float
    first_content: float | None
    ended: float


class Settlement:
    """Turns a finished exchange into what lasts: its record at once; metrics and log lines a little later, many together."""

    def __init__(
        self,
        generations: GenerationLog,
        metrics: Metrics,
        lines: ExchangeLog,
        tariffs: Tariffs,
        observer: Observer,
        *,
        contents: ContentKeeper | None = None,
    ) -> None:
        self._contents = contents
        self._generations = generations
        self._metrics = metrics
        self._lines = lines
        self._tariffs = tariffs
        self._observer = observer
        self._uncounted: list[Settled] = []

    def settle(self, exchange: Exchange) -> None:
        """Record what came of an exchange; a second call does nothing."""
        if exchange.settled:
            return
        exchange.settled = True
        exchange.ended = ended = time.monotonic()
        reservation = exchange.reservation
        if reservation is None:
            record = self._record(exchange, ended)
            self._generations.append(record)
        else:
            record = self._settled_with(reservation, exchange, ended)
        self._observer.settled(exchange, ended)
        if self._contents is not None:
            self._contents.keep(exchange)
        first = exchange.first_content
        started = exchange.started
        self._uncounted.append(
            Settled(record, exchange.created, None if first is None else first - started, ended - started)
        )
        if len(self._uncounted) >= UNCOUNTED:
            self.report()

    def _settled_with(self, reservation: Reservation, exchange: Exchange, ended: float) -> GenerationRecord:
        """The record, and its charge taken from what was held for it; all of that is free again where there is no record."""
        charge, byok = 0, 0
        try:
            record = self._record(exchange, ended)
            self._generations.append(record)
            charge, byok = record.charged, record.byok
            return record
        finally:
            reservation.settle(charge, byok)

    def report(self) -> None:
        """Count what was settled, and say it in the log: called now and then, before metrics are read, and at the end."""
        settled, self._uncounted = self._uncounted, []
        for one in settled:
            self._count(one)
        if self._lines.on:
            for one in settled:
                self._lines.write(_line(one.created, one.record))
        self._lines.flush()

    def _record(self, exchange: Exchange, ended: float) -> GenerationRecord:
        request, endpoint, app = exchange.request or UNREAD, exchange.endpoint, exchange.app
        asked = (request.model or next(iter(request.models), ""))[:LONGEST_NAME]
        model, provider, tag, pricing = asked, None, None, NO_PRICING
        error, finish = exchange.error, exchange.finish_reason
        usage, cost, discount = exchange.usage, exchange.cost, None
        if error is not None and usage is not None and not exchange.cancelled:
            finish = "error"
        if endpoint is not None:
            model, provider, tag = endpoint.model_id, endpoint.provider, endpoint.tag
            tariff = self._tariffs.of(endpoint.pricing)
            pricing = tariff.snapshot
            if usage is not None:
                discount = tariff.cache_discount(usage, exchange.created)
                if is_insured(usage, finish):
                    cost = tariff.insured(usage, exchange.created)
        media, sounds = _media(request)
        user, trace = request.user, request.trace
        if trace is not None:
            trace = _kept(trace, exchange)
        account, attempts, began, first = (
            exchange.account,
            exchange.attempts,
            exchange.started,
            exchange.first_content,
        )
        # By position, in the order of the struct: looking up 43 names would take longer than all the rest.
        return GenerationRecord(
            exchange.id,
            int(exchange.created * 1000),
            account.key_hash,
            model,
            asked,
            exchange.dialect,
            _API_TYPES.get(exchange.operation, "completions"),
            account.workspace_id,
            account.creator_user_id,
            None,  # request_id
            provider,
            exchange.provider_name,
            tag,
            exchange.upstream_id,
            exchange.served_tier,
            exchange.strategy,
            router_of(exchange.asked_model, exchange.strategy),
            _route(exchange.plan),
            None,  # preset_id
            (_response(attempts[0]),) if len(attempts) == 1 else tuple(map(_response, attempts)),
            tuple(exchange.dropped),
            usage,
            pricing,
            cost,
            discount,
            (finish,) if finish else (),
            (exchange.native_finish_reason,) if finish else (),
            exchange.status,
            error.error_type if error is not None else None,
            request.stream,
            exchange.cancelled,
            None if first is None else round((first - began) * 1000),
            round((ended - began) * 1000),
            None,  # moderation_latency
            app.http_referer,
            app.title,
            app.categories,
            app.user_agent,
            user[:LONGEST_NAME] if user else user,
            request.session_id or app.session_id,
            request.metadata,
            trace,
            media,
            exchange.images if usage is not None else None,
            sounds,
            exchange.sources if usage is not None else None,
        )

    def _count(self, settled: Settled) -> None:
        record = settled.record
        provider = record.provider or ""
        tally = self._metrics.tally(record.model if provider else "", provider, record.status)
        tally.exchanges += 1
        tally.cancelled += record.cancelled
        usage, cost = record.usage, record.cost
        if usage is not None:
            tally.prompt_tokens += usage.prompt_tokens
            tally.completion_tokens += usage.completion_tokens
        if cost is not None and cost.total:
            tally.cost += cost.total
        if provider and settled.first_content is not None:
            tally.first_content.observe(settled.first_content)
            tally.duration.observe(settled.ended)
        for attempt in record.attempts:
            self._metrics.attempts[attempt.provider, attempt.status or 0] += 1


def _kept(trace: JsonObject, exchange: Exchange) -> JsonObject | None:
    """What the caller sent to find its exchange by; None, and noted, where that is too long to be kept."""
    if len(_encode(trace)) <= MOST_TRACE_BYTES:
        return trace
    exchange.dropped.append("trace")
    return None


def _media(request: ChatRequest) -> tuple[int | None, int | None]:
    """Images and videos, and sounds, of the prompt; None where it could not be read."""
    if request is UNREAD:
        return None, None
    images = sounds = 0
    for message in request.messages:
        for part in message.parts:
            kind = type(part)
            if kind is Text:
                continue
            images += kind is Image or kind is Video
            sounds += kind is Audio
    return images, sounds


def _route(plan: Plan | None) -> Raw:
    """What is kept of a decision; nothing where there was none to take."""
    if plan is None or (
        len(plan.attempts) == 1
        and not plan.excluded
        and plan.sticky is None
        and plan.attempts[0].candidate.stage is None
    ):
        return NO_ROUTE
    return Raw(_encode(keep(plan)))


def _response(attempt: Attempt) -> ProviderResponse:
    ended = attempt.ended if attempt.ended is not None else attempt.started
    return ProviderResponse(
        status=attempt.status,
        provider_name=attempt.provider_name,
        provider=attempt.endpoint.provider,
        endpoint_id=attempt.endpoint.tag,
        id=attempt.upstream_id,
        latency=round((ended - attempt.started) * 1000),
        model_permaslug=attempt.endpoint.model_id,
        error=attempt.error.code if isinstance(attempt.error, ProviderError) else None,
        upstream_cost=attempt.upstream_cost,
    )


def _line(created: float, record: GenerationRecord) -> ExchangeLine:
    usage = record.usage
    return ExchangeLine(
        timestamp(created),
        "info",
        "exchange",
        record.id,
        record.model,
        record.provider,
        record.status,
        record.error_type,
        record.cancelled,
        len(record.attempts),
        usage.prompt_tokens if usage is not None else None,
        usage.completion_tokens if usage is not None else None,
        record.generation_time,
    )
