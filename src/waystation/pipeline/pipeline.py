"""A request's journey on one screen. Accepting and identifying are `api`'s; the rest happens here, in this order:

    parse      dialect.parse_request(body) -> ChatRequest
    plan       routing.select -> the attempts to make, in order
    dispatch   each attempt, until one brings content
    relay      its answer to the client, whole or as it is made
    settle     once, in `finally`: usage, cost, record, metrics
"""

import asyncio
import logging
from random import Random

from waystation.codec.dialect import Dialect
from waystation.codec.estimate import estimate_prompt_tokens
from waystation.errors import DeadlineExceeded, GatewayError, InternalError, RequestError, Unavailable
from waystation.exchange import Exchange
from waystation.operations.chat import ChatRequest
from waystation.operations.chat_events import StreamError
from waystation.pipeline.answer import JSON, Answer, headers, nobody
from waystation.pipeline.caller import Caller
from waystation.pipeline.offers import Offers
from waystation.pipeline.relay import Delivery
from waystation.pipeline.settle import Settlement
from waystation.pipeline.watch import Reason, Watch, Watched
from waystation.routing.plan import Plan
from waystation.routing.select import select
from waystation.routing.slug import resolve

log = logging.getLogger(__name__)


class Pipeline:
    """Serves exchanges. One for the process; `offers` is swapped when the catalogue changes."""

    def __init__(
        self, offers: Offers, answer: Answer, settlement: Settlement, watch: Watch, request_timeout: float
    ) -> None:
        self.offers = offers
        self.watch = watch
        self._answer = answer
        self._settlement = settlement
        self._request_timeout = request_timeout
        self._random = Random()  # noqa: S311 - draws endpoints, not secrets

    async def serve(self, exchange: Exchange, dialect: Dialect, path: str, body: bytes, caller: Caller) -> None:
        """Answer one request, whatever happens, and settle it exactly once."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("an exchange is served in a task")
        watched = Watched(task, caller, exchange.started + self._request_timeout)
        delivery = Delivery(caller, headers(exchange))
        self.watch.enter(watched)
        try:
            try:
                await self._journey(exchange, dialect, path, body, caller, watched, delivery)
            except asyncio.CancelledError:
                if watched.reason is None:
                    raise
                task.uncancel()
                await self._stop(exchange, dialect, watched.reason, caller, delivery)
            except GatewayError as error:
                await refuse(exchange, dialect, error, caller, delivery)
            except Exception:
                log.exception("unexpected failure", extra={"generation": exchange.id})
                await refuse(exchange, dialect, InternalError("Internal error"), caller, delivery)
        finally:
            self.watch.leave(watched)
            self._settlement.settle(exchange)

    async def _journey(
        self,
        exchange: Exchange,
        dialect: Dialect,
        path: str,
        body: bytes,
        caller: Caller,
        watched: Watched,
        delivery: Delivery,
    ) -> None:
        request = exchange.request = dialect.parse_request(body, path)
        plan = self._plan(exchange, request)
        if request.stream:
            await self._answer.streamed(exchange, request, plan, dialect, watched, delivery)
        else:
            await self._answer.whole(exchange, request, plan, dialect, watched, caller)

    def _plan(self, exchange: Exchange, request: ChatRequest) -> Plan:
        offers = self.offers
        names = tuple(name for name in (request.model, *request.models) if name)
        plan = select(
            request,
            resolve(names, offers.catalog),
            estimate_prompt_tokens(request),
            offers.chat_endpoints,
            offers.order,
            offers.listed,
            self._random,
            offers.why_not,
        )
        exchange.strategy = plan.attempts[0].candidate.strategy
        return plan

    async def _stop(
        self, exchange: Exchange, dialect: Dialect, reason: Reason, caller: Caller, delivery: Delivery
    ) -> None:
        if reason is Reason.GONE:
            exchange.cancelled = True
            await delivery.abandon()
            return
        error: GatewayError
        if reason is Reason.SHUTDOWN:
            error = Unavailable("The gateway is shutting down.", retry_after=1)
        else:
            error = DeadlineExceeded("The request took longer than the gateway allows.")
        await refuse(exchange, dialect, error, caller, delivery)


async def refuse(
    exchange: Exchange, dialect: Dialect, error: GatewayError, caller: Caller, delivery: Delivery
) -> None:
    """Say an error in the caller's dialect: as an answer of its own, or as the end of a stream that has begun."""
    exchange.error = error
    exchange.status = error.status
    if caller.started or delivery.speaking:
        await delivery.fail(dialect.stream_renderer(nobody(exchange)), StreamError(error))
        return
    named = list(headers(exchange))
    if error.retry_after is not None:
        named.append((b"retry-after", str(error.retry_after).encode()))
    known = None if isinstance(error, RequestError) and exchange.request is None else exchange.id
    await caller.reply(error.status, JSON, named, dialect.render_error(error, known, None))
