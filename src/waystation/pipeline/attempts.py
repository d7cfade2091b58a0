"""Which attempts are made: the endpoints of a plan, one after the other, until one brings content (contract 8.2, step 11).

Before another endpoint is asked, the provider's other keys are; before an endpoint is asked again, all others are.
Nothing here has reached the client yet.
"""

import asyncio
import logging
import random
import time
from collections.abc import Collection, Sequence
from typing import Final, Protocol, TypeVar

from msgspec import Struct

from waystation.accounts.limits import Limits
from waystation.errors import (
    CredentialRejected,
    GatewayError,
    InternalError,
    InvalidRequest,
    ProviderError,
    RateLimited,
    TimedOut,
    TooManyRequests,
)
from waystation.exchange import Attempt, Exchange
from waystation.pipeline.going import Going
from waystation.pipeline.hedge import race
from waystation.pipeline.observe import Observer
from waystation.pipeline.verdict import verdict
from waystation.pipeline.watch import Reason
from waystation.providers.base import Provider
from waystation.providers.registry import Registry
from waystation.routing.plan import Candidate, Plan, PlannedAttempt
from waystation.routing.slug import names_of
from waystation.upstream.client import Timeouts

log = logging.getLogger(__name__)
T = TypeVar("T")
FIRST_PAUSE: Final = 0.25
LONGEST_PAUSE: Final = 2.0
"""Seconds: what asks for more than this is for the caller to wait for."""
REFUSED_KEY_RESTS: Final = 60.0
BUSY_KEY_RESTS: Final = 10.0
"""Seconds without a key that met 401, 402 or 403, or 429 with no hint of when to come again."""


class Persistence(Struct, frozen=True):
    """How much is tried for one exchange.

    `repeats`: how often endpoints whose trouble may pass are asked again when none is left. `hedge_after`: seconds
    without content until the next endpoint is asked beside the one that is silent; 0: never. `rests_keys`: whether
    keys that were refused rest.
    """

    repeats: int = 1
    hedge_after: float = 0.0
    rests_keys: bool = True


class TimeoutsOf(Protocol):
    """The deadlines of one attempt at a provider."""

    def __call__(self, slug: str, /, *, whole: bool) -> Timeouts:
        """In seconds; `whole`: the answer is asked at once, not as a stream."""
        ...


class Attempts:
    """Goes through plans."""

    def __init__(
        self,
        registry: Registry,
        timeouts_of: TimeoutsOf,
        persistence: Persistence,
        observer: Observer,
        limits: Limits | None = None,
    ) -> None:
        self._registry = registry
        self._timeouts_of = timeouts_of
        self._persistence = persistence
        self._observer = observer
        self._limits = limits if limits is not None and limits.on_models else None

    async def first_success(self, going: Going[T], plan: Plan) -> T:
        """What the first successful attempt brings; the error that the failures add up to where none succeeds.

        `TooManyRequests` where every model is over its rate limit.
        """
        made, patience = going.exchange.attempts, self._persistence.hedge_after
        pending: Sequence[PlannedAttempt] = plan.attempts
        for repeat in range(self._persistence.repeats + 1):
            before = len(made)
            if patience and len(pending) > 1:
                result = await race(going, pending, patience, self._ask)
                if result is not None:
                    return result
            else:
                for planned in pending:
                    result = await self._ask(going, planned)
                    if result is not None:
                        return result
            failures = _repeatable(pending, made[before:], going.refused)
            pending = [planned for planned, _ in failures]
            pause = pause_before(repeat, [error for _, error in failures])
            if not pending or repeat == self._persistence.repeats or _is_final(going, pause):
                break
            await asyncio.sleep(pause)
        if not made and going.over_limit:
            raise min(going.over_limit, key=lambda error: error.reset)
        raise verdict(going.exchange.request, made)

    async def _ask(self, going: Going[T], planned: PlannedAttempt) -> T | None:
        """One endpoint, with each of its provider's keys that may help."""
        model_id = planned.candidate.model.id
        if model_id in going.refused or (
            self._limits is not None and not _is_let_in(going, model_id, self._limits)
        ):
            return None
        endpoint = planned.endpoint
        provider = self._registry.get(endpoint.provider)
        name = provider.name if provider is not None else endpoint.provider
        patience = self._timeouts_of(endpoint.provider, whole=going.whole).first_byte
        tried: list[int] = []
        while True:
            attempt = Attempt(endpoint, name, time.monotonic())
            if provider is not None:
                attempt.key = provider.key_turns.next(tried)
            self._observer.sending(going.exchange, attempt)
            result = await _call(going, planned, attempt, patience)
            if result is not None:
                return result
            another = provider is not None and self._has_another_key(provider, attempt, tried)
            self._observer.failed(going.exchange, attempt, other_keys=another)
            if not another:
                return None

    def _has_another_key(self, provider: Provider, attempt: Attempt, tried: list[int]) -> bool:
        """Whether the failure was the key's, and a key is left that is not known to fail."""
        error, turns = attempt.error, provider.key_turns
        if turns.size <= 1 or not isinstance(error, (CredentialRejected, RateLimited)):
            return False
        tried.append(attempt.key)
        if self._persistence.rests_keys:
            turns.rest(attempt.key, _rest_of(error))
        return any(one not in tried and not turns.is_resting(one) for one in range(turns.size))


def _is_let_in(going: Going[T], model_id: str, limits: Limits) -> bool:
    """Whether the model's rate limit has room for this exchange, which counts once however often the model is asked."""
    if model_id not in going.let_in:
        try:
            limits.admit_model(going.exchange.account, model_id)
        except TooManyRequests as error:
            going.refused.add(model_id)
            going.over_limit.append(error)
            return False
        going.let_in.add(model_id)
    return True


async def _call(going: Going[T], planned: PlannedAttempt, attempt: Attempt, patience: float) -> T | None:
    """One attempt; None, and the reason on it, where it fails. `patience`: seconds until content has to be there."""
    exchange, watched = going.exchange, going.watched
    exchange.attempts.append(attempt)
    watched.content_by = attempt.started + patience
    try:
        result = await going.attempt_one(exchange, planned, attempt)
    except ProviderError as error:
        attempt.error = error
        if not error.another_endpoint_may_help:
            going.refused.add(planned.candidate.model.id)
    except InvalidRequest as error:
        attempt.error = error  # this wire cannot say it; another endpoint's may
    except InternalError as error:
        attempt.error = error  # how this provider is set up; another may be set up well
        log.warning(
            "a provider could not be called",
            extra={"provider": attempt.endpoint.provider, "why": error.message},
        )
    except asyncio.CancelledError:
        if watched.reason is not Reason.NO_CONTENT:
            raise
        watched.forgive()
        attempt.error = TimedOut("The provider did not begin its answer in time.")
    else:
        exchange.endpoint = attempt.endpoint
        exchange.provider_name = attempt.provider_name
        exchange.strategy = _strategy(exchange, planned.candidate)
        exchange.asked_model = planned.candidate.asked_model
        attempt.served = True
        return result
    finally:
        watched.content_by = None
        attempt.ended = time.monotonic()
    return None


def _strategy(exchange: Exchange, candidate: Candidate) -> str:
    """How the model was found that answered: `fallback` where it is not the first that was asked for (contract 8.3)."""
    request = exchange.request
    if request is None or not request.models or candidate.asked_model == names_of(request)[0]:
        return candidate.strategy
    return "fallback"


def _rest_of(error: GatewayError) -> float:
    if isinstance(error, RateLimited):
        return error.retry_after or BUSY_KEY_RESTS
    return REFUSED_KEY_RESTS


def _repeatable(
    pending: Sequence[PlannedAttempt], made: Sequence[Attempt], refused: Collection[str]
) -> list[tuple[PlannedAttempt, ProviderError]]:
    """The endpoints whose last failure may have passed by the time they are asked again, with that failure.

    None of a model that refused the request as such: another of its endpoints has already said what they all would.
    """
    last = {(one.endpoint.model_id, one.endpoint.tag): one.error for one in made}
    failures = (
        (one, last.get((one.endpoint.model_id, one.endpoint.tag)))
        for one in pending
        if one.candidate.model.id not in refused
    )
    return [
        (one, error)
        for one, error in failures
        if isinstance(error, ProviderError) and error.may_pass and (error.retry_after or 0) <= LONGEST_PAUSE
    ]


def pause_before(repeat: int, failures: Sequence[GatewayError]) -> float:
    """Seconds before endpoints that failed like this are asked again: longer each time, never two callers in step, and
    no shorter than one of them asks for."""
    hints = [error.retry_after for error in failures if error.retry_after]
    backoff = min(FIRST_PAUSE * 2.0**repeat, LONGEST_PAUSE)
    jitter = random.uniform(0.5, 1.5)  # noqa: S311 - spreads callers, keeps no secret
    return max(backoff * jitter, min(hints, default=0))


def _is_final(going: Going[T], pause: float) -> bool:
    """Whether the caller wants no second attempt, or would not be there for it."""
    request = going.exchange.request
    wants = request.provider if request is not None else None
    if wants is not None and wants.allow_fallbacks is False:
        return True
    return time.monotonic() + pause >= going.watched.deadline
