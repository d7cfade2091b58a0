"""Text as hashed n-grams: words, pairs of words, and runs of 3 to 5 characters, all by vector arithmetic.

The same function makes the features in training and in serving. A word is a run of letters and digits; a character of
a script without spaces between words is a word of its own, so that its pairs are what others call words.
"""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Codes: TypeAlias = NDArray[np.uint32]
Hashes: TypeAlias = NDArray[np.uint64]
Buckets: TypeAlias = NDArray[np.uint16]
Floats: TypeAlias = NDArray[np.float32]

Grams: TypeAlias = tuple[NDArray[np.int64], Floats, int]
"""Buckets and their weights; the third is how many of them are of words, those of characters follow."""

BITS = 16
SIZE = 1 << BITS
"""Buckets of words; those of characters follow them."""
LONGEST = 1600
"""Characters that are looked at: half from the start, half from the end."""
RUNS = (3, 4, 5)

_PRIME = 0x9E3779B97F4A7C15
_MASK = (1 << 64) - 1
_DIGIT = np.uint32(ord("0"))
_STEP = np.uint32(0x01000193)
_SEPARATE, _LETTER, _ALONE = 0, 1, 2


def _kinds() -> NDArray[np.uint8]:
    """Of each character of the basic plane: part of a word, a word alone (Han, kana, Thai), or neither."""
    kinds = np.fromiter((chr(code).isalnum() for code in range(0x10000)), np.uint8, 0x10000)
    for first, last in ((0x0E00, 0x0E7F), (0x3040, 0x30FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF)):
        kinds[first : last + 1] *= _ALONE
    return kinds


def _powers(base: int, count: int) -> Hashes:
    values = [1]
    for _ in range(count - 1):
        values.append(values[-1] * base & _MASK)
    return np.array(values, np.uint64)


_KINDS = _kinds()
_POWERS = _powers(_PRIME, 2 * LONGEST)
_INVERSES = _powers(pow(_PRIME, -1, 1 << 64), 2 * LONGEST)
_LOGS = (1.0 + np.log(np.maximum(np.arange(4 * LONGEST), 1))).astype(np.float32)


def clip(text: str) -> str:
    """The start and the end of a long text."""
    half = LONGEST // 2
    return text if len(text) <= LONGEST else text[:half] + text[-half:]


def codes_of(text: str) -> Codes:
    """Character codes, in lower case, spaces in runs of one, digits all alike."""
    folded = clip(text).lower()
    codes = np.frombuffer(folded.encode("utf-32-le", "replace"), "<u4").astype(np.uint32)[: LONGEST + 1]
    codes[codes - _DIGIT < 10] = _DIGIT  # below "0" wraps around
    if "  " in folded:
        spaces = codes == 32
        keep = np.ones(len(codes), bool)
        keep[1:] = ~(spaces[1:] & spaces[:-1])
        codes = codes[keep]
    return codes


def grams(text: str) -> Grams:
    """The n-grams of a text."""
    return grams_of([text])[0]


def grams_of(texts: Sequence[str]) -> list[Grams]:
    """The n-grams of each text, hashed together. All of them may have `LONGEST` characters, and few more."""
    every = [codes_of(text) for text in texts]
    starts = [0]
    for codes in every:
        starts.append(starts[-1] + len(codes) + 2)
    padded = np.full(starts[-1], 32, np.uint32)
    for codes, start in zip(every, starts, strict=False):
        padded[start + 1 : start + 1 + len(codes)] = codes
    first, words, pairs = _words(padded)
    runs = _runs(padded)
    bounds = np.searchsorted(first, starts).tolist()
    found = []
    for number in range(len(every)):
        low, high = bounds[number], bounds[number + 1]
        start, end = starts[number], starts[number + 1]
        word_buckets, word_weights = counted(
            np.concatenate([words[low:high], pairs[low : max(high - 1, low)]])
        )
        run_buckets, run_weights = counted(
            np.concatenate(
                [run[start : max(end - length + 1, start)] for length, run in zip(RUNS, runs, strict=True)]
            )
        )
        found.append(
            (
                np.concatenate([word_buckets, run_buckets + SIZE]),
                np.concatenate([word_weights, run_weights]),
                len(word_buckets),
            )
        )
    return found


def _words(codes: Codes) -> tuple[NDArray[np.int64], Buckets, Buckets]:
    """Where words begin; their buckets; and those of each with the next."""
    kinds = _KINDS.take(codes, mode="clip")
    inside = kinds > _SEPARATE
    alone = kinds == _ALONE
    meets = ~inside[:-1], ~inside[1:]
    if alone.any():
        beside = alone[1:] | alone[:-1]
        meets = meets[0] | beside, meets[1] | beside
    starts, ends = inside.copy(), inside.copy()
    starts[1:] &= meets[0]
    ends[:-1] &= meets[1]
    first, last = np.flatnonzero(starts), np.flatnonzero(ends) + 1
    sums = np.zeros(len(codes) + 1, np.uint64)
    np.cumsum(codes * _POWERS[: len(codes)], out=sums[1:])
    words = (sums[last] - sums[first]) * _INVERSES[first]
    pairs = words[:-1] * np.uint64(0xC2B2AE3D27D4EB4F) + words[1:] * np.uint64(0x165667B19E3779F9)
    return first, _bucket(words), _bucket(pairs)


def _runs(padded: Codes) -> list[Buckets]:
    """For each length of `RUNS`: the bucket of the run that begins at each place."""
    found = []
    hashed = padded
    for length in range(2, max(RUNS) + 1):
        hashed = hashed[:-1] * _STEP + padded[length - 1 :] if len(padded) >= length else padded[:0]
        if length in RUNS:
            found.append(_scattered(hashed + np.uint32(length)))
    return found


def _bucket(hashes: Hashes) -> Buckets:
    """By 64 bits, of which multiplication has filled the upper ones best."""
    mixed = (hashes ^ (hashes >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    return (mixed >> np.uint64(64 - BITS)).astype(np.uint16)


def _scattered(hashes: Codes) -> Buckets:
    """By 32 bits, which are multiplied in half the time."""
    mixed = (hashes ^ (hashes >> np.uint32(15))) * np.uint32(0x2C1B3C6D)
    mixed = (mixed ^ (mixed >> np.uint32(12))) * np.uint32(0x297A2D39)
    return (mixed >> np.uint32(32 - BITS)).astype(np.uint16)


def counted(buckets: Buckets) -> tuple[NDArray[np.int64], Floats]:
    """Each bucket once, in order, with 1 + ln(count)."""
    if not len(buckets):
        return np.zeros(0, np.int64), np.zeros(0, np.float32)
    ordered = np.sort(buckets, kind="stable")  # by radix: they have 16 bits
    differs = np.ones(len(ordered) + 1, bool)
    np.not_equal(ordered[1:], ordered[:-1], out=differs[1:-1])
    edges = np.flatnonzero(differs)
    return ordered[edges[:-1]].astype(np.int64), _LOGS.take(edges[1:] - edges[:-1], mode="clip")
