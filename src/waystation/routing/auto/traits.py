"""Text as a few dozen measures of its form: lengths, numbers, signs, words that ask for care. No knowledge of subjects.

`SCALED` of them are given again for multiple-choice questions and for word problems, because what makes those hard
differs: a long multiple-choice question is often easier, a long word problem is harder.
"""

import re
from math import log1p

import numpy as np

from waystation.routing.auto.grams import Floats, clip

NAMES = (
    "one",
    "characters",
    "words",
    "word_length",
    "long_words",
    "distinct_words",
    "sentences",
    "sentence_length",
    "lines",
    "questions",
    "digits",
    "numbers",
    "operators",
    "latex",
    "code_signs",
    "capitals",
    "negations",
    "conditions",
    "quantifiers",
    "comparisons",
    "rates",
    "options",
    "option_length",
    "blanks",
    "quotes",
    "names",
    "foreign",
    "superlatives",
)
"""What each measure is; counts are ln(1 + n), shares are between 0 and 1, "one" is the constant."""

_WORD = re.compile(r"[^\W\d_]+")
_NUMBER = re.compile(r"\d+(?:[.,:/]\d+)*")
_OPTION = re.compile(r"^\s*\(?[A-J][.):]\s+(.*)$", re.MULTILINE)
_SENTENCE = re.compile(r"[.!?。！？](?=\s|$)|[。！？]")
_OPERATOR = re.compile(r"[=<>^*/+×÷≤≥±√∑∫%$€£]")
_LATEX = re.compile(r"\\[a-zA-Z]+|[_^]\{|\$")
_CODE = re.compile(r"[{}();\[\]]|=>|->|::|==")
_NEGATION = re.compile(
    r"\b(?:not|no|never|none|neither|nor|without|except|least|false|incorrect|cannot)\b|n't\b"
)
_CONDITION = re.compile(
    r"\b(?:if|then|when|suppose|assume|given|let|such that|unless|whether|would|should|could)\b"
)
_QUANTIFIER = re.compile(
    r"\b(?:all|every|each|any|some|only|both|exactly|total|altogether|remaining|rest|left)\b"
)
_COMPARISON = re.compile(
    r"\b(?:more|less|fewer|greater|than|twice|half|double|triple|times|third|quarter|percent|most)\b|%"
)
_RATE = re.compile(
    r"\b(?:per|hour|hours|day|days|week|weeks|month|months|year|years|minutes|every|rate|speed)\b"
)
_SUPERLATIVE = re.compile(
    r"\b(?:best|most|which|following|primarily|likely|according|author|describes?|statement)\b"
)
_CAPITALISED = re.compile(r"(?<=[a-z,] )[A-Z][a-z]+")


def options_of(text: str) -> list[str]:
    """The answers offered by a multiple-choice question; empty where it is none."""
    found = _OPTION.findall(text)
    return found if len(found) >= 2 else []


def traits(text: str) -> Floats:
    """The measures of a text, in the order of `NAMES`."""
    text = clip(text.strip())
    folded = text.lower()
    words = _WORD.findall(folded)
    offered = options_of(text)
    body = text.partition("\nA. ")[0] if offered else text
    size, count = max(len(text), 1), max(len(words), 1)
    sentences = len(_SENTENCE.findall(body)) + 1
    return np.array(
        [
            1.0,
            log1p(len(body)),
            log1p(len(words)),
            sum(map(len, words)) / count / 5,
            sum(len(word) > 8 for word in words) / count,
            len(set(words)) / count,
            log1p(sentences),
            log1p(len(body.split()) / sentences),
            log1p(text.count("\n")),
            log1p(text.count("?")),
            sum(map(str.isdigit, text)) / size * 5,
            log1p(len(_NUMBER.findall(body))),
            log1p(len(_OPERATOR.findall(text))),
            log1p(len(_LATEX.findall(text))),
            log1p(len(_CODE.findall(text))),
            sum(map(str.isupper, text)) / size * 5,
            log1p(len(_NEGATION.findall(folded))),
            log1p(len(_CONDITION.findall(folded))),
            log1p(len(_QUANTIFIER.findall(folded))),
            log1p(len(_COMPARISON.findall(folded))),
            log1p(len(_RATE.findall(folded))),
            log1p(len(offered)),
            log1p(sum(map(len, offered)) / max(len(offered), 1)),
            log1p(text.count("__") + text.count("...")),
            log1p(text.count('"') + text.count("“")),
            log1p(len(_CAPITALISED.findall(text))),
            sum(character > "\x7f" for character in text) / size,
            log1p(len(_SUPERLATIVE.findall(folded))),
        ],
        np.float32,
    )
