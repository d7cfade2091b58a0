"""`make eval-router`: the auto router's figures, each with a bootstrap interval, beside floor and goal.

What is judged was trained by the same recipe as the weights that ship, without the folds that judge. The prompts of
`fresh.txt` and `pairs.txt` are never trained on and judge the shipped weights' twin as well.
"""

import sys
import time
from collections.abc import Callable

import judge_choice
import judge_cost
import judge_speed
import judge_tags
import numpy as np
import outcomes
from figures import Figure, apgr, bootstrap, show
from recipe import Material, fit_heads, gather, train

LEFT_OUT = ("routellm_mmlu", "routellm_gsm8k", "mmlu_pro", "zeroeval_crux")
PAIR = ("routellm_mmlu", "routellm_gsm8k")


def main() -> None:
    """Print every figure as it comes."""
    began = time.monotonic()
    material = gather()
    judged = train(material, outcomes.JUDGED)
    say(f"read, measured and trained in {time.monotonic() - began:.0f} s\n")
    for part in (
        lambda: pair_figures(material, fit_heads(material, outcomes.SETS, outcomes.JUDGED)[0]),
        lambda: judge_tags.fresh(judged) + judge_tags.steady(judged),
        lambda: judge_choice.figures(judged),
        judge_speed.figures,
        lambda: judge_tags.within(material),
        lambda: judge_tags.across(material),
        lambda: judge_cost.figures(material),
        lambda: transfer_figures(material),
    ):
        report(part)
    say(f"\n{time.monotonic() - began:.0f} s")


def report(part: Callable[[], list[Figure]]) -> None:
    """Compute and print one group of figures."""
    for figure in part():
        say(show(figure))


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def predictions(material: Material, name: str, heads: np.ndarray) -> tuple[outcomes.Outcomes, np.ndarray]:
    """A set and the need for the strong model that the heads see in each of its prompts."""
    number = [one.name for one in material.sets].index(name)
    raw = material.hard_x[number] @ heads
    return material.sets[number], raw[:, 1] - raw[:, 0]


def pair_figures(material: Material, heads: np.ndarray) -> list[Figure]:
    """APGR on the judging folds of RouteLLM's two sets: one set of weights."""
    found, means = [], []
    for name, floor, goal in ((PAIR[0], 0.65, 0.69), (PAIR[1], 0.60, 0.635)):
        one, need = predictions(material, name, heads)
        rows = one.folds < outcomes.JUDGED
        draws = bootstrap(
            lambda k, n=need[rows], s=one.scores[rows]: apgr(n[k], s[k, 0], s[k, 1]), rows.sum()
        )
        value = apgr(need[rows], one.scores[rows, 0], one.scores[rows, 1])
        found.append(Figure(f"APGR {name}, n={rows.sum()}", value, draws, floor, goal))
        means.append((value, draws))
    draws = np.mean([draws for _, draws in means], axis=0)
    return [*found, Figure("APGR, mean of both", float(np.mean([v for v, _ in means])), draws, 0.63, 0.66)]


def transfer_figures(material: Material) -> list[Figure]:
    """Each set judged whole by heads that never saw it: its middling models against its strong ones."""
    found = []
    for name in LEFT_OUT:
        shared = {"routellm_gsm8k": "zeroeval_gsm", "zeroeval_gsm": "routellm_gsm8k"}
        others = [other for other in outcomes.SETS if other not in (name, shared.get(name))]
        heads, _ = fit_heads(material, others, 0)
        one, need = predictions(material, name, heads)
        target = one.targets()
        kept = ~np.isnan(target).any(axis=1)
        need, target = need[kept], target[kept]
        draws = bootstrap(lambda k, n=need, t=target: apgr(n[k], t[k, 1], t[k, 0]), len(need), 200)
        value = apgr(need, target[:, 1], target[:, 0])
        found.append(Figure(f"APGR {name}, left out of training, n={len(need)}", value, draws, None, None))
    mean = float(np.mean([figure.value for figure in found]))
    return [*found, Figure("APGR, mean of sets left out", mean, None, 0.5, None)]


if __name__ == "__main__":
    main()
