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
_SENTENCE = re.compile("[.!?\u3002\uff01\uff1f]")
_OPERATOR = re.compile("[=<>^*/+\u00d7\u00f7\u2264\u2265\u00b1\u221a\u2211\u222b%$\u20ac\u00a3]")
_LATEX = re.compile(r"\\[a-zA-Z]+|[_^]\{|\$")
_CODE = re.compile(r"[{}();\[\]]|=>|->|::|==")
_CAPITALISED = re.compile(r"(?<=[a-z,] )[A-Z][a-z]+")
_SAYING: dict[str, str] = {
    "negations": "not no never none neither nor without except least false incorrect cannot t",
    "conditions": "if then when suppose assume given let such unless whether would should could",
    "quantifiers": "all every each any some only both exactly total altogether remaining rest left",
    "comparisons": "more less fewer greater than twice half double triple times third quarter percent",
    "rates": "per hour hours day days week weeks month months year years minutes rate speed",
    "superlatives": "best most which following primarily likely according author describe describes statement",
}
"""Words that say something of a question's form; the "t" is that of "doesn't"."""
_KIND = {word: place for place, words in enumerate(_SAYING.values()) for word in words.split()}


def options_of(text: str) -> list[str]:
    """The answers offered by a multiple-choice question; empty where it is none."""
    found = _OPTION.findall(text)
    return found if len(found) >= 2 else []


def traits(text: str) -> Floats:
    """The measures of a text, in the order of `NAMES`."""
    text = clip(text.strip())
    words = _WORD.findall(text.lower())
    offered = options_of(text)
    body = text.partition("\nA. ")[0] if offered else text
    count = max(len(words), 1)
    sentences = len(_SENTENCE.findall(body)) + 1
    digits, capitals, foreign = _shares(text)
    said = [0] * len(_SAYING)
    for word in words:
        kind = _KIND.get(word)
        if kind is not None:
            said[kind] += 1
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
            digits * 5,
            log1p(len(_NUMBER.findall(body))),
            log1p(len(_OPERATOR.findall(text))),
            log1p(len(_LATEX.findall(text))),
            log1p(len(_CODE.findall(text))),
            capitals * 5,
            *[log1p(number) for number in said[:5]],
            log1p(len(offered)),
            log1p(sum(map(len, offered)) / max(len(offered), 1)),
            log1p(text.count("__") + text.count("...")),
            log1p(text.count('"')),
            log1p(len(_CAPITALISED.findall(text))),
            foreign,
            log1p(said[5]),
        ],
        np.float32,
    )


def _shares(text: str) -> tuple[float, float, float]:
    """The shares of digits, of capitals, and of characters beyond ASCII."""
    if not text:
        return 0.0, 0.0, 0.0
    codes = np.frombuffer(text.encode("utf-32-le", "replace"), "<u4")
    digits = np.count_nonzero((codes >= 48) & (codes <= 57))
    capitals = np.count_nonzero((codes >= 65) & (codes <= 90))
    return digits / len(codes), capitals / len(codes), np.count_nonzero(codes > 127) / len(codes)
