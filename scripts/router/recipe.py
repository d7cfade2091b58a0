"""How the weights are made: which prompts, how each counts, and the fits of tags, puzzles, hardness and success."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import fit
import numpy as np
import outcomes
from prompts import WRITTEN, Prompt, puzzle_prompts, training_prompts, written_prompts
from scipy import sparse

from waystation.routing.auto.grams import SIZE
from waystation.routing.auto.need import raw_judgement
from waystation.routing.auto.tags import TAGS
from waystation.routing.auto.traits import NAMES
from waystation.routing.auto.weights import HEADS, Header, Weights

SEED = 1
DRAWS = 4
OWN = 3.0
"""What our templates count beside the prompts of one other source."""
BY_AUTHOR = 0.15
"""The same of the prompts that one author wrote one by one."""
TAG_PENALTY, TAG_STEPS = 0.3, 30
PUZZLE_DRAWS = 6
HARD_PENALTY, GAP_PENALTY, SUCCESS_PENALTY, HARD_STEPS = 20.0, 10.0, 1.0, 30
TEMPERATURE = 13.0
MODEL_PENALTY, MODEL_STEPS = 300.0, 20
CLASSES = (*TAGS, "filler")
ALWAYS = 100
"""The fold of what never judges."""


class Material(NamedTuple):
    """Everything that is trained on: prompts with a tag, sets of outcomes, and the features of both."""

    prompts: list[Prompt]
    folds: np.ndarray
    """The judging fold of each prompt; our own are always trained on."""
    tag_x: sparse.csr_matrix
    sets: list[outcomes.Outcomes]
    hard_x: list[sparse.csr_matrix]
    base: fit.Basis
    offered: list[np.ndarray]
    """Of each set: whether a prompt offers answers to choose from."""
    puzzles: list[Prompt]
    puzzle_x: sparse.csr_matrix


class Solution(NamedTuple):
    """One column for each output; logits of mean success, mean and spread of hardness and of need, as in `Header`."""

    columns: np.ndarray
    success: tuple[float, float]
    difficulty: tuple[tuple[float, float], tuple[float, float]]
    need: tuple[float, float]

    def judge(self, x: sparse.csr_matrix, offered: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Raw hardness and need of prompts; by default none of them offers answers."""
        raw = x @ self.columns
        hard, need = raw_judgement(raw, TEMPERATURE, self.success, offered=False)
        if offered is not None and offered.any():
            hard[offered], need[offered] = raw_judgement(
                raw[offered], TEMPERATURE, self.success, offered=True
            )
        return hard, need


def gather() -> Material:
    """Read and measure everything, once."""
    prompts = outcomes.labelled() + training_prompts(SEED, DRAWS) + written_prompts()
    folds = [ALWAYS if is_ours(prompt) else outcomes.fold_of(prompt.text) for prompt in prompts]
    sets = [outcomes.read(name) for name in outcomes.SETS]
    tag_raw = fit.features([prompt.text for prompt in prompts])
    hard_raw = [fit.features(one.prompts) for one in sets]
    puzzles = puzzle_prompts(SEED, PUZZLE_DRAWS)
    puzzle_raw = fit.features([prompt.text for prompt in puzzles])
    base = fit.basis([tag_raw, *hard_raw])
    return Material(
        prompts,
        np.array(folds),
        fit.design(tag_raw, base),
        sets,
        [fit.design(raw, base) for raw in hard_raw],
        base,
        [raw.traits[:, NAMES.index("options")] > 0 for raw in hard_raw],
        puzzles,
        fit.design(puzzle_raw, base),
    )


def is_ours(prompt: Prompt) -> bool:
    """Whether we wrote it."""
    return prompt.source == "own" or prompt.source.startswith(WRITTEN)


def tag_weights(prompts: Sequence[Prompt]) -> np.ndarray:
    """Every tag counts the same; within a tag a source counts by the root of its size, our own more."""
    weights = np.zeros(len(prompts), np.float32)
    sizes = Counter((prompt.tag, prompt.source) for prompt in prompts)
    counted = {"own": OWN} | {
        prompt.source: BY_AUTHOR for prompt in prompts if prompt.source.startswith(WRITTEN)
    }
    shares = {pair: counted.get(pair[1], 1.0) * size**0.5 for pair, size in sizes.items()}
    totals: Counter[str] = Counter()
    for (tag, _), share in shares.items():
        totals[tag] += share
    for number, prompt in enumerate(prompts):
        pair = (prompt.tag, prompt.source)
        weights[number] = shares[pair] / sizes[pair] / totals[prompt.tag]
    return weights / weights.mean()


def train(material: Material, first_fold: int = 0) -> Weights:
    """The weights; those that are judged are trained from `first_fold` on."""
    return _weights(solve(material, material.folds >= first_fold, outcomes.SETS, first_fold), material.base)


def solve(material: Material, kept: np.ndarray, names: Sequence[str], first_fold: int) -> Solution:
    """Every output, from the labelled prompts kept and from the sets of outcomes named."""
    success, means = fit_success(material, names, first_fold)
    parts = [
        fit_tags(material, kept),
        fit_puzzle(material, kept),
        fit_hard(material, names, first_fold),
        fit_gap(material, names, first_fold),
        success,
    ]
    solution = Solution(np.concatenate(parts, axis=1), means, ((0.0, 1.0), (0.0, 1.0)), (0.0, 1.0))
    seen = [
        (x[one.folds >= first_fold], offered[one.folds >= first_fold])
        for one, x, offered in zip(material.sets, material.hard_x, material.offered, strict=True)
        if one.name in names
    ]
    x, offered = sparse.vstack([x for x, _ in seen]).tocsr(), np.concatenate([told for _, told in seen])
    asked = sparse.vstack([material.tag_x[kept], material.puzzle_x]).tocsr()
    hard, need = solution.judge(x, offered)
    hard_asked, need_asked = solution.judge(asked)
    return solution._replace(
        difficulty=(_middle([hard[~offered], hard_asked]), _middle([hard[offered]])),
        need=_middle([need, need_asked]),
    )


def _middle(groups: Sequence[np.ndarray]) -> tuple[float, float]:
    """Mean and spread of values, each group counting the same."""
    mean = float(np.mean([group.mean() for group in groups]))
    return mean, float(np.sqrt(np.mean([np.mean((group - mean) ** 2) for group in groups])))


def fit_tags(material: Material, kept: np.ndarray) -> np.ndarray:
    """One column a class, fitted to the prompts kept."""
    rows = np.flatnonzero(kept)
    prompts = [material.prompts[row] for row in rows]
    y = np.full((len(rows), len(CLASSES)), -1 / len(CLASSES), np.float32)
    y[np.arange(len(rows)), [CLASSES.index(prompt.tag) for prompt in prompts]] += 1
    return fit.ridge(material.tag_x[rows], y, tag_weights(prompts), TAG_PENALTY, TAG_STEPS)


def fit_puzzle(material: Material, kept: np.ndarray) -> np.ndarray:
    """One column: a puzzle or another task. Apart from the tags, which puzzles shall not move."""
    rows = np.flatnonzero(kept)
    prompts = [material.prompts[row] for row in rows] + material.puzzles
    x = sparse.vstack([material.tag_x[rows], material.puzzle_x]).tocsr()
    y = np.full((len(prompts), 1), -1 / len(CLASSES), np.float32)
    y[len(rows) :] += 1
    return fit.ridge(x, y, tag_weights(prompts), TAG_PENALTY, TAG_STEPS)


def fit_hard(material: Material, names: Sequence[str], first_fold: int) -> np.ndarray:
    """One column: how often all models of a set fail at a prompt, relative to the set's mean."""
    weights = _named(outcomes.HARD_WEIGHTS, names)
    x, y, means, rows = _outcomes(
        material, weights, lambda one: -np.nanmean(one.scores, axis=1, keepdims=True), first_fold
    )
    return fit.ridge(x, y - means, rows, HARD_PENALTY, HARD_STEPS)


def fit_gap(material: Material, names: Sequence[str], first_fold: int) -> np.ndarray:
    """One column: by how much strong models lead middling ones in open questions, relative to the set's mean."""
    weights = _named(outcomes.OPEN_WEIGHTS, names)
    x, y, means, rows = _outcomes(material, weights, lambda one: np.diff(one.targets(), axis=1), first_fold)
    return fit.ridge(x, y - means, rows, GAP_PENALTY, HARD_STEPS)


def fit_success(
    material: Material, names: Sequence[str], first_fold: int
) -> tuple[np.ndarray, tuple[float, float]]:
    """Two columns: logits of the middling and of the strong models' success where answers are offered; their means."""
    weights = _named(outcomes.OFFERED_WEIGHTS, names)
    x, y, means, rows = _outcomes(material, weights, lambda one: one.targets(), first_fold)
    offsets = np.log(means / (1 - means))
    columns = [fit.logistic(x, y[:, at], offsets[:, at], rows, SUCCESS_PENALTY) for at in range(2)]
    weak, strong = np.average(offsets, axis=0, weights=rows)
    return np.concatenate(columns, axis=1), (float(weak), float(strong))


def _named(weights: Mapping[str, float], names: Sequence[str]) -> dict[str, float]:
    return {name: weight for name, weight in weights.items() if name in names}


def _outcomes(
    material: Material,
    weights: Mapping[str, float],
    target_of: Callable[[outcomes.Outcomes], np.ndarray],
    first_fold: int,
) -> tuple[sparse.csr_matrix, np.ndarray, np.ndarray, np.ndarray]:
    """Features, targets, the means of the targets' sets, and weights; prompts with an unknown target are left out."""
    designs, targets, means, rows = [], [], [], []
    for one, x in zip(material.sets, material.hard_x, strict=True):
        if one.name in weights:
            target = target_of(one)
            kept = np.flatnonzero((one.folds >= first_fold) & ~np.isnan(target).any(axis=1))
            designs.append(x[kept])
            targets.append(target[kept])
            means.append(np.repeat(target[kept].mean(axis=0, keepdims=True), len(kept), axis=0))
            rows.append(np.full(len(kept), weights[one.name], np.float32))
    x = sparse.vstack(designs).tocsr()
    return x, np.concatenate(targets), np.concatenate(means), np.concatenate(rows)


def fit_models(
    one: outcomes.Outcomes, x: sparse.csr_matrix, models: Sequence[str], parts: int = 5
) -> np.ndarray:
    """(prompts, models): the chance of success of each model, seen in each part of the prompts from the others."""
    columns = [one.models.index(model) for model in models]
    likely = np.zeros((len(one.prompts), len(columns)), np.float32)
    for part in range(parts):
        judged = one.folds * parts // 100 == part
        rows = np.flatnonzero(~judged)
        scores = one.scores[np.ix_(rows, columns)]
        means = np.nanmean(scores, axis=0)
        each = fit.ridge(
            x[rows], np.nan_to_num(scores - means), np.ones(len(rows)), MODEL_PENALTY, MODEL_STEPS
        )
        seen = np.flatnonzero(judged)
        likely[seen] = means + x[seen] @ each
    return likely


def _weights(solution: Solution, base: fit.Basis) -> Weights:
    table = solution.columns[: 2 * SIZE]
    scales = (np.abs(table).max(axis=0) / 127 + 1e-12).astype(np.float32)
    header = Header(
        version="2",
        tags=TAGS,
        traits=NAMES,
        scales=tuple(float(scale) for scale in scales),
        temperature=TEMPERATURE,
        success=solution.success,
        difficulty=solution.difficulty,
        need=solution.need,
        data={"seed": str(SEED), "heads": ",".join(HEADS)},
    )
    return Weights(
        header,
        np.round(table / scales).clip(-127, 127).astype(np.int8),
        base.idf,
        scales,
        (solution.columns[2 * SIZE :] * fit.TRAIT_SCALE).astype(np.float32),
        base.means,
        base.spreads,
    )
