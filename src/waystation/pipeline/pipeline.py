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

from msgspec.structs import replace

from waystation.codec.dialect import Dialect
from waystation.codec.estimate import estimate_prompt_tokens
from waystation.errors import DeadlineExceeded, GatewayError, InternalError, Unavailable
from waystation.exchange import Exchange
from waystation.operations.chat import ChatRequest
from waystation.operations.chat_events import StreamError
from waystation.pipeline.answer import JSON, Answer, nobody
from waystation.pipeline.caller import Caller
from waystation.pipeline.serving import Serving
from waystation.pipeline.settle import Settlement
from waystation.pipeline.watch import Reason, Watch, Watched
from waystation.routing.offers import Offers
from waystation.routing.plan import Plan
from waystation.routing.prompt import PromptSize
from waystation.routing.routers import Asking
from waystation.routing.select import select
from waystation.routing.slug import resolve

log = logging.getLogger(__name__)
CLIENT_CLOSED = 499
"""What a record says of a client that hung up before any answer: no status of HTTP's own fits."""


class Pipeline:
    """Serves exchanges. One for the process; `offers` is swapped when the catalogue changes."""

    def __init__(
        self,
        offers: Offers,
        answer: Answer,
        settlement: Settlement,
        watch: Watch,
        request_timeout: float,
        *,
        docs_root: str,
    ) -> None:
        self.offers = offers
        self._answer = answer
        self._settlement = settlement
        self._watch = watch
        self._request_timeout = request_timeout
        self._docs_root = docs_root
        self._random = Random()  # noqa: S311 - draws endpoints, not secrets

    async def serve(
        self, exchange: Exchange, dialect: Dialect, path: str, body: bytes, caller: Caller
    ) -> None:
        """Answer one request, whatever happens, and settle it exactly once."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("an exchange is served in a task")
        watched = Watched(task, caller, exchange.started + self._request_timeout)
        serving = Serving(exchange, dialect, caller, watched)
        self._watch.enter(watched)
        try:
            try:
                request = exchange.request = dialect.parse_request(body, path)
                plan = self._plan(exchange, request, len(body))
                if request.stream:
                    await self._answer.streamed(serving, request, plan)
                else:
                    await self._answer.whole(serving, request, plan)
            except asyncio.CancelledError:
                if watched.reason is None:
                    raise
                task.uncancel()
                await _stop(serving, watched.reason)
            except GatewayError as error:
                if error.availability is not None:
                    error.availability = replace(error.availability, docs_root=self._docs_root)
                await _refuse(serving, error)
            except Exception:
                log.exception("unexpected failure", extra={"generation": exchange.id})
                await _refuse(serving, InternalError("Internal error"))
        finally:
            self._watch.leave(watched)
            self._settlement.settle(exchange)

    def _plan(self, exchange: Exchange, request: ChatRequest, body_bytes: int) -> Plan:
        offers = self.offers
        prompt = PromptSize(body_bytes, lambda: estimate_prompt_tokens(request))
        asking = Asking(request, prompt, offers, self._random.getrandbits(64), exchange.created)
        plan = select(asking.question(resolve(asking)))
        exchange.strategy = plan.attempts[0].candidate.strategy
        return plan


async def _stop(serving: Serving, reason: Reason) -> None:
    if reason is Reason.GONE:
        serving.exchange.cancelled = True
        serving.exchange.status = serving.exchange.status or CLIENT_CLOSED
        await serving.delivery.abandon()
    elif reason is Reason.SHUTDOWN:
        await _refuse(serving, Unavailable("The gateway is shutting down.", retry_after=1))
    else:
        await _refuse(serving, DeadlineExceeded("The request took longer than the gateway allows."))


async def _refuse(serving: Serving, error: GatewayError) -> None:
    """Say an error in the caller's dialect: as an answer of its own, or as the end of a stream that has begun."""
    exchange, caller, dialect = serving.exchange, serving.caller, serving.dialect
    exchange.error = error
    if caller.started or serving.delivery.speaking:
        exchange.status = 200
        await serving.delivery.fail(dialect.stream_renderer(nobody(exchange)), StreamError(error))
        return
    exchange.status = error.status
    named = list(serving.headers)
    if error.retry_after is not None:
        named.append((b"retry-after", str(error.retry_after).encode()))
    caller.reply(error.status, JSON, named, dialect.render_error(error, exchange.id, None))
