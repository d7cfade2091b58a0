"""What came of the auto router's own choices, as small counters that fade: no prompt, no answer, no key.

A model of a family of tasks is taken to end well as often as `USUAL` until it has shown otherwise: what it showed is mixed
with `DOUBT` requests that ended as usual, and the difference moves its ability. So one failure moves hardly anything, and
a model that fails all the time leaves the band's best. Pure; `app.learning` reads the log.
"""

from collections.abc import Iterable, Mapping
from typing import Final, Literal

from msgspec import Struct

from waystation.operations.parts import JsonObject

HALF_LIFE: Final = 7 * 86_400.0
"""Seconds after which an ending counts half."""
USUAL: Final = 0.97
DOUBT: Final = 50.0
SLOPE: Final = 4.0
"""Logits of ability for a share of good ends: the slope of a logit at even chances."""
FORGOTTEN: Final = 0.01
"""A tally with less than this left is dropped."""


class Ending(Struct, frozen=True):
    """One answer of the model that was chosen, or one opinion of it. `at` is Unix seconds."""

    family: str
    model: str
    at: float
    kind: Literal["good", "failed", "blamed"]


class Tally(Struct, frozen=True):
    """Endings of one model in one family of tasks, each weighted by its age."""

    good: float = 0.0
    failed: float = 0.0
    blamed: float = 0.0

    @property
    def shift(self) -> float:
        """Logits by which the model's ability moves: at most 0.12 up, at most 3.88 down."""
        bad = self.failed + self.blamed
        share = (self.good + DOUBT * USUAL) / (self.good + bad + DOUBT)
        return SLOPE * (share - USUAL)

    def told(self) -> JsonObject:
        """For the metadata's stage."""
        return {
            "good": round(self.good, 2),
            "failed": round(self.failed, 2),
            "blamed": round(self.blamed, 2),
            "shift": round(self.shift, 4),
        }


class Outcomes(Struct, frozen=True):
    """Tallies by family and model, as they weigh at the moment `at` (Unix seconds)."""

    at: float = 0.0
    tallies: Mapping[tuple[str, str], Tally] = {}


UNTOLD: Final = Outcomes()


class Experience:
    """The outcomes of now: written by who reads the log, read by the router."""

    def __init__(self) -> None:
        self.outcomes = UNTOLD


def folded(outcomes: Outcomes, endings: Iterable[Ending], now: float) -> Outcomes:
    """The outcomes with these endings too, all as they weigh at `now`."""
    faded = _weight(now - outcomes.at)
    sums = {
        key: [one.good * faded, one.failed * faded, one.blamed * faded]
        for key, one in outcomes.tallies.items()
    }
    for ending in endings:
        found = sums.setdefault((ending.family, ending.model), [0.0, 0.0, 0.0])
        found[_KINDS.index(ending.kind)] += _weight(now - ending.at)
    return Outcomes(now, {key: Tally(*found) for key, found in sums.items() if sum(found) >= FORGOTTEN})


_KINDS: Final = ("good", "failed", "blamed")


def _weight(age: float) -> float:
    return float(0.5 ** (max(age, 0.0) / HALF_LIFE))
