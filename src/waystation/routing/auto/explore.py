"""Bounded exploration: now and then another model that is hardly worse, so that the log can tell what else would have done.

A share of the choices, an operator's setting and none by default, is drawn among the models beside the one chosen: of the
same band, with a chance of success and a cost near its own. The propensity, how likely the draw was to end as it did, is
what `waystation auto evaluate` weighs outcomes by.
"""

from collections.abc import Sequence
from math import exp
from typing import Final

from msgspec import Struct

from waystation.routing.draw import exponential

GAP: Final = 0.03
"""Predicted chance of success that an explored request may lose."""
DEARER: Final = 1.25
"""Times the expected cost of the model chosen that an explored one may cost."""
_SALT: Final = 0x6175746F
"""Sets this draw apart from those of endpoints, which have the same seed."""


class Exploration(Struct, frozen=True):
    """`share` is from 0 to 0.2 (`routing.auto_explore`); equal seeds draw alike."""

    share: float = 0.0
    seed: int = 0


NONE: Final = Exploration()


def drawn(
    qualities: Sequence[float], costs: Sequence[float | None], exploration: Exploration
) -> tuple[int, float]:
    """The place to serve from, and its propensity. Place 0 is the choice, the others the best of its band.

    A model of unknown cost (None) is not explored.
    """
    share = exploration.share
    others = _near(qualities, costs) if share > 0 else []
    if not others:
        return 0, 1.0
    lot = exp(-exponential(exploration.seed, _SALT))  # uniform between 0 and 1
    if lot >= share:
        return 0, 1.0 - share
    return others[min(int(lot / share * len(others)), len(others) - 1)], share / len(others)


def _near(qualities: Sequence[float], costs: Sequence[float | None]) -> list[int]:
    """The places whose utility is near the choice's."""
    highest = costs[0] if costs else None
    if highest is None:
        return []
    return [
        place
        for place in range(1, len(qualities))
        if qualities[place] >= qualities[0] - GAP
        and (cost := costs[place]) is not None
        and cost <= DEARER * highest
    ]
