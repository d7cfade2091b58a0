"""How full each limit is: one number for each subject, the moment when it will be empty again (GCRA).

A request moves that moment on by its share of the period, and is let in where it stays within one period from now. So
a limit of 60 a minute lets 60 through at once, then one each second; nobody gains by waiting for a window to begin, and
what is refused costs nothing. Costs, periods and moments are seconds.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

KEPT = 100_000
"""Subjects that are remembered before those that are empty are forgotten."""
LONGEST = 86_400.0
"""The longest period: what was empty so long ago is empty for everybody."""
_ROUNDING = 1e-3
"""Of one unit: what additions of binary fractions may be off."""


class Demand(NamedTuple):
    """What one limit has to say about a request: it must have room for `ask`, and then holds `cost` more."""

    subject: str
    ask: float
    cost: float
    period: float
    now: float

    def wait(self, empty_at: float) -> float:
        """Seconds until there is room; none or less where there is."""
        return self._moment(empty_at) + self.ask - self.now - self.period - self.ask * _ROUNDING

    def after(self, empty_at: float) -> float:
        """When it will be empty with this request in it."""
        return self._moment(empty_at) + self.cost

    def _moment(self, empty_at: float) -> float:
        """When it will be empty without it. What is taken ahead of time (not tokens, which are counted afterwards) never
        fills more than a period, so a moment far beyond is of before the clock was set back, and says nothing.
        """
        is_sane = not self.cost or empty_at <= self.now + 2 * self.period
        return max(empty_at if is_sane else 0.0, self.now)


class Refused(NamedTuple):
    """The limit that had no room, and the seconds until it has."""

    demand: Demand
    wait: float


class Buckets(Protocol):
    """Where the moments are. Nothing here waits: a store on another machine hands out shares ahead of time."""

    def take(self, demands: Sequence[Demand]) -> Refused | None:
        """All of them or none: the first that has no room, or None where the request is let in."""
        ...

    def spend(self, subject: str, cost: float, now: float) -> None:
        """Count what was used, room or no room: later requests wait for it."""
        ...

    def empty_at(self, subject: str) -> float:
        """When the subject's limit will be empty again; any moment of the past where it is."""
        ...


class MemoryBuckets:
    """The moments of one process."""

    def __init__(self) -> None:
        self._moments: dict[str, float] = {}

    def take(self, demands: Sequence[Demand]) -> Refused | None:
        """All of them or none."""
        moments = self._moments
        for demand in demands:
            wait = demand.wait(moments.get(demand.subject, 0.0))
            if wait > 0:
                return Refused(demand, wait)
        for demand in demands:
            moments[demand.subject] = demand.after(moments.get(demand.subject, 0.0))
        if len(moments) > KEPT:
            self._forget(demands[0].now)
        return None

    def spend(self, subject: str, cost: float, now: float) -> None:
        """Count what was used."""
        self._moments[subject] = max(self._moments.get(subject, 0.0), now) + cost

    def empty_at(self, subject: str) -> float:
        """When the subject's limit will be empty again."""
        return self._moments.get(subject, 0.0)

    def _forget(self, now: float) -> None:
        self._moments = {name: at for name, at in self._moments.items() if at > now - LONGEST}
