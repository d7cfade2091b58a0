"""The bands of cost, and the guard that keeps a band's best model unless there is a reason."""

import numpy as np
import pytest

from waystation.routing.auto.choose import nearest, primary
from waystation.routing.auto.field import bands_of
from waystation.routing.auto.options import TIERS, Tier
from waystation.routing.auto.priors import SCORED, UNCERTAIN

GENERAL = np.array([1.0, 0.5, 0.0])
COSTS = np.array([2.0, 3.0, 1.0])


def chosen(quality: list[float], known: float = SCORED, error: float = 0.05) -> tuple[int, str]:
    likely = np.array(quality)
    spread = np.array([error, error, known * likely[2] * (1 - likely[2])])
    return primary(GENERAL, likely, spread, COSTS)


def test_the_best_in_general_is_the_default() -> None:
    assert chosen([0.7, 0.6, 0.5]) == (0, "default")


def test_a_gain_within_the_error_is_no_reason() -> None:
    assert chosen([0.70, 0.74, 0.5]) == (0, "default")
    assert chosen([0.70, 0.80, 0.5]) == (1, "better")


def test_a_cheaper_one_that_is_hardly_worse_is_taken_if_something_is_known_of_it() -> None:
    assert chosen([0.980, 0.5, 0.975], known=SCORED) == (2, "cheaper")
    assert chosen([0.980, 0.5, 0.975], known=UNCERTAIN) == (0, "default")
    assert chosen([0.980, 0.5, 0.965], known=SCORED) == (0, "default")


def test_every_model_is_in_one_band_and_a_dearer_one_is_never_in_a_lower_band() -> None:
    costs = np.array([5.0, 1.0, 9.0, 3.0, 7.0, 2.0, 8.0, 4.0, 6.0, 10.0])
    seen = [sorted(costs[nearest(bands_of(costs), tier)[0]]) for tier in TIERS]
    assert [cost for band in seen for cost in band] == sorted(costs)


@pytest.mark.parametrize(
    ("tier", "found"), [("low", "low"), ("medium", "low"), ("xhigh", "high"), ("max", "high")]
)
def test_an_empty_band_gives_way_to_the_nearest(tier: Tier, found: str) -> None:
    costs = np.array([1.0, 2.0])
    assert nearest(bands_of(costs), tier)[1] == found


def test_a_cost_that_nobody_knows_is_in_the_dearest_band() -> None:
    costs = np.array([1.0, 2.0, 3.0, 4.0, np.inf])
    assert list(nearest(bands_of(costs), "max")[0]) == [4]
