"""How the weights are made: which prompts, how each counts, one fit for the tags and one for difficulty."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import fit
import numpy as np
import outcomes
from prompts import Prompt, training_prompts
from scipy import sparse

from waystation.routing.auto.grams import SIZE
from waystation.routing.auto.tags import TAGS
from waystation.routing.auto.traits import NAMES
from waystation.routing.auto.weights import HEADS, Header, Weights

SEED = 1
DRAWS = 4
OWN = 3.0
"""What our own prompts count beside those of one other source."""
TAG_PENALTY, TAG_STEPS = 0.3, 30
HARD_PENALTY, HARD_STEPS = 10.0, 30
TEMPERATURE = 10.0
CENTRED = 0.6
MIDDLE = np.array([0.5, 0.75])
"""About the mean success of the middling and of the strong models over the comparable sets."""
INCOMPARABLE = frozenset({"uiuc_llmrouter"})
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


def gather() -> Material:
    """Read and measure everything, once."""
    prompts = outcomes.labelled() + training_prompts(SEED, DRAWS)
    folds = [ALWAYS if prompt.source == "own" else outcomes.fold_of(prompt.text) for prompt in prompts]
    sets = [outcomes.read(name) for name in outcomes.SETS]
    tag_raw = fit.features([prompt.text for prompt in prompts])
    hard_raw = [fit.features(one.prompts) for one in sets]
    base = fit.basis([tag_raw, *hard_raw])
    designs = [fit.design(raw, base) for raw in hard_raw]
    return Material(prompts, np.array(folds), fit.design(tag_raw, base), sets, designs, base)


def tag_weights(prompts: Sequence[Prompt]) -> np.ndarray:
    """Every tag counts the same; within a tag a source counts by the root of its size, our own more."""
    weights = np.zeros(len(prompts), np.float32)
    sizes = Counter((prompt.tag, prompt.source) for prompt in prompts)
    shares = {pair: (OWN if pair[1] == "own" else 1.0) * size**0.5 for pair, size in sizes.items()}
    totals: Counter[str] = Counter()
    for (tag, _), share in shares.items():
        totals[tag] += share
    for number, prompt in enumerate(prompts):
        pair = (prompt.tag, prompt.source)
        weights[number] = shares[pair] / sizes[pair] / totals[prompt.tag]
    return weights / weights.mean()


def train(material: Material, first_fold: int = 0) -> Weights:
    """The weights; those that are judged are trained from `first_fold` on."""
    tags = fit_tags(material, material.folds >= first_fold)
    heads, difficulty = fit_heads(material, outcomes.SETS, first_fold)
    return _weights(np.concatenate([tags, heads], axis=1), material.base, difficulty)


def fit_tags(material: Material, kept: np.ndarray) -> np.ndarray:
    """One column a class, fitted to the prompts kept."""
    rows = np.flatnonzero(kept)
    prompts = [material.prompts[row] for row in rows]
    y = np.full((len(rows), len(CLASSES)), -1 / len(CLASSES), np.float32)
    y[np.arange(len(rows)), [CLASSES.index(prompt.tag) for prompt in prompts]] += 1
    return fit.ridge(material.tag_x[rows], y, tag_weights(prompts), TAG_PENALTY, TAG_STEPS)


def fit_heads(
    material: Material, names: Sequence[str], first_fold: int
) -> tuple[np.ndarray, tuple[float, float]]:
    """The two heads, and mean and spread of the hardness they amount to, from the sets named.

    Success is taken `CENTRED` of the way relative to its set's mean: mostly a head ranks prompts of one kind, a little
    it knows that some kinds are harder. Sets whose models are not those of the others are not compared at all.
    """
    targets, weights, designs = [], [], []
    for one, x in zip(material.sets, material.hard_x, strict=True):
        if one.name not in names:
            continue
        rows = np.flatnonzero(one.folds >= first_fold)
        target = one.targets()[rows]
        share = 1.0 if one.name in INCOMPARABLE else CENTRED
        targets.append(target - share * np.nanmean(target, axis=0) - (1 - share) * MIDDLE)
        weights.append(np.full(len(rows), outcomes.WEIGHTS[one.name], np.float32))
        designs.append(x[rows])
    x = sparse.vstack(designs).tocsr()
    heads = fit.ridge(
        x, np.nan_to_num(np.concatenate(targets)), np.concatenate(weights), HARD_PENALTY, HARD_STEPS
    )
    hardness = -(x @ heads).mean(axis=1)
    return heads, (float(np.mean(hardness)), float(np.std(hardness)))


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


def _weights(solution: np.ndarray, base: fit.Basis, difficulty: tuple[float, float]) -> Weights:
    table = solution[: 2 * SIZE]
    scales = (np.abs(table).max(axis=0) / 127 + 1e-12).astype(np.float32)
    header = Header(
        version="1",
        tags=TAGS,
        traits=NAMES,
        scales=tuple(float(scale) for scale in scales),
        temperature=TEMPERATURE,
        difficulty=difficulty,
        data={"seed": str(SEED), "heads": ",".join(HEADS)},
    )
    return Weights(
        header,
        np.round(table / scales).clip(-127, 127).astype(np.int8),
        base.idf,
        scales,
        (solution[2 * SIZE :] * fit.TRAIT_SCALE).astype(np.float32),
        base.means,
        base.spreads,
    )
