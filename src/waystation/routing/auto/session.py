"""Whether a conversation stays at its model: while the task stays, or while the cache it would lose is worth more than the gain."""

from collections.abc import Sequence
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from waystation.operations.parts import JsonObject
from waystation.routing.auto.reading import Reading
from waystation.routing.auto.tags import OTHER

NEAR: Final = 5
"""A conversation's model must be among so many of the band's best."""
CHANGED: Final = 0.5
"""Confidence from which another family is a change of task: a guess moves no conversation."""
LOSS: Final = 0.01
MOST_LOSS: Final = 0.05
"""Chance of success that staying may cost for each time that moving costs as much as staying, and altogether."""

Reason: TypeAlias = Literal["same_task", "cache", "task_changed", "not_among_best"]


class Stay(Struct, frozen=True):
    """Where a conversation would rather stay: `pinned` whatever its band; `session` while among the band's best.

    `task` is the family of the session's last turn, "" where unknown; `cached` the USD that reading the prompt costs less
    there than it would without the provider's cache.
    """

    pinned: str | None = None
    session: str | None = None
    task: str = ""
    cached: float = 0.0


NOWHERE: Final = Stay()


class Session(Struct, frozen=True):
    """What came of a conversation's model; `last_task` and `cached` are those of its `Stay`."""

    model: str
    stays: bool
    reason: Reason
    last_task: str
    cached: float

    def told(self) -> JsonObject:
        """For metadata."""
        return {
            "model": self.model,
            "stays": self.stays,
            "reason": self.reason,
            "last_task": self.last_task or None,
            "cache_usd": self.cached,
        }


class Option(Struct, frozen=True):
    """A model's chance of success, and what this turn is expected to cost there in USD without any cache."""

    quality: float
    cost: float


def judged(stay: Stay, best: Sequence[str], reading: Reading, here: Option, there: Option) -> Session | None:
    """What comes of the session's model: `best` are the band's, `here` the session's own, `there` the one chosen afresh."""
    if stay.session is None:
        return None
    reason: Reason
    if stay.session not in best:
        reason = "not_among_best"
    elif not changed(stay.task, reading):
        reason = "same_task"
    else:
        reason = "cache" if _is_worth_staying(stay.cached, here, there) else "task_changed"
    return Session(stay.session, reason in ("same_task", "cache"), reason, stay.task, stay.cached)


def changed(task: str, reading: Reading) -> bool:
    """Whether the turn is surely of another family than the last one; "go on" is of any."""
    if task in ("", OTHER) or reading.family == OTHER or reading.brief:
        return False
    return task != reading.family and reading.confidence >= CHANGED


def _is_worth_staying(cached: float, here: Option, there: Option) -> bool:
    """Whether moving, which loses the cache, costs so much more that what staying loses in quality is outweighed."""
    staying = here.cost - cached
    if not cached or there.cost <= staying:
        return False
    allowed = min(LOSS * there.cost / staying, MOST_LOSS) if staying > 0 else MOST_LOSS
    return there.quality - here.quality <= allowed
