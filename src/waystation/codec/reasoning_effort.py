"""Effort words and reasoning budgets, one into the other (contract section 11). Knows no wire format."""

from collections.abc import Sequence
from types import MappingProxyType
from typing import Final

RATIOS: Final = MappingProxyType(
    {"max": 0.95, "xhigh": 0.95, "high": 0.8, "medium": 0.5, "low": 0.2, "minimal": 0.1}
)
EFFORTS: Final = (*RATIOS, "none")
_RANKS: Final = {word: rank for rank, word in enumerate(reversed(EFFORTS[:-1]), 1)} | {"none": 0}
MAX_BUDGET: Final = 128_000
MIN_BUDGET: Final = 1_024
ASSUMED_LIMIT: Final = 32_000
"""Completion tokens to compare a budget with where neither the request nor the endpoint names a limit."""


def nearest_effort(effort: str, known: Sequence[str]) -> str:
    """Of the words an endpoint knows (all where empty) the nearest; the greater of two. Thinking is never `none`."""
    if not known or effort in known:
        return effort
    others = [word for word in known if word != "none"] or list(known)
    return min(others, key=lambda word: (abs(_RANKS[word] - _RANKS[effort]), -_RANKS[word]))


def budget_of_effort(effort: str, max_tokens: int) -> int:
    """Reasoning tokens that this effort may spend of `max_tokens`; 0 for `none`."""
    if effort == "none":
        return 0
    return max(min(int(max_tokens * RATIOS[effort]), MAX_BUDGET), MIN_BUDGET)


def effort_of_budget(budget: int, max_tokens: int | None) -> str:
    """The effort whose share of `max_tokens` is nearest to this budget; `none` for 0."""
    if budget <= 0:
        return "none"
    share = budget / (max_tokens or ASSUMED_LIMIT)
    return min(("xhigh", "high", "medium", "low", "minimal"), key=lambda effort: abs(RATIOS[effort] - share))
