"""Ridge regression on hashed n-grams and traits. Sparse loops only, no BLAS: the same bits on every machine."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import sparse

from waystation.routing.auto.grams import SIZE, grams
from waystation.routing.auto.traits import NAMES, traits

LOGISTIC_ROUNDS, LOGISTIC_STEPS, LEAST_SLOPE = 4, 25, 0.02
TRAIT_SCALE = 0.2
"""What a trait of one spread counts beside a text's n-grams, whose norm is 1 for words and 1 for characters."""


class Features(NamedTuple):
    """Raw features of texts: counts of n-grams (n, 2·SIZE), traits (n, measures)."""

    counts: sparse.csr_matrix
    traits: np.ndarray


class Basis(NamedTuple):
    """What makes a design matrix of raw features: weights of buckets, means and spreads of traits."""

    idf: np.ndarray
    means: np.ndarray
    spreads: np.ndarray


def features(texts: Sequence[str]) -> Features:
    """The raw features of texts."""
    pointers, indices, values = [0], [], []
    for text in texts:
        buckets, weights, _ = grams(text)
        indices.append(buckets.astype(np.int32))
        values.append(weights)
        pointers.append(pointers[-1] + len(buckets))
    counts = sparse.csr_matrix(
        (np.concatenate(values), np.concatenate(indices), np.array(pointers)), shape=(len(texts), 2 * SIZE)
    )
    return Features(counts, np.stack([traits(text) for text in texts]))


def basis(seen: Sequence[Features]) -> Basis:
    """Inverse document frequency of buckets, in sixteenths as they are packed; mean and spread of traits."""
    found = sum(np.bincount(one.counts.indices, minlength=2 * SIZE) for one in seen)
    idf = np.log((1 + sum(one.counts.shape[0] for one in seen)) / (1 + found)) + 1
    every = np.concatenate([one.traits for one in seen])
    means, spreads = every.mean(0), every.std(0) + 1e-3
    means[0], spreads[0] = 0, 1
    return Basis(
        (np.round(idf * 16) / 16).astype(np.float32), means.astype(np.float32), spreads.astype(np.float32)
    )


def design(raw: Features, base: Basis) -> sparse.csr_matrix:
    """Words and characters, each of norm 1, then the traits, then again those of multiple-choice questions."""
    blocks = []
    for first in (0, SIZE):
        block = raw.counts[:, first : first + SIZE] @ sparse.diags(base.idf[first : first + SIZE])
        norms = np.sqrt(np.asarray(block.multiply(block).sum(1)).ravel())
        norms[norms == 0] = 1
        blocks.append(sparse.diags(1 / norms) @ block)
    blocks.append(sparse.csr_matrix(dense_of(raw.traits, base) * TRAIT_SCALE))
    return sparse.hstack(blocks).tocsr().astype(np.float32)


def dense_of(measured: np.ndarray, base: Basis) -> np.ndarray:
    """Standardised traits, cut at 3 spreads, and the same times whether answers are offered."""
    scaled = np.clip((measured - base.means) / base.spreads, -3, 3)
    offered = (measured[:, NAMES.index("options")] > 0).astype(np.float32)[:, None]
    return np.concatenate([scaled, scaled * offered], axis=1).astype(np.float32)


def ridge(x: sparse.csr_matrix, y: np.ndarray, weights: np.ndarray, penalty: float, steps: int) -> np.ndarray:
    """Weighted least squares with a penalty, by conjugate gradients, all columns of y at once."""
    transposed = x.T.tocsr()
    rows = weights.astype(np.float32)[:, None]
    solution = np.zeros((x.shape[1], y.shape[1]), np.float32)
    residual = transposed @ (rows * y.astype(np.float32))
    direction = residual.copy()
    size = _squares(residual)
    for _ in range(steps):
        image = transposed @ (rows * (x @ direction)) + penalty * direction
        step = size / (_products(direction, image) + 1e-20)
        solution += step * direction
        residual -= step * image
        following = _squares(residual)
        direction = residual + following / (size + 1e-20) * direction
        size = following
    return solution


def logistic(
    x: sparse.csr_matrix, y: np.ndarray, offsets: np.ndarray, weights: np.ndarray, penalty: float
) -> np.ndarray:
    """One column of y, shares from 0 to 1, by penalised logistic regression: ridge regressions, each weighted anew."""
    solution = np.zeros((x.shape[1], 1), np.float32)
    for _ in range(LOGISTIC_ROUNDS):
        linear = (x @ solution)[:, 0]
        chances = 1 / (1 + np.exp(-(linear + offsets)))
        slopes = np.maximum(chances * (1 - chances), LEAST_SLOPE)
        working = linear + (y - chances) / slopes
        solution = ridge(x, working[:, None], weights * slopes, penalty, LOGISTIC_STEPS)
    return solution


def _squares(values: np.ndarray) -> np.ndarray:
    return _products(values, values)


def _products(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return (left * right).sum(0)
