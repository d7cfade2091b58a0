"""What a prompt is: its task tag, how sure that is, and how hard it is for its kind. Arithmetic on the trained weights."""

import math
import re

import numpy as np
from msgspec import Struct

from waystation.routing.auto.grams import Floats, Grams, clip, grams, grams_of
from waystation.routing.auto.need import judgement
from waystation.routing.auto.tags import FAMILIES, FAMILY, OTHER, TAGS
from waystation.routing.auto.traits import NAMES, traits
from waystation.routing.auto.weights import FILLER, Weights

SURE_OF_TAG = 0.12
SURE_OF_FAMILY = 0.15
"""Below these chances a tag is not said, and then a family is not."""
CLEARLY = 0.6
"""The share of the clearest paragraph's margin below which another is passed over."""
PARAGRAPHS = 6
"""Paragraphs that are looked at apart; the middle of longer texts is one."""
_BLANK = re.compile(r"\n[^\S\n]*\n\s*")
_OPTIONS = NAMES.index("options")
_FAMILY_OF = np.array([list(FAMILIES).index(FAMILY[tag]) for tag in TAGS])


class Reading(Struct, frozen=True):
    """`difficulty` is 0 to 1, 0.5 the middle of its form (open, or with answers to choose from); `need` of a strong model
    is 0 to 1, 0.5 the middle of all that was trained on.

    `tag` is `other` where not even the family is certain, and the family's name where only that is. `brief`: the text is
    so short ("go on") that it may belong to any task.
    """

    tag: str
    family: str
    confidence: float
    difficulty: float
    need: float
    rule: str | None = None
    brief: bool = False


class Measured(Struct, frozen=True):
    """A text's raw value of every output (the tags, then the heads), and whether it offers answers to choose from."""

    raw: Floats
    offered: bool


def outputs(text: str, weights: Weights) -> Measured:
    """Measure a text."""
    return _measured(text, grams(text), weights)


def _measured(text: str, found: Grams, weights: Weights) -> Measured:
    buckets, counts, words = found
    values = counts * weights.idf.take(buckets)
    for part in (slice(0, words), slice(words, None)):
        norm = math.sqrt(float(np.dot(values[part], values[part])))
        if norm:
            values[part] /= norm
    sparse = values @ weights.table.take(buckets, axis=0).astype(np.float32)
    measured = traits(text)
    scaled = np.minimum(np.maximum((measured - weights.means) / weights.spreads, -3), 3)
    size = len(NAMES)
    dense = scaled @ weights.dense[:size]
    offered = bool(measured[_OPTIONS] > 0)
    if offered:
        dense = dense + scaled @ weights.dense[size:]
    return Measured(sparse * weights.scales + dense, offered)


def essence(text: str, weights: Weights) -> str:
    """The text without its paragraphs that ask nothing or hardly anything; all of it where that would leave nothing.

    So padding does not move a choice, and of a document with a request about it the request is read.
    """
    parts = _BLANK.split(clip(text).strip())
    if len(parts) == 1:
        return text
    if len(parts) > PARAGRAPHS:
        half = PARAGRAPHS // 2
        parts = [*parts[:half], "\n\n".join(parts[half:-half]), *parts[-half:]]
    each = zip(parts, grams_of(parts), strict=True)
    margins = [_asks(_measured(part, found, weights).raw) for part, found in each]
    least = max(0.0, CLEARLY * max(margins))
    asking = [part for part, margin in zip(parts, margins, strict=True) if margin > least]
    return "\n\n".join(asking) if asking else text


def _asks(raw: Floats) -> float:
    """By how much the likeliest tag is ahead of asking nothing."""
    return float(raw[: len(TAGS)].max() - raw[FILLER])


def chances(raw: Floats, weights: Weights) -> Floats:
    """The chance of each tag."""
    scores = raw[: len(TAGS)] * weights.header.temperature
    exponentials = np.exp(scores - scores.max())
    result: Floats = exponentials / exponentials.sum()
    return result


def read(text: str, weights: Weights) -> Reading:
    """Read one prompt."""
    measured = outputs(essence(text, weights), weights)
    return reading_of(chances(measured.raw, weights), measured, weights)


def reading_of(likely: Floats, measured: Measured, weights: Weights, rule: str | None = None) -> Reading:
    """The reading that chances of tags and raw heads amount to."""
    best = int(likely.argmax())
    families = np.bincount(_FAMILY_OF, likely, len(FAMILIES))
    family = list(FAMILIES)[int(families.argmax())]
    tag, confidence = TAGS[best], float(likely[best])
    if confidence < SURE_OF_TAG:
        tag, confidence = family, float(families.max())
        if confidence < SURE_OF_FAMILY:
            tag = family = OTHER
    else:
        family = FAMILY[tag]
    judged = judgement(measured.raw, weights, offered=measured.offered)
    return Reading(tag, family, confidence, judged.difficulty, judged.need, rule)
