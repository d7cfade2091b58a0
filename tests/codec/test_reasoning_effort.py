"""Effort and budget, one into the other."""

import pytest

from waystation.codec.reasoning_effort import budget_of_effort, effort_of_budget, nearest_effort


@pytest.mark.parametrize(
    ("effort", "limit", "budget"),
    [
        ("high", 10_000, 8_000),
        ("medium", 10_000, 5_000),
        ("xhigh", 10_000, 9_500),
        ("max", 1_000_000, 128_000),
        ("minimal", 1_000, 1_024),
        ("none", 10_000, 0),
    ],
)
def test_effort_is_a_share_of_the_limit(effort: str, limit: int, budget: int) -> None:
    assert budget_of_effort(effort, limit) == budget


@pytest.mark.parametrize("effort", ["xhigh", "high", "medium", "low", "minimal"])
def test_a_budget_finds_its_effort_again(effort: str) -> None:
    assert effort_of_budget(budget_of_effort(effort, 100_000), 100_000) == effort


def test_a_budget_without_a_limit_is_compared_with_a_usual_one() -> None:
    assert effort_of_budget(16_000, None) == "medium"
    assert effort_of_budget(0, None) == "none"


@pytest.mark.parametrize(
    ("effort", "known", "nearest"),
    [
        ("medium", (), "medium"),
        ("medium", ("low", "medium"), "medium"),
        ("medium", ("low", "high"), "high"),
        ("xhigh", ("none", "low", "high"), "high"),
        ("minimal", ("none", "low", "high"), "low"),
        ("none", ("low", "high"), "low"),
        ("low", ("none",), "none"),
        ("max", ("minimal", "xhigh"), "xhigh"),
    ],
)
def test_an_unknown_effort_is_the_nearest_known(effort: str, known: tuple[str, ...], nearest: str) -> None:
    assert nearest_effort(effort, known) == nearest
