"""Which of the capable models: a band of cost, its best single model, and when to leave that one for another."""

from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from waystation.routing.auto.explore import NONE, Exploration, drawn
from waystation.routing.auto.field import Field
from waystation.routing.auto.options import TIERS, Tier
from waystation.routing.auto.priors import UNCERTAIN
from waystation.routing.auto.reading import Reading
from waystation.routing.auto.session import NEAR, NOWHERE, Option, Session, Stay, judged

LOSS: Final = 0.01
"""Chance of success that may be lost for a lower cost."""
SURER: Final = 1.0
"""Standard errors by which a gain must exceed nothing."""
CHEAPER: Final = 0.95
"""A cost counts as lower below this share."""
PICKED: Final = 3
SHOWN: Final = NEAR
JUDGED: Final = frozenset({"default", "better", "cheaper"})
"""Rules by which the router itself decided: what an operator or a conversation wants is not explored."""


class Ranked(Struct, frozen=True):
    """A model that was considered in the band: its chance of success, and its expected cost in USD."""

    model: str
    quality: float
    cost: float | None


class Choice(Struct, frozen=True):
    """Places in the field, the first to be tried first. `rule` says why that one: default, better, cheaper, ranking,
    session, pinned, only, explored; `propensity` how likely this choice was; `session` what came of a conversation's model."""

    places: tuple[int, ...]
    rule: str
    tier: Tier
    top: tuple[Ranked, ...]
    propensity: float = 1.0
    session: Session | None = None


def choose(
    field: Field,
    places: NDArray[np.int64],
    reading: Reading,
    *,
    prompt_tokens: int,
    tier: Tier,
    stay: Stay = NOWHERE,
    exploration: Exploration = NONE,
) -> Choice:
    """Choose among the models at `places`."""
    costs = field.usual_costs(reading.family)[places]
    band, tier = nearest(field.bands(reading.family)[places], tier)
    inside = places[band]
    quality, error = qualities(field, inside, reading)
    first, rule = primary(field.general[inside], quality, error, costs[band])
    order: list[int] = quality.argsort(kind="stable")[::-1].tolist()
    order.remove(first)
    order.insert(0, first)
    ranked: list[int] = inside[order].tolist()
    expected = field.costs(prompt_tokens, reading.family)[inside]
    top = tuple(_shown(field, inside, place, quality, expected) for place in order[:SHOWN])
    ranked, rule = _preferred(field, ranked, reading, rule if len(places) > 1 else "only")
    at = next((place for place in order[:SHOWN] if field.ids[inside[place]] == stay.session), first)
    session = judged(
        stay,
        [one.model for one in top],
        reading,
        Option(float(quality[at]), float(expected[at])),
        Option(float(quality[first]), float(expected[first])),
    )
    if session is not None and session.stays:
        place = int(inside[at])
        ranked.remove(place)
        ranked.insert(0, place)
        rule = "session"
    if stay.pinned is not None:
        pinned = [place for place in places.tolist() if field.ids[place] == stay.pinned]
        if pinned:
            ranked, rule = pinned + [place for place in ranked if place not in pinned], "pinned"
    propensity = 1.0
    if rule in JUDGED and stay == NOWHERE:
        other, propensity = drawn([one.quality for one in top], [one.cost for one in top], exploration)
        if other:
            ranked.insert(0, ranked.pop(other))
            rule = "explored"
    return Choice(_with_fallbacks(field, ranked, places, costs), rule, tier, top, propensity, session)


def nearest(bands: NDArray[np.int64], tier: Tier) -> tuple[NDArray[np.int64], Tier]:
    """The places whose band is the tier's; where there are none, those of the nearest band, the cheaper first."""
    wanted = TIERS.index(tier)
    places = np.flatnonzero(bands == wanted)
    if len(places):
        return places, tier
    band = min(set(bands.tolist()), key=lambda one: (abs(one - wanted), one))
    return np.flatnonzero(bands == band), TIERS[band]


def qualities(
    field: Field, places: NDArray[np.int64], reading: Reading
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The chance that each model answers well, and its standard error."""
    column = field.column(reading.family)
    ability = field.general[places] if column is None else field.abilities.ability[places, column]
    error = field.abilities.error[places, column if column is not None else 0]
    share = min(max(reading.difficulty, 0.02), 0.98)
    hardness = np.log(share / (1 - share)) - 1.0
    quality = 1 / (1 + np.exp(-(ability - hardness)))
    return quality, error * quality * (1 - quality)


def primary(
    general: NDArray[np.float64],
    quality: NDArray[np.float64],
    error: NDArray[np.float64],
    costs: NDArray[np.float64],
) -> tuple[int, str]:
    """The guard: the best single model, unless another is surely better here, or cheaper and hardly worse.

    Of a model that is known by its price alone nobody can say that it is hardly worse.
    """
    default = int(np.lexsort((costs, -general))[0])
    gains = quality - quality[default]
    surely = gains > SURER * np.sqrt(error**2 + error[default] ** 2)
    if surely.any():
        return int(np.where(surely, gains, -1).argmax()), "better"
    cheaper = (
        (gains >= -LOSS) & (costs < CHEAPER * costs[default]) & (error < UNCERTAIN * quality * (1 - quality))
    )
    if cheaper.any():
        return int(np.where(cheaper, costs, np.inf).argmin()), "cheaper"
    return default, "default"


def _preferred(field: Field, ranked: list[int], reading: Reading, rule: str) -> tuple[list[int], str]:
    """The operator's ranking of the task first."""
    ranking = field.facts.ranking.get(reading.tag) or field.facts.ranking.get(reading.family) or ()
    found = [place for name in ranking for place in ranked if field.ids[place] == name]
    if not found:
        return ranked, rule
    return found + [place for place in ranked if place not in found], "ranking"


def _with_fallbacks(
    field: Field, ranked: list[int], places: NDArray[np.int64], costs: NDArray[np.float64]
) -> tuple[int, ...]:
    """The first and two to fall back on, one of them at another provider where there is one, in the band or near it."""
    picked = ranked[:PICKED]
    home = field.providers[picked[0]]
    lonely = all(field.providers[place] <= home for place in picked)
    if len(picked) == PICKED and not lonely:
        return tuple(picked)
    seen = set(picked)
    others = [place for place in ranked if place not in seen]
    seen.update(others)
    others += [place for place in places[costs.argsort(kind="stable")].tolist() if place not in seen]
    elsewhere = next((place for place in others if not field.providers[place] <= home), None)
    if lonely and elsewhere is not None:
        picked = [*picked[: PICKED - 1], elsewhere]
    picked += [place for place in others if place not in picked][: PICKED - len(picked)]
    return tuple(picked)


def _shown(
    field: Field,
    inside: NDArray[np.int64],
    place: int,
    quality: NDArray[np.float64],
    costs: NDArray[np.float64],
) -> Ranked:
    cost = float(costs[place])
    return Ranked(
        field.ids[inside[place]],
        round(float(quality[place]), 4),
        round(cost, 8) if np.isfinite(cost) else None,
    )
