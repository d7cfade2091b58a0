"""What going through a plan needs to know: for whom, under whose eyes, and how one endpoint is called."""

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from msgspec import Struct, field

from waystation.errors import TooManyRequests
from waystation.exchange import Attempt, Exchange
from waystation.pipeline.watch import Watched
from waystation.routing.plan import PlannedAttempt

T = TypeVar("T")


class Going(Struct, Generic[T], eq=False):
    """One exchange on its way through a plan.

    `attempt_one` calls one endpoint and gives what it brings once that is content; a `ProviderError`, `InvalidRequest`
    or `InternalError` otherwise. `discard` closes what a second success brings, where two endpoints were asked at the
    same time. `whole`: the answer is asked at once, so that nothing comes until all of it is made. `refused`: models that will not take the request, so that their other endpoints need not be asked.
    `let_in`: models whose rate limit it has been counted under; `over_limit`: what those said that had no room.
    """

    exchange: Exchange
    watched: Watched
    attempt_one: Callable[[Exchange, PlannedAttempt, Attempt], Awaitable[T]]
    discard: Callable[[T], None]
    whole: bool
    refused: set[str] = field(default_factory=set)
    let_in: set[str] = field(default_factory=set)
    over_limit: list[TooManyRequests] = field(default_factory=list)
