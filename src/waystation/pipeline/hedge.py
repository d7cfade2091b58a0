"""Hedging: an endpoint that stays silent gets a competitor, and the first of the two that brings content is heard.

Off unless the operator turns it on: it buys latency with requests that are paid for and thrown away.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from copy import copy
from typing import Final, TypeVar

from msgspec.structs import replace

from waystation.pipeline.going import Going
from waystation.pipeline.watch import Watched
from waystation.routing.plan import PlannedAttempt

T = TypeVar("T")
_LEARNED: Final = (
    "endpoint",
    "asked_model",
    "provider_name",
    "strategy",
    "dropped",
    "first_content",
    "usage",
    "cost",
    "finish_reason",
    "native_finish_reason",
    "upstream_id",
    "served_tier",
    "calls",
    "images",
    "sources",
    "answered",
    "error",
)
"""Fields of an exchange that an attempt fills in. A runner has an exchange of its own until it has won."""


async def race(
    going: Going[T],
    pending: Sequence[PlannedAttempt],
    patience: float,
    ask: Callable[[Going[T], PlannedAttempt], Awaitable[T | None]],
) -> T | None:
    """What the first success brings, None where all fail. At most two run at a time; a failure makes room at once."""
    waiting = deque(pending)
    running: dict[asyncio.Task[T | None], Going[T]] = {}
    try:
        while waiting or running:
            if waiting and len(running) < 2:
                _start(going, waiting.popleft(), ask, running)
            lonely = bool(waiting) and len(running) == 1
            timeout = patience if lonely else None
            done, _ = await asyncio.wait(running, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                runner = running[task]
                result = task.result()
                del running[task]
                if result is not None:
                    for name in _LEARNED:
                        setattr(going.exchange, name, getattr(runner.exchange, name))
                    return result
        return None
    finally:
        going.watched.rivals = ()
        await _end(running)


def _start(
    going: Going[T],
    planned: PlannedAttempt,
    ask: Callable[[Going[T], PlannedAttempt], Awaitable[T | None]],
    running: "dict[asyncio.Task[T | None], Going[T]]",
) -> None:
    async def run() -> T | None:
        return await ask(runner, planned)

    task = asyncio.get_running_loop().create_task(run())
    watched = Watched(task, going.watched.caller, going.watched.deadline, listening=True)
    runner = replace(going, exchange=copy(going.exchange), watched=watched)
    running[task] = runner
    going.watched.rivals = (*going.watched.rivals, watched)


async def _end(running: "dict[asyncio.Task[T | None], Going[T]]") -> None:
    """Stop the losers. An answer that came second serves nobody, and says nothing about its endpoint."""
    for task in running:
        task.cancel()
    for runner, outcome in zip(
        running.values(), await asyncio.gather(*running, return_exceptions=True), strict=True
    ):
        if outcome is not None and not isinstance(outcome, BaseException):
            runner.discard(outcome)
            for attempt in runner.exchange.attempts:
                if attempt.endpoint is runner.exchange.endpoint:
                    attempt.served = False
