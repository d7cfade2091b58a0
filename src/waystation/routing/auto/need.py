"""How hard a prompt is and how much it needs a strong model: from what outcomes taught and from what kind of work it asks for.

Outcomes are known of examination questions, word problems and code puzzles. Of open requests (a letter, a role, a plan) none
are, so for these the kind of work counts most: what must be worked out to one right answer needs the strong model more than
what can be told or written in many ways.
"""

import math
from typing import Final

import numpy as np
from msgspec import Struct

from waystation.routing.auto.grams import Floats
from waystation.routing.auto.tags import FAMILY, TAGS
from waystation.routing.auto.weights import GAP, HARD, PUZZLE, STRONG, WEAK, Weights

WORK: Final = {
    "numbers": 1.0,
    "code": 0.85,
    "puzzle": 0.7,
    "agent": 0.4,
    "data": 0.35,
    "knowledge": 0.2,
    "language": 0.15,
    "writing": 0.0,
    "talk": 0.0,
}
"""How much of each family is work with one right answer. Set, not learnt, on 2026-11-29: in the sets that we have outcomes
of, strong models lead middling ones by .26 to .33 in mathematics, physics and chemistry and by .28 in tracing code, but by
.14 to .18 in law, health, history and psychology; of writing and talk there are no outcomes, and 0 is an assumption."""
ENOUGH: Final = 0.6
"""Above this, more work counts `BEYOND` times as much: which of two worked answers needs more is for the outcomes to say."""
BEYOND: Final = 0.2


class Mix(Struct, frozen=True):
    """What counts how much beside the gap that the heads see: how hard a prompt is, and how much work it is."""

    hard: float
    work: float
    always: float = 0.0


OPEN: Final = Mix(hard=1.5, work=2.5)
OFFERED: Final = Mix(hard=0.1, work=0.05, always=0.37)
"""For questions that offer answers the heads know most, and such a question starts where knowledge does."""
HARDER: Final = 0.3
"""What work adds to the share of models that fail at an open prompt."""
_KINDS: Final = [*range(len(TAGS)), PUZZLE]
_WORK_OF: Final = np.array([*(WORK[FAMILY[tag]] for tag in TAGS), WORK["puzzle"]], np.float32)


def work(raw: Floats, temperature: float) -> Floats:
    """(..., outputs) to (...): the expected share of work, by the chances of the tags and of a puzzle."""
    chances = np.exp((raw - raw.max(axis=-1, keepdims=True))[..., _KINDS] * temperature)
    expected = chances @ _WORK_OF / chances.sum(axis=-1)
    result: Floats = np.minimum(expected, ENOUGH) + BEYOND * np.maximum(expected - ENOUGH, 0)
    return result


def raw_judgement(
    raw: Floats, temperature: float, success: tuple[float, float], *, offered: bool
) -> tuple[Floats, Floats]:
    """(..., outputs) to twice (...): hardness as a share of models that fail, and the need as a difference of chances.

    `offered`: whether the prompts offer answers. `temperature` and `success` are those of the weights' header.
    """
    hard, much = raw[..., HARD], work(raw, temperature)
    if not offered:
        return hard + HARDER * much, raw[..., GAP] + OPEN.hard * hard + OPEN.work * much
    strong = 1 / (1 + np.exp(-(raw[..., STRONG] + success[1])))
    weak = 1 / (1 + np.exp(-(raw[..., WEAK] + success[0])))
    return hard, strong - weak + OFFERED.hard * hard + OFFERED.work * much + OFFERED.always


class Judgement(Struct, frozen=True):
    """`difficulty` is 0 to 1, 0.5 for the middle prompt of its form; `need` 0 to 1, 0.5 for the middle of all trained on.

    Both rank prompts; neither is a probability.
    """

    difficulty: float
    need: float


def judgement(raw: Floats, weights: Weights, *, offered: bool) -> Judgement:
    """How hard one prompt is, and how much it needs a strong model."""
    header = weights.header
    hard, need = raw_judgement(raw, header.temperature, header.success, offered=offered)
    return Judgement(
        _placed(float(hard), header.difficulty[offered], 1.7), _placed(float(need), header.need, 1.0)
    )


def _placed(value: float, middle_and_spread: tuple[float, float], steepness: float) -> float:
    middle, spread = middle_and_spread
    return 1 / (1 + math.exp(-steepness * (value - middle) / spread))
