"""Text as a few dozen measures of its form: lengths, numbers, signs, words that ask for care. No knowledge of subjects.

`SCALED` of them are given again for multiple-choice questions and for word problems, because what makes those hard
differs: a long multiple-choice question is often easier, a long word problem is harder.
"""

import re
from collections import Counter
from math import log1p

import numpy as np
from numpy.typing import NDArray

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
_OPTION = re.compile(r"^\s*\(?[A-J][.):]\s+(.*)$", re.MULTILINE)
_COMMAND = re.compile(r"\\[a-zA-Z]+")
_OPERATORS, _CODE, _SENTENCES = (
    "=<>^*/+%$\u00d7\u00f7\u2264\u2265\u00b1\u221a\u2211\u222b\u20ac\u00a3",
    "{}();[]",
    ".!?\u3002\uff01\uff1f",
)
_ARROWS = ("=>", "->", "::", "==")
_DIGIT, _CAPITAL, _SMALL, _OPERATOR, _BRACKET, _SENTENCE, _JOINT, _FOREIGN = (1 << bit for bit in range(8))
"""Of a character: what it counts as. A joint stands between the digits of one number."""
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


def _classes() -> NDArray[np.uint8]:
    """What each character of the basic plane counts as; the others are foreign, like the last of them."""
    classes = np.zeros(0x10000, np.uint8)
    classes[128:] = _FOREIGN
    for characters, kind in (
        ("0123456789", _DIGIT),
        ("ABCDEFGHIJKLMNOPQRSTUVWXYZ", _CAPITAL),
        ("abcdefghijklmnopqrstuvwxyz", _SMALL),
        (_OPERATORS, _OPERATOR),
        (_CODE, _BRACKET),
        (_SENTENCES, _SENTENCE),
        (".,:/", _JOINT),
    ):
        classes[[ord(character) for character in characters]] |= kind
    return classes


_CLASSES = _classes()
_BITS = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1, bitorder="little").astype(np.int64)


def traits(text: str) -> Floats:
    """The measures of a text, in the order of `NAMES`."""
    text = clip(text.strip())
    words = _WORD.findall(text.lower())
    lengths = [len(word) for word in words]
    found = Counter(words)
    offered = options_of(text)
    body = text.partition("\nA. ")[0] if offered else text
    count = max(len(words), 1)
    classes = _classes_of(text)
    in_body = classes[: len(body)]
    digits, capitals, _, operators, brackets, sentences, _, foreign = _counts(classes)
    if offered:
        sentences = _counts(in_body)[5]
    sentences += 1
    size = max(len(text), 1)
    said = [0] * len(_SAYING)
    for word in _KIND.keys() & found.keys():
        said[_KIND[word]] += found[word]
    return np.array(
        [
            1.0,
            log1p(len(body)),
            log1p(len(words)),
            sum(lengths) / count / 5,
            len([length for length in lengths if length > 8]) / count,
            len(found) / count,
            log1p(sentences),
            log1p(len(body.split()) / sentences),
            log1p(text.count("\n")),
            log1p(text.count("?")),
            digits / size * 5,
            log1p(_numbers(in_body) if digits else 0),
            log1p(operators),
            log1p(_latex(text)),
            log1p(brackets + sum(map(text.count, _ARROWS))),
            capitals / size * 5,
            *[log1p(number) for number in said[:5]],
            log1p(len(offered)),
            log1p(sum(map(len, offered)) / max(len(offered), 1)),
            log1p(text.count("__") + text.count("...")),
            log1p(text.count('"')),
            log1p(_names(text, classes)),
            foreign / size,
            log1p(said[5]),
        ],
        np.float32,
    )


def _classes_of(text: str) -> NDArray[np.uint8]:
    codes = np.frombuffer(text.encode("utf-32-le", "replace"), "<u4")
    return _CLASSES.take(codes, mode="clip")


def _counts(classes: NDArray[np.uint8]) -> list[int]:
    """How many characters are of each kind, in the order of the kinds' bits."""
    counts: list[int] = (np.bincount(classes, minlength=256) @ _BITS).tolist()
    return counts


def _latex(text: str) -> int:
    """Commands, signs around formulas, and braces after a sub- or superscript."""
    commands = len(_COMMAND.findall(text)) if "\\" in text else 0
    return commands + text.count("$") + text.count("_{") + text.count("^{")


def _numbers(classes: NDArray[np.uint8]) -> int:
    """Runs of digits, those that a point, comma, colon or slash joins counted once."""
    digits = classes & np.uint8(_DIGIT) != 0
    starts = digits.copy()
    starts[1:] &= ~digits[:-1]
    starts[2:] &= ~((classes[1:-1] & np.uint8(_JOINT) != 0) & digits[:-2])
    return int(np.count_nonzero(starts))


def _names(text: str, classes: NDArray[np.uint8]) -> int:
    """Words with a capital that follow a word in small letters, or a comma."""
    if len(classes) < 4:
        return 0
    capitals = np.flatnonzero(classes[2:-1] & np.uint8(_CAPITAL)).tolist()
    if not capitals:
        return 0
    around = classes.tobytes()
    found = 0
    for before in capitals:
        if text[before + 1] == " " and around[before + 3] & _SMALL:
            found += bool(around[before] & _SMALL) or text[before] == ","
    return found
