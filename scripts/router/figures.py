"""Figures with intervals, and the metrics they are of."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

DRAWS = 500


class Figure(NamedTuple):
    """One figure; `draws` are its bootstrap values, floor and goal what was asked (a lower one is better if so said)."""

    name: str
    value: float
    draws: np.ndarray | None
    floor: float | None
    goal: float | None
    lower_is_better: bool = False


def show(figure: Figure) -> str:
    """One line: value, interval, floor, goal, verdict."""
    interval = ""
    if figure.draws is not None:
        low, high = np.percentile(figure.draws, [2.5, 97.5])
        interval = f"[{low:.3f}, {high:.3f}]"
    asked = "" if figure.floor is None else f"floor {figure.floor:g}"
    asked += "" if figure.goal is None else f", goal {figure.goal:g}"
    return f"{figure.name:62} {figure.value:8.4f} {interval:17} {asked:24} {verdict(figure)}".rstrip()


def verdict(figure: Figure) -> str:
    """goal, floor or BELOW THE FLOOR."""
    if figure.floor is None:
        return ""
    sign = -1 if figure.lower_is_better else 1
    if figure.goal is not None and sign * figure.value >= sign * figure.goal:
        return "goal"
    return "floor" if sign * figure.value >= sign * figure.floor else "BELOW THE FLOOR"


def bootstrap(metric: Callable[[np.ndarray], float], size: int, draws: int = DRAWS) -> np.ndarray:
    """The metric of resamples of its rows."""
    chance = np.random.RandomState(1)
    return np.array([metric(chance.randint(0, size, size)) for _ in range(draws)])


def apgr(need: np.ndarray, strong: np.ndarray, weak: np.ndarray) -> float:
    """RouteLLM's average performance gap recovered: 0.5 is random. Ties are broken at random, seeded."""
    order = np.lexsort((np.random.RandomState(0).rand(len(need)), -need))
    share = np.arange(len(need) + 1) / len(need)
    gained = np.concatenate([[0], np.cumsum((strong - weak)[order])]) / len(need)
    recovered = gained / (strong.mean() - weak.mean())
    return float(((recovered[1:] + recovered[:-1]) / 2 * np.diff(share)).sum())


def auc(high: np.ndarray, low: np.ndarray) -> float:
    """The chance that one of `high` is above one of `low`; a tie counts half."""
    above = (high[:, None] > low[None]).mean() + 0.5 * (high[:, None] == low[None]).mean()
    return float(above)


def macro_f1(predicted: np.ndarray, actual: np.ndarray) -> float:
    """The mean over the classes that occur of the harmonic mean of precision and recall."""
    scores = []
    for label in np.unique(actual):
        hits = np.sum((predicted == label) & (actual == label))
        scores.append(2 * hits / max(np.sum(predicted == label) + np.sum(actual == label), 1))
    return float(np.mean(scores))
