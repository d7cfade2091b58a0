"""Figures of choice by cost: MMLU-Pro's models at list prices, against the hull of always using one model.

Here each model has a regression of its own on the features of the weights that ship, fitted to outcomes and judged on the
prompts it was not fitted to. It measures what the features can tell of models when there are outcomes; the weights that
ship know no model, and the models of this set are retired.
"""

import numpy as np
from figures import Figure, bootstrap
from recipe import Material, fit_models

PRICES = {
    "DeepSeek-Coder-V2": (1.2, 1.2, "fireworks"),
    "Llama-2-13b-hf": (0.1, 0.5, "replicate"),
    "Llama-2-70b-hf": (0.65, 2.75, "replicate"),
    "Llama-2-7b-hf": (0.05, 0.25, "replicate"),
    "Meta-Llama-3-70B": (0.65, 2.75, "replicate"),
    "Meta-Llama-3-8B": (0.05, 0.25, "replicate"),
    "Meta-Llama-3_1-70B-Instruct": (0.72, 0.72, "amazon-bedrock"),
    "Meta-Llama-3_1-8B": (0.2, 0.2, "together"),
    "Meta-Llama-3_1-8B-Instruct": (0.22, 0.22, "amazon-bedrock"),
    "Mistral-7B-Instruct-v0.1": (0.2, 0.2, "together"),
    "Mistral-7B-Instruct-v0.2": (0.15, 0.2, "amazon-bedrock"),
    "Mistral-7B-v0.1": (0.05, 0.25, "replicate"),
    "Mistral-7B-v0.2-hf": (0.2, 0.2, "fireworks"),
    "Mixtral-8x7B-Instruct-v0.1": (0.45, 0.7, "amazon-bedrock"),
    "Mixtral-8x7B-v0.1": (0.5, 0.5, "fireworks"),
    "Phi-3-mini-4k-instruct": (0.13, 0.52, "azure"),
    "Qwen1.5-72B-Chat": (0.9, 0.9, "fireworks"),
    "Yi-34B": (0.9, 0.9, "fireworks"),
    "Yi-6B": (0.2, 0.2, "fireworks"),
    "c4ai-command-r-v01": (0.15, 0.6, "cohere"),
    "gemini-1.5-flash-002": (0.075, 0.3, "google-vertex"),
    "gemini-1.5-pro-002": (1.25, 5.0, "google-vertex"),
    "gemma-7b": (0.2, 0.2, "fireworks"),
    "jamba-1.5-large": (2.0, 8.0, "ai21"),
}
"""USD per million prompt and completion tokens, and whose list: litellm 1.109.1, Gemini's from Portkey, 2026-08-21."""
BANDS = (("low", 0.0), ("medium", 0.2), ("high", 0.4), ("xhigh", 0.6), ("max", 0.8))


def figures(material: Material) -> list[Figure]:
    """The area gained over the hull of single models, and each band's choice against its best single model."""
    one = next(one for one in material.sets if one.name == "mmlu_pro")
    x = material.hard_x[[s.name for s in material.sets].index("mmlu_pro")]
    columns = [one.models.index(model) for model in PRICES]
    rows = np.flatnonzero(~np.isnan(one.scores[:, columns]).any(axis=1))
    likely = fit_models(one, x, tuple(PRICES))[rows]
    scores = one.scores[np.ix_(rows, columns)]
    prices = np.array([(3 * prompt + completion) / 4 for prompt, completion, _ in PRICES.values()])
    draws = bootstrap(lambda k: gained(likely[k], scores[k], prices), len(rows), 60)
    name = f"MMLU-Pro, {len(PRICES)} models, 5-fold: area over the hull of singles, n={len(rows)}"
    found = [Figure(name, gained(likely, scores, prices), draws, 0.003, 0.015)]
    for band, kept in bands(prices).items():
        choice = lambda k, kept=kept: over_best(likely[np.ix_(k, kept)], scores[np.ix_(k, kept)])  # noqa: E731
        every = np.arange(len(rows))
        draws = bootstrap(choice, len(rows), 200)
        name = f"  band {band}, {len(kept)} models: over its best single"
        found.append(Figure(name, choice(every), draws, -0.005, 0.0))
    return found


def bands(prices: np.ndarray) -> dict[str, np.ndarray]:
    """The models of each band of price: fifths of the models by rank."""
    ranks = prices.argsort(kind="stable").argsort(kind="stable") / len(prices)
    found = {}
    for (name, low), high in zip(BANDS, [low for _, low in BANDS[1:]] + [1.0], strict=True):
        found[name] = np.flatnonzero((ranks >= low) & (ranks < high))
    return found


def over_best(likely: np.ndarray, scores: np.ndarray) -> float:
    """Accuracy of choosing by chance of success, minus that of the best single model."""
    chosen = scores[np.arange(len(scores)), likely.argmax(axis=1)].mean()
    return float(chosen - scores.mean(axis=0).max())


def gained(likely: np.ndarray, scores: np.ndarray, prices: np.ndarray) -> float:
    """Area under the cost-quality hull with the router's points, minus that of single models alone."""
    singles = list(zip(prices, scores.mean(axis=0), strict=True))
    points = list(singles)
    for worth in [0.0, *np.geomspace(1e-4, 3, 60)]:
        choice = (likely - worth * prices).argmax(axis=1)
        points.append((prices[choice].mean(), scores[np.arange(len(choice)), choice].mean()))
    low, high = prices.min(), prices.max()
    return hull_area(points, low, high) - hull_area(singles, low, high)


def hull_area(points: list[tuple[float, float]], low: float, high: float) -> float:
    """Mean height of the upper hull of (cost, quality) between two costs (RouterBench's AIQ)."""
    hull: list[tuple[float, float]] = []
    for point in sorted(points):
        while len(hull) >= 2 and _below(hull[-2], hull[-1], point):
            hull.pop()
        hull.append(point)
    heights = np.maximum.accumulate([quality for _, quality in hull])
    return float(np.interp(np.linspace(low, high, 2001), [cost for cost, _ in hull], heights).mean())


def _below(first: tuple[float, float], middle: tuple[float, float], last: tuple[float, float]) -> bool:
    return (middle[1] - first[1]) * (last[0] - first[0]) <= (last[1] - first[1]) * (middle[0] - first[0])
