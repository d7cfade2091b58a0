"""What attempts say of their endpoints: failures at once, so that the next plan knows; the answer when it is over."""

from waystation.catalog.endpoint import Endpoint
from waystation.errors import CredentialRejected
from waystation.exchange import Attempt, Exchange
from waystation.operations.chat import ChatRequest
from waystation.pipeline.tool_calls import are_valid
from waystation.routing.health import Health, Outcome, Result, result_of
from waystation.routing.standing import endpoint_key
from waystation.routing.sticky import StickySessions

LEAST_TOKENS = 10
"""Answers shorter than this say nothing of an endpoint's throughput."""


class Observer:
    """Feeds what routing remembers."""

    def __init__(self, health: Health, sessions: StickySessions) -> None:
        self._health = health
        self._sessions = sessions

    def sending(self, exchange: Exchange, attempt: Attempt) -> None:
        """An attempt begins: it may be the one that finds out whether its endpoint is well again."""
        plan = exchange.plan
        if plan is not None and plan.question.health.troubled:
            now = exchange.created + attempt.started - exchange.started
            self._health.begin(endpoint_key(attempt.endpoint.model_id, attempt.endpoint.tag), now)

    def failed(self, exchange: Exchange, attempt: Attempt, *, other_keys: bool) -> None:
        """An attempt brought nothing. `other_keys`: another key of the provider's is still good."""
        result = result_of(attempt.error)
        if other_keys and isinstance(attempt.error, CredentialRejected):
            result = Result.UNCOUNTED  # says something of the key only
        self._health.observe(
            Outcome(
                attempt.endpoint.model_id,
                attempt.endpoint.tag,
                exchange.created + (attempt.ended or attempt.started) - exchange.started,
                result,
                retry_after=attempt.error.retry_after if attempt.error is not None else None,
                other_keys=other_keys,
            )
        )

    def settled(self, exchange: Exchange, ended: float) -> None:
        """An exchange is over; `ended` on the monotonic clock. Says how its answer was, and where its conversation is."""
        for attempt in exchange.attempts:
            if attempt.served:
                self._served(exchange, attempt, ended)
            elif attempt.error is None:
                self._abandoned(exchange, attempt, ended)

    def _served(self, exchange: Exchange, attempt: Attempt, ended: float) -> None:
        result = Result.UNCOUNTED if exchange.cancelled else result_of(exchange.error)
        if exchange.finish_reason == "error":
            result = Result.FAILURE
        request, now = exchange.request, exchange.created + ended - exchange.started
        model_id, tag = attempt.endpoint.model_id, attempt.endpoint.tag
        if result is not Result.SUCCESS or request is None:
            self._health.observe(Outcome(model_id, tag, now, result))
            return
        self._remember(exchange, request, attempt.endpoint, now)
        self._health.observe(
            Outcome(
                model_id,
                tag,
                now,
                result,
                _latency(exchange, attempt) if request.stream else None,
                _throughput(exchange, attempt, ended),
                bool(request.tools),
                are_valid(exchange.calls, request.tools) if exchange.calls else None,
            )
        )

    def _remember(self, exchange: Exchange, request: ChatRequest, served: Endpoint, now: float) -> None:
        """The conversation is at this endpoint. Only chats are conversations (contract section 9)."""
        if exchange.usage is not None and exchange.operation == "chat":
            self._sessions.remember(
                exchange.account.key_hash,
                request,
                exchange.app.session_id,
                asked_model=exchange.asked_model,
                served=served,
                usage=exchange.usage,
                now=now,
                task=_task(exchange),
            )

    def _abandoned(self, exchange: Exchange, attempt: Attempt, ended: float) -> None:
        """Nobody waited for what would have come of it."""
        now = exchange.created + ended - exchange.started
        endpoint = attempt.endpoint
        self._health.observe(Outcome(endpoint.model_id, endpoint.tag, now, Result.UNCOUNTED))


def _task(exchange: Exchange) -> str:
    """What the router took the request for; all that it chose are for the same."""
    if exchange.plan is None:
        return ""
    candidates = exchange.plan.question.candidates
    return next((one.task for one in candidates if one.asked_model == exchange.asked_model), "")


def _latency(exchange: Exchange, attempt: Attempt) -> float | None:
    """Seconds until the first token; an answer that came whole does not tell."""
    first = exchange.first_content
    return None if first is None else first - attempt.started


def _throughput(exchange: Exchange, attempt: Attempt, ended: float) -> float | None:
    """Output tokens a second until the last of them came from the provider, however slow the client was to take them.

    From the first one on; of the whole attempt where some were thought before it, or all came at once.
    """
    usage, first, request = exchange.usage, exchange.first_content, exchange.request
    if usage is None or first is None or request is None or usage.completion_tokens < LEAST_TOKENS:
        return None
    last = exchange.arrived if request.stream else ended
    if last is None:
        return None
    whole = not request.stream or usage.reasoning_tokens > 0 or last <= first
    seconds = last - (attempt.started if whole else first)
    return usage.completion_tokens / seconds if seconds > 0 else None
