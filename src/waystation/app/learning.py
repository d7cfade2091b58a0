"""Beside the requests: what came of the auto router's choices is read from the log and handed to the router, now and then."""

import time
from collections.abc import Callable
from typing import Final

from waystation.app.chores import repeat
from waystation.routing.auto.outcomes import HALF_LIFE, Ending, Experience, folded
from waystation.routing.auto.tags import FAMILIES, FAMILY
from waystation.storage.routed import Routed, SqlRouted

INTERVAL: Final = 600.0
"""Seconds between two looks at the log."""
REACH: Final = int(4 * HALF_LIFE)
"""Seconds of the log that the first look goes back."""
GOOD: Final = frozenset({"stop", "tool_calls"})


class Learning:
    """Each ending is counted once at the most: only what began at least `lag` seconds ago is looked at, when it is over and written."""

    def __init__(
        self, routed: SqlRouted, experience: Experience, lag: float, clock: Callable[[], float] = time.time
    ) -> None:
        self._routed = routed
        self._experience = experience
        self._lag = lag
        self._clock = clock
        self._read_until: int | None = None

    async def learn_forever(self) -> None:
        """Look at the log now and then."""
        await repeat("learning of the auto router's choices", self.learn, INTERVAL)

    async def learn(self) -> None:
        """Count what has ended since the last look; what could not be read (`Unavailable`) is read the next time."""
        now = self._clock()
        end = int(now - self._lag)
        start = self._read_until if self._read_until is not None else end - REACH
        if end <= start:
            return
        outcomes = self._experience.outcomes
        async for batch in self._routed.began(start, end):
            outcomes = folded(outcomes, [one for each in batch if (one := ending_of(each))], now)
        async for batch in self._routed.blamed(start, end):
            outcomes = folded(outcomes, [one for each in batch if (one := blame_of(each))], now)
        self._experience.outcomes = folded(outcomes, (), now)
        self._read_until = end


def ending_of(routed: Routed) -> Ending | None:
    """How the chosen model's answer ended; None where that says nothing of the model.

    It failed where its answer broke off or another model had to answer. What the client cut off, limited or sent wrongly,
    and what was filtered, is no failure of the model's.
    """
    chosen = _chosen(routed)
    if chosen is None or routed.cancelled or not routed.attempts:
        return None
    at = routed.created_at / 1000
    if routed.status >= 500 or "error" in routed.finish_reasons or _is_replaced(routed, chosen[1]):
        return Ending(*chosen, at, "failed")
    if routed.finish_reasons and GOOD.issuperset(routed.finish_reasons):
        return Ending(*chosen, at, "good")
    return None


def blame_of(routed: Routed) -> Ending | None:
    """What a complaint says of the chosen model; nothing where another model wrote the answer."""
    chosen = _chosen(routed)
    if chosen is None or _is_replaced(routed, chosen[1]):
        return None
    return Ending(*chosen, routed.created_at / 1000, "blamed")


def _chosen(routed: Routed) -> tuple[str, str] | None:
    """The family of the task and the model that was chosen; None where the family is unknown, or the model was not asked
    first, because its endpoints were in trouble.
    """
    plan = routed.route
    if plan is None or not plan.rows:
        return None
    first = plan.rows[0]
    stage = next((one.stage for one in plan.candidates if one.model_id == first.model_id), None)
    tag = stage.data.get("task_type") if stage is not None else None
    family = FAMILY.get(tag, tag) if isinstance(tag, str) else None
    if family is None or family not in FAMILIES or first.excluded_by is not None:
        return None
    return family, first.model_id


def _is_replaced(routed: Routed, model: str) -> bool:
    return routed.status == 200 and routed.model != model
