"""The numbers of a draw are spread as they should be, whatever seeds callers choose."""

from itertools import pairwise
from math import exp
from statistics import correlation, mean

import pytest

from waystation.routing.draw import exponential

SALTS = (0, 1, 2, 0xDEADBEEF, 2**64 - 1)


@pytest.mark.parametrize("salt", SALTS)
def test_successive_seeds_draw_evenly_and_independently(salt: int) -> None:
    uniform = [exp(-exponential(seed, salt)) for seed in range(20_000)]
    assert mean(uniform) == pytest.approx(0.5, abs=0.01)
    for tenth in range(10):
        inside = sum(tenth / 10 <= value < (tenth + 1) / 10 for value in uniform)
        assert inside == pytest.approx(2_000, abs=4 * 43), "4 sigma"
    before, after = zip(*pairwise(uniform), strict=True)
    assert abs(correlation(before, after)) < 0.03


def test_endpoints_draw_independently_of_each_other() -> None:
    drawn = [[exponential(seed, salt) for seed in range(20_000)] for salt in SALTS]
    for one, other in pairwise(drawn):
        assert abs(correlation(one, other)) < 0.03


def test_any_integer_is_a_seed() -> None:
    for seed in (0, -1, 2**64, 10**40):
        assert exponential(seed, 7) > 0
    assert exponential(-1, 7) == exponential(2**64 - 1, 7)
