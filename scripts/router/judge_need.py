"""Figures of the need for a strong model: on questions like those trained on, on sets left out, and between kinds of work."""

import fit
import numpy as np
import outcomes
from figures import Figure, apgr, auc, bootstrap
from prompts import PROMPTS, Prompt, fresh_prompts
from recipe import Material, solve

from waystation.routing.auto.reading import read
from waystation.routing.auto.tags import FAMILY
from waystation.routing.auto.weights import Weights

LEFT_OUT = ("routellm_mmlu", "routellm_gsm8k", "mmlu_pro", "zeroeval_crux")
PAIRS = (("routellm_mmlu", 0.65, 0.69), ("routellm_gsm8k", 0.60, 0.635))
CHATS = ("arena-hard-v2", "vicuna_bench")
"""Sources of open requests that say what kind each is."""
WORKED = frozenset({"numbers", "code", "puzzle"})
TOLD = frozenset({"writing", "talk", "knowledge"})


def pairs(material: Material, judged: Weights) -> list[Figure]:
    """APGR on the judging folds of RouteLLM's two sets by one set of weights, read as a request is."""
    found, every = [], []
    for name, floor, goal in PAIRS:
        one = _set(material, name)
        rows = np.flatnonzero(one.folds < outcomes.JUDGED)
        need = np.array([read(one.prompts[row], judged).need for row in rows])
        scores = one.scores[rows]
        draws = bootstrap(lambda k, n=need, s=scores: apgr(n[k], s[k, 0], s[k, 1]), len(rows))
        value = apgr(need, scores[:, 0], scores[:, 1])
        found.append(Figure(f"APGR {name}, n={len(rows)}", value, draws, floor, goal))
        every.append(draws)
    mean = float(np.mean([figure.value for figure in found]))
    return [*found, Figure("APGR, mean of both", mean, np.mean(every, axis=0), 0.63, 0.66)]


def transfer(material: Material) -> list[Figure]:
    """Each set judged whole by weights that saw no outcome of it: its middling models against its strong ones."""
    found = []
    shared = {"routellm_gsm8k": "zeroeval_gsm"}
    every = np.ones(len(material.prompts), bool)
    for name in LEFT_OUT:
        others = [other for other in outcomes.SETS if other not in (name, shared.get(name))]
        number = [one.name for one in material.sets].index(name)
        solution = solve(material, every, others, 0)
        _, need = solution.judge(material.hard_x[number], material.offered[number])
        target = material.sets[number].targets()
        kept = ~np.isnan(target).any(axis=1)
        need, target = need[kept], target[kept]
        draws = bootstrap(lambda k, n=need, t=target: apgr(n[k], t[k, 1], t[k, 0]), len(need), 200)
        value = apgr(need, target[:, 1], target[:, 0])
        found.append(Figure(f"APGR {name}, left out of training, n={len(need)}", value, draws, None, None))
    mean = float(np.mean([figure.value for figure in found]))
    return [*found, Figure("APGR, mean of sets left out", mean, None, 0.5, None)]


def kinds(material: Material) -> list[Figure]:
    """A stand-in for chats with outcomes, which we do not have: does worked-out work need more than what is told?

    The chance that a request for mathematics, code or a puzzle is seen to need the strong model more than one for
    writing, talk or knowledge. Sources are judged by weights that saw neither of them, our own prompts by the same.
    """
    sources = np.array([prompt.source for prompt in material.prompts])
    solution = solve(material, ~np.isin(sources, CHATS), outcomes.SETS, 0)
    own = fresh_prompts() + fresh_prompts(PROMPTS / "puzzles" / "fresh.txt")
    own_x = fit.design(fit.features([prompt.text for prompt in own]), material.base)
    found = [_apart("fresh prompts and puzzles", own, solution.judge(own_x)[1])]
    for source in CHATS:
        rows = np.flatnonzero(sources == source)
        _, need = solution.judge(material.tag_x[rows])
        found.append(_apart(f"{source} left out", [material.prompts[row] for row in rows], need))
    return found


def _apart(name: str, prompts: list[Prompt], need: np.ndarray) -> Figure:
    families = np.array([FAMILY.get(prompt.tag, prompt.tag) for prompt in prompts])
    worked, told = need[np.isin(families, list(WORKED))], need[np.isin(families, list(TOLD))]

    def of(rows: np.ndarray) -> float:
        return auc(worked[rows[rows < len(worked)]], told[rows[rows >= len(worked)] - len(worked)])

    draws = bootstrap(of, len(worked) + len(told), 200)
    name = f"need, worked over told, {name}, n={len(worked)}+{len(told)}"
    return Figure(name, auc(worked, told), draws, None, None)


def _set(material: Material, name: str) -> outcomes.Outcomes:
    return next(one for one in material.sets if one.name == name)
