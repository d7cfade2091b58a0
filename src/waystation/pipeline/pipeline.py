"""A request's journey on one screen. Accepting and identifying are `api`'s; the rest happens here, in this order:

parse      dialect.parse_request(body) -> ChatRequest
plan       routing.select -> the attempts to make, in order
reserve    the most that the request may cost, where a limit or a balance bounds its key
dispatch   each attempt whose model's rate limit has room, until one brings content
relay      its answer to the client, whole or as it is made
settle     once, in `finally`: usage, cost, record, metrics
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from msgspec.structs import replace

from waystation.accounts.limits import Limits
from waystation.codec.dialect import Dialect
from waystation.codec.error_envelope import error_headers
from waystation.errors import DeadlineExceeded, GatewayError, InternalError, Unavailable
from waystation.exchange import Exchange
from waystation.operations.chat import ChatRequest, ChatResult, Choice
from waystation.operations.chat_events import StreamError
from waystation.pipeline.answer import JSON, Answer, nobody
from waystation.pipeline.caller import Caller
from waystation.pipeline.operations import Operation
from waystation.pipeline.planner import Planner
from waystation.pipeline.relay import EVENT_STREAM
from waystation.pipeline.reserve import Reserve
from waystation.pipeline.router_metadata import RouterMetadata
from waystation.pipeline.serving import Serving
from waystation.pipeline.settle import Settlement
from waystation.pipeline.watch import Reason, Watch, Watched
from waystation.routing.plan import Plan
from waystation.routing.unavailable import unavailable

log = logging.getLogger(__name__)
Work = Callable[[Serving], Awaitable[None]]
Asked = TypeVar("Asked")
CLIENT_CLOSED = 499
"""What a record says of a client that hung up before any answer: no status of HTTP's own fits."""


class Pipeline:
    """Serves exchanges. One for the process."""

    def __init__(
        self,
        planner: Planner,
        answer: Answer,
        settlement: Settlement,
        watch: Watch,
        *,
        router_metadata: RouterMetadata,
        request_timeout: float,
        reserve: Reserve,
        docs_root: str,
        limits: Limits | None = None,
    ) -> None:
        self.planner = planner
        self._answer = answer
        self._settlement = settlement
        self._watch = watch
        self._router_metadata = router_metadata
        self._request_timeout = request_timeout
        self._reserve = reserve
        self.docs_root = docs_root
        self._limits = limits

    def serve(
        self, exchange: Exchange, dialect: Dialect, path: str, body: bytes, caller: Caller
    ) -> Awaitable[None]:
        """Answer one request for chat, whatever happens, and settle it exactly once."""

        async def work(serving: Serving) -> None:
            request = _parsed(exchange, dialect, path, body)
            plan = self._plan(exchange, request, len(body))
            if self._reserve.guards(exchange.account):
                await self._reserve(exchange, request, plan)
            answered = self._answer.streamed if request.stream else self._answer.whole
            await answered(serving, request, plan)

        return self._settled(exchange, dialect, caller, work)

    def serve_operation(
        self, exchange: Exchange, operation: Operation[Asked], errors: Dialect, body: bytes, caller: Caller
    ) -> Awaitable[None]:
        """The same of an operation that is asked and answered whole; `errors`: the wire that its errors are said in."""

        async def work(serving: Serving) -> None:
            asked = operation.parse_request(body)
            request = operation.as_chat(asked)
            plan = self._plan(exchange, request, len(body))
            if self._reserve.guards(exchange.account):
                await self._reserve(exchange, request, plan)
            await operation.answer(serving, asked, plan)

        return self._settled(exchange, errors, caller, work)

    async def _settled(self, exchange: Exchange, dialect: Dialect, caller: Caller, work: Work) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("an exchange is served in a task")
        watched = Watched(task, caller, exchange.started + self._request_timeout)
        serving = Serving(exchange, dialect, caller, watched, self._router_metadata)
        self._watch.enter(watched)
        try:
            try:
                await work(serving)
            except asyncio.CancelledError:
                if watched.reason is None:
                    raise
                task.uncancel()
                await _stop(serving, watched.reason)
            except GatewayError as error:
                error.link_docs(self.docs_root)
                await _refuse(serving, error)
            except Exception:
                log.exception("unexpected failure", extra={"generation": exchange.id})
                await _refuse(serving, InternalError("Internal error"))
        finally:
            self._watch.leave(watched)
            self._settlement.settle(exchange)
            self._count_tokens(exchange)

    def _count_tokens(self, exchange: Exchange) -> None:
        """What was used, against the limits of who used it and of what served it."""
        limits, usage, endpoint = self._limits, exchange.usage, exchange.endpoint
        if limits is not None and limits.on_tokens and usage is not None and endpoint is not None:
            tokens = usage.prompt_tokens + usage.completion_tokens
            limits.spend(exchange.account, endpoint.model_id, tokens)

    def _plan(self, exchange: Exchange, request: ChatRequest, body_bytes: int) -> Plan:
        exchange.request = request
        plan = exchange.plan = self.planner.decide(exchange, request, body_bytes)
        if not plan.attempts:
            raise unavailable(plan.question, plan.excluded)
        exchange.strategy = plan.attempts[0].candidate.strategy
        return plan


def _parsed(exchange: Exchange, dialect: Dialect, path: str, body: bytes) -> ChatRequest:
    request = dialect.parse_request(body, path)
    return replace(request, betas=exchange.betas) if exchange.betas else request


async def _stop(serving: Serving, reason: Reason) -> None:
    if reason is Reason.GONE:
        serving.exchange.cancelled = True
        serving.exchange.status = serving.exchange.status or CLIENT_CLOSED
        await serving.delivery.abandon()
    elif reason is Reason.SHUTDOWN:
        await _refuse(serving, Unavailable("The gateway is shutting down.", retry_after=1))
    else:
        # a client that would not take its answer left it: it is charged for what was made, like one that hung up
        serving.exchange.cancelled = serving.caller.started and serving.caller.full
        await _refuse(serving, DeadlineExceeded("The request took longer than the gateway allows."))


async def _refuse(serving: Serving, error: GatewayError) -> None:
    """Say an error in the caller's dialect: as an answer of its own, or as the end of a stream that has begun."""
    exchange, caller, dialect = serving.exchange, serving.caller, serving.dialect
    exchange.error = error
    if caller.started or serving.delivery.speaking:
        exchange.status = 200
        renderer = dialect.stream_renderer(nobody(exchange))
        renderer.metadata = serving.metadata
        meter = serving.meter
        end = meter.broken_off(error) if meter is not None else StreamError(error)
        await serving.delivery.fail(renderer, end)
        return
    if error.error_type in dialect.told_in_answers:
        _answer_with(serving, error)
        return
    exchange.status = error.status
    named = [*serving.headers, *error_headers(error)]
    caller.reply(error.status, JSON, named, dialect.render_error(error, exchange.id, serving.metadata))


def _answer_with(serving: Serving, error: GatewayError) -> None:
    """Say an error in an answer, where the caller's wire has it there (contract section 2.7)."""
    exchange, dialect, known = serving.exchange, serving.dialect, nobody(serving.exchange)
    exchange.status = 200
    if exchange.request is not None and exchange.request.stream:
        renderer = dialect.stream_renderer(known)
        renderer.metadata = serving.metadata
        said = renderer.feed([StreamError(error)]) + renderer.close()
        serving.caller.reply(200, EVENT_STREAM, serving.headers, said)
        return
    result = ChatResult(dialect.name, None, None, None, (Choice(0, (), "error", error=error),))
    said = dialect.render_response(result, known, None, serving.metadata)
    serving.caller.reply(200, JSON, serving.headers, said)
