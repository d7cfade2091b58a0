"""Figures of the task classifier: within sources, from source to source, fresh prompts, and how steady it is."""

import random

import numpy as np
from figures import Figure, bootstrap, macro_f1
from prompts import PROMPTS, WRITTEN, fresh_prompts, read_lines
from recipe import CLASSES, Material, fit_tags, is_ours

from waystation.routing.auto.reading import essence, outputs
from waystation.routing.auto.tags import FAMILY, TAGS
from waystation.routing.auto.weights import Weights

NEUTRAL = (
    "The morning was quiet and a light wind moved the curtains. On the table stood a bowl of pears and an old radio. "
    "Outside, a bus stopped and went on again, and somebody was sweeping the steps of the house across the street. "
)
SYSTEM = "You are a helpful assistant. Be polite, be exact, and keep to the facts that you are sure of. "
PARTS = 5
_FAMILIES = np.array([FAMILY[tag] for tag in TAGS])


def within(material: Material) -> list[Figure]:
    """Macro-F1 on the labelled sets, each of five parts by weights that saw the other four: some tags have few prompts."""
    third = np.array([not is_ours(prompt) for prompt in material.prompts])
    actual, predicted = _actual(material), np.zeros(len(third), np.int64)
    for part in range(PARTS):
        judged = third & (material.folds % PARTS == part)
        rows = np.flatnonzero(judged)
        solution = fit_tags(material, ~judged)
        predicted[rows] = (material.tag_x[rows] @ solution)[:, : len(TAGS)].argmax(axis=1)
    rows = np.flatnonzero(third)
    draws = bootstrap(lambda k: macro_f1(predicted[rows][k], actual[rows][k]), len(rows), 200)
    name = f"task tag, macro-F1 within sources, {PARTS}-fold, n={len(rows)}"
    return [Figure(name, macro_f1(predicted[rows], actual[rows]), draws, 0.85, 0.90)]


def across(material: Material) -> list[Figure]:
    """Accuracy on each source by weights that never saw it, and their mean."""
    sources = np.array([prompt.source for prompt in material.prompts])
    actual, found, draws = _actual(material), [], []
    for source in sorted({prompt.source for prompt in material.prompts if not is_ours(prompt)}):
        solution = fit_tags(material, sources != source)
        rows = np.flatnonzero(sources == source)
        right = (material.tag_x[rows] @ solution)[:, : len(TAGS)].argmax(axis=1) == actual[rows]
        draws.append(bootstrap(lambda k, r=right: float(r[k].mean()), len(rows), 200))
        found.append(
            Figure(
                f"  task tag, {source} left out, n={len(rows)}", float(right.mean()), draws[-1], None, None
            )
        )
    mean = float(np.mean([figure.value for figure in found]))
    return [
        *found,
        Figure("task tag, mean accuracy of sources left out", mean, np.mean(draws, axis=0), 0.60, 0.75),
    ]


def authors(material: Material) -> list[Figure]:
    """Accuracy on the prompts of each of our authors by weights that never saw one of that author's."""
    sources = np.array([prompt.source for prompt in material.prompts])
    actual, found = _actual(material), []
    for source in sorted({one for one in sources if one.startswith(WRITTEN)}):
        solution = fit_tags(material, sources != source)
        rows = np.flatnonzero(sources == source)
        best = (material.tag_x[rows] @ solution)[:, : len(TAGS)].argmax(axis=1)
        for name, right in (
            ("tag", best == actual[rows]),
            ("family", _FAMILIES[best] == _FAMILIES[actual[rows]]),
        ):
            value = float(right.mean())
            found.append(Figure(f"  {name}, {source} left out, n={len(rows)}", value, None, None, None))
    return found


def fresh(judged: Weights) -> list[Figure]:
    """The prompts written apart."""
    prompts = fresh_prompts()
    predicted = np.array([_best(prompt.text, judged) for prompt in prompts])
    actual = np.array([TAGS.index(prompt.tag) for prompt in prompts])
    languages = np.array([prompt.language for prompt in prompts])
    found = []
    for name, right, floor, goal in (
        ("family", _FAMILIES[predicted] == _FAMILIES[actual], 0.80, 0.90),
        ("tag", predicted == actual, 0.65, 0.75),
    ):
        draws = bootstrap(lambda k, r=right: float(r[k].mean()), len(right))
        found.append(
            Figure(f"fresh prompts, {name}, n={len(right)}", float(right.mean()), draws, floor, goal)
        )
    for language in sorted(set(languages)):
        right = (predicted == actual)[languages == language]
        found.append(
            Figure(f"  fresh prompts, tag, {language}, n={len(right)}", float(right.mean()), None, None, None)
        )
    return found


def steady(judged: Weights) -> list[Figure]:
    """Whether the tag stays when the same is asked with padding, typos, other words, or in another language."""
    prompts = [prompt.text for prompt in fresh_prompts()]
    before = np.array([_best(text, judged) for text in prompts])
    padding = (NEUTRAL * 6)[:1000]
    changed = {
        "padding after": [f"{text}\n\n{padding}" for text in prompts],
        "padding before": [f"{padding}\n\n{text}" for text in prompts],
        "typos": [typos(text, number) for number, text in enumerate(prompts)],
    }
    found = []
    for name, texts in changed.items():
        same = np.array([_best(text, judged) for text in texts]) == before
        draws = bootstrap(lambda k, s=same: float(s[k].mean()), len(same))
        floor, goal = (0.95, 0.98) if "padding" in name else (0.90, 0.95)
        found.append(Figure(f"same tag, {name}, n={len(same)}", float(same.mean()), draws, floor, goal))
    lines = read_lines(PROMPTS / "pairs.txt")
    triples = [[_best(line[2], judged) for line in lines[i : i + 3]] for i in range(0, len(lines), 3)]
    for name, place in (("paraphrase", 1), ("translation", 2)):
        same = np.array([triple[0] == triple[place] for triple in triples])
        draws = bootstrap(lambda k, s=same: float(s[k].mean()), len(same))
        found.append(Figure(f"same tag, {name}, n={len(same)}", float(same.mean()), draws, 0.90, 0.95))
    return found


def typos(text: str, seed: int) -> str:
    """The text with a slip of a finger every 25 characters: neighbours swapped, a letter lost or doubled."""
    draw = random.Random(seed)
    letters = list(text)
    for _ in range(max(1, len(text) // 25)):
        place = draw.randrange(max(len(letters) - 1, 1))
        match draw.randrange(3):
            case 0:
                letters[place : place + 2] = letters[place : place + 2][::-1]
            case 1:
                letters[place : place + 1] = []
            case _:
                letters[place:place] = letters[place : place + 1]
    return "".join(letters)


def _best(text: str, weights: Weights) -> int:
    return int(outputs(essence(text, weights), weights).raw[: len(TAGS)].argmax())


def _actual(material: Material) -> np.ndarray:
    return np.array([CLASSES.index(prompt.tag) for prompt in material.prompts])
