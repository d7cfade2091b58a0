"""Would another choice have done better? Judged from what was logged, before a change ships.

Each logged choice is made again by today's facts from the reading that was kept; no prompt is needed or stored. Where
both agree, the outcome is known; where they differ, what the facts predict stands for it. `doubly robust` joins both:
the prediction everywhere, corrected by the outcomes where the logged choice is the new one, weighted by how likely the
log was to hold it (Dudik, Langford, Li 2011).
"""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from waystation.operations.parts import JsonObject
from waystation.routing.auto.choose import choose, qualities
from waystation.routing.auto.field import Field
from waystation.routing.auto.options import TIERS, Tier
from waystation.routing.auto.reading import Reading
from waystation.routing.auto.tags import FAMILY

RESAMPLES = 400
OTHERS_DECIDED = frozenset({"session", "pinned"})
"""What a conversation decided says nothing of the router's choices, and its propensity is not the router's."""


class Logged(Struct, frozen=True):
    """One routed request: the reading, the tier, the model that was chosen, how likely it was to be, and what came of it.

    `outcome` is 1.0 for a good end, 0.0 for a bad one; `cost` USD, None where unknown.
    """

    reading: Reading
    tier: Tier
    model: str
    outcome: float
    prompt_tokens: int = 1_000
    cost: float | None = None
    propensity: float = 1.0


class Estimate(Struct, frozen=True):
    """A value with its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


class Judgement(Struct, frozen=True):
    """What the log says. `matched` is the share of choices that would be the same."""

    records: int
    matched: float
    logged: Estimate
    inverse_propensity: Estimate
    doubly_robust: Estimate


def logged_from(
    data: JsonObject, model: str, *, outcome: float, prompt_tokens: int, cost: float | None
) -> Logged | None:
    """A logged choice from the stage that was kept with a generation; None where it holds no reading, or no choice."""
    tag, difficulty, tier = data.get("task_type"), data.get("difficulty"), data.get("cost_tier")
    confidence, propensity = data.get("confidence"), data.get("propensity", 1.0)
    if data.get("decided_by") in OTHERS_DECIDED:
        return None
    if not isinstance(tag, str) or not isinstance(difficulty, int | float) or tier not in TIERS:
        return None
    if not isinstance(confidence, int | float) or not isinstance(propensity, int | float) or propensity <= 0:
        return None
    reading = Reading(tag, FAMILY.get(tag, tag), float(confidence), float(difficulty), 0.0)
    known = next(one for one in TIERS if one == tier)
    return Logged(reading, known, model, outcome, prompt_tokens, cost, float(propensity))


def judge(log: Sequence[Logged], field: Field) -> Judgement:
    """Judge the choices that `field`'s facts would make now."""
    rows = np.array([_row(one, field) for one in log])
    outcomes, matches, ratios, predicted_new, predicted_logged = rows.T
    return Judgement(
        len(log),
        float(matches.mean()),
        _estimate(outcomes),
        _weighted(outcomes, matches * ratios),
        _estimate(predicted_new + matches * ratios * (outcomes - predicted_logged)),
    )


def _row(one: Logged, field: Field) -> tuple[float, float, float, float, float]:
    places = np.arange(len(field.models))
    first = choose(field, places, one.reading, prompt_tokens=one.prompt_tokens, tier=one.tier).places[0]
    quality, _ = qualities(field, places, one.reading)
    at = field.ids.index(one.model) if one.model in field.ids else None
    predicted = float(quality[at]) if at is not None else 0.0
    return one.outcome, float(first == at), 1 / one.propensity, float(quality[first]), predicted


def _estimate(values: NDArray[np.float64]) -> Estimate:
    chance = np.random.RandomState(1)
    means = [values[chance.randint(0, len(values), len(values))].mean() for _ in range(RESAMPLES)]
    low, high = np.percentile(means, [2.5, 97.5])
    return Estimate(float(values.mean()), float(low), float(high))


def _weighted(values: NDArray[np.float64], weights: NDArray[np.float64]) -> Estimate:
    """The self-normalised mean; not a number where no choice is the same."""
    chance = np.random.RandomState(1)
    means = []
    for _ in range(RESAMPLES):
        drawn = chance.randint(0, len(values), len(values))
        total = weights[drawn].sum()
        if total:
            means.append(float((values[drawn] * weights[drawn]).sum() / total))
    if not means:
        return Estimate(float("nan"), float("nan"), float("nan"))
    low, high = np.percentile(means, [2.5, 97.5])
    return Estimate(float((values * weights).sum() / weights.sum()), float(low), float(high))
