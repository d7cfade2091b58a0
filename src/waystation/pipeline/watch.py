"""One clock for all live exchanges: deadlines, clients that hang up, and comments while nothing has come yet.

A timer for each of these on each request would cost more than the request's own work, so a single tick looks at
all that are live, and stops while none is. Whatever it finds it says by cancelling the exchange's task with a reason.
"""

import asyncio
import time
from collections.abc import Callable
from enum import Enum

from msgspec import Struct

from waystation.pipeline.caller import Caller

TICK = 0.02
"""Seconds between two looks: the precision of every deadline, and of noticing that a client hung up."""


class Reason(Enum):
    """Why an exchange's task was cancelled."""

    GONE = "the client hung up"
    DEADLINE = "the exchange took too long"
    NO_CONTENT = "the attempt brought no content in time"
    SHUTDOWN = "the gateway is stopping"


class Watched(Struct, eq=False):
    """One live exchange. Times are on the monotonic clock; None means no such limit now."""

    task: "asyncio.Task[object]"
    caller: Caller
    deadline: float
    content_by: float | None = None
    speak_at: float | None = None
    speak: Callable[[], None] | None = None
    listening: bool = False
    rivals: "tuple[Watched, ...]" = ()
    """Attempts that run at the same time, each in a task of its own."""
    reason: Reason | None = None

    def cancel(self, reason: Reason) -> None:
        """Stop the exchange once; the first reason counts, but an end of the exchange more than one of its attempt's."""
        if self.reason is None:
            self.task.cancel()
        elif self.reason is not Reason.NO_CONTENT:
            return
        self.reason = reason

    def forgive(self) -> None:
        """Go on after a cancelled attempt: the exchange itself is still wanted."""
        self.reason = None
        self.content_by = None
        self.task.uncancel()


class Watch:
    """All live exchanges of this process."""

    def __init__(self) -> None:
        self._live: set[Watched] = set()
        self._handle: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._live)

    def enter(self, watched: Watched) -> None:
        """Look after this exchange from now on."""
        self._live.add(watched)
        if self._handle is None:
            self._handle = asyncio.get_running_loop().call_later(TICK, self._tick)

    def leave(self, watched: Watched) -> None:
        """The exchange is over. What it listened with and would have spoken with lets go of it, so that it is freed at once."""
        self._live.discard(watched)
        watched.speak = None
        if watched.listening:
            watched.caller.listen(_nobody)

    def cancel_all(self, reason: Reason) -> None:
        """Stop every live exchange, for the end of a drain."""
        for watched in tuple(self._live):
            watched.cancel(reason)

    def _tick(self) -> None:
        self._handle = None
        now = time.monotonic()
        for watched in tuple(self._live):
            _look(watched, now)
        if self._live:
            self._handle = asyncio.get_running_loop().call_later(TICK, self._tick)


def _nobody() -> None:
    """Who hears that a client hung up when its exchange is over."""


def _look(watched: Watched, now: float) -> None:
    if not watched.listening:
        watched.listening = True
        watched.caller.listen(lambda: watched.cancel(Reason.GONE))
    if now > watched.deadline:
        watched.cancel(Reason.DEADLINE)
    elif watched.content_by is not None and now > watched.content_by:
        watched.cancel(Reason.NO_CONTENT)
    for rival in watched.rivals:
        if rival.content_by is not None and now > rival.content_by:
            rival.cancel(Reason.NO_CONTENT)
    speak_at = watched.speak_at if watched.reason is None else None
    if speak_at is not None and watched.speak is not None and now > speak_at:
        watched.speak()
