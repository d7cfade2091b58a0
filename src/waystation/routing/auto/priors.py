"""How good each model is at each family of tasks: dated facts of `priors.toml`, and the price where there are none.

Benchmarks are put on one scale by a model of one ability a model and one hardness a benchmark: the logit of a score is
ability minus hardness. What a price and an age say of a model is where its ability starts from, so benchmarks that only
strong models were asked are not taken for easy ones. Families then differ by what their own benchmarks say, shrunk.
"""

import math
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from waystation.routing.auto.tags import FAMILIES

FACTS: Final = Path(__file__).parent / "priors.toml"
ROUNDS: Final = 20
SHRINK: Final = 2.0
"""Facts of a family that its own mean is mixed with, which say nothing."""
UNCERTAIN, SCORED, SURE = 1.0, 0.6, 0.45
"""The standard error of an ability by price alone, by facts of other families, by facts of the family."""
_FAMILY_NAMES: Final = tuple(FAMILIES)


class BadPriors(ValueError):
    """A file of facts that cannot be used."""


class Benchmark(Struct, frozen=True, forbid_unknown_fields=True):
    """What a benchmark tells of, and where its figures were read."""

    families: tuple[str, ...]
    source: str


class Score(Struct, frozen=True, forbid_unknown_fields=True):
    """One fact, in percent."""

    benchmark: str
    date: str
    score: float


class Facts(Struct, frozen=True, forbid_unknown_fields=True):
    """A file: `ranking` names an operator's models for a tag or family, best first."""

    benchmarks: dict[str, Benchmark] = {}
    scores: dict[str, tuple[Score, ...]] = {}
    ranking: dict[str, tuple[str, ...]] = {}


class Abilities(Struct, frozen=True):
    """(models, families): abilities in logits, and their standard errors."""

    ability: NDArray[np.float64]
    error: NDArray[np.float64]


def read_facts(paths: Iterable[Path] = (FACTS,)) -> Facts:
    """The facts of several files; a later file's models, benchmarks and rankings replace an earlier one's."""
    benchmarks: dict[str, Benchmark] = {}
    scores: dict[str, tuple[Score, ...]] = {}
    ranking: dict[str, tuple[str, ...]] = {}
    for path in paths:
        try:
            facts = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Facts)
        except (OSError, ValueError) as error:
            raise BadPriors(f"{path}: {error}") from error
        benchmarks |= facts.benchmarks
        scores |= facts.scores
        ranking |= facts.ranking
    for model, rows in scores.items():
        for row in rows:
            if row.benchmark not in benchmarks:
                raise BadPriors(f"{model}: there is no benchmark {row.benchmark}")
    return Facts(benchmarks, scores, ranking)


def starting_points(prices: NDArray[np.float64], ages: NDArray[np.float64]) -> NDArray[np.float64]:
    """Abilities by what is always known: the rank of the price among all models, and years since the model appeared.

    The slopes are those of Aider's leaderboard on list prices, rounded: from the cheapest to the dearest two logits, and
    one a year for two years.
    """
    ranks = prices.argsort(kind="stable").argsort(kind="stable") / max(len(prices) - 1, 1)
    result: NDArray[np.float64] = -1.0 + 2.0 * ranks - np.clip(ages, 0, 2)
    return result


def abilities(models: list[str], starts: NDArray[np.float64], facts: Facts) -> Abilities:
    """The abilities of models, in their order."""
    places = {model: place for place, model in enumerate(models)}
    rows = [
        (places[model], score.benchmark, _logit(score.score))
        for model, scores in facts.scores.items()
        if model in places
        for score in _first(scores)
    ]
    general, hardness = _joint(rows, starts)
    ability = np.repeat(general[:, None], len(_FAMILY_NAMES), axis=1)
    error = np.full(ability.shape, UNCERTAIN)
    error[[place for place, _, _ in rows]] = SCORED
    surplus = np.zeros(ability.shape)
    counts = np.zeros(ability.shape)
    for place, benchmark, value in rows:
        for family in facts.benchmarks[benchmark].families:
            if family in FAMILIES:
                column = _FAMILY_NAMES.index(family)
                surplus[place, column] += value + hardness[benchmark] - general[place]
                counts[place, column] += 1
    error[counts > 0] = SURE
    return Abilities(ability + surplus / (counts + SHRINK), error)


def _joint(
    rows: list[tuple[int, str, float]], starts: NDArray[np.float64]
) -> tuple[NDArray[np.float64], Mapping[str, float]]:
    """Abilities and hardnesses that fit the rows best, abilities held to their starting points as one row would."""
    general = starts.copy()
    hardness: dict[str, float] = {}
    by_benchmark: dict[str, list[tuple[int, float]]] = {}
    by_model: dict[int, list[tuple[str, float]]] = {}
    for place, benchmark, value in rows:
        by_benchmark.setdefault(benchmark, []).append((place, value))
        by_model.setdefault(place, []).append((benchmark, value))
    for _ in range(ROUNDS):
        for benchmark, found in by_benchmark.items():
            hardness[benchmark] = sum(general[place] - value for place, value in found) / (len(found) + 1)
        for place, told in by_model.items():
            total = starts[place] + sum(value + hardness[benchmark] for benchmark, value in told)
            general[place] = total / (len(told) + 1)
    return general, hardness


def _first(scores: Iterable[Score]) -> Iterable[Score]:
    return {score.benchmark: score for score in reversed(tuple(scores))}.values()


def _logit(percent: float) -> float:
    share = min(max(percent / 100, 0.01), 0.99)
    return math.log(share / (1 - share))
