"""Counts of positive numbers in buckets that grow by a fixed factor, so that percentiles cost little memory.

A percentile is the geometric middle of its bucket: at most 5 % off the true one (the factor is 1.1, its root 1.049).
"""

from math import exp, log
from typing import Final

GROWTH: Final = 1.1
MAX_ERROR: Final = GROWTH**0.5 - 1
"""The largest relative error of a percentile, for values between `LEAST` and `GREATEST`."""
LEAST: Final = 0.001
GREATEST: Final = 100_000.0
_LOG_GROWTH: Final = log(GROWTH)
_FIRST: Final = int(log(LEAST) / _LOG_GROWTH) - 1
_LAST: Final = int(log(GREATEST) / _LOG_GROWTH) + 1
MAX_BUCKETS: Final = _LAST - _FIRST + 1
"""No histogram holds more counts than this, whatever it is fed."""

Histogram = dict[int, int]
"""Bucket number to count; empty buckets are left out."""


def bucket_of(value: float) -> int:
    """The bucket of a value; values out of range, zero and less too, fall into the outermost ones."""
    if value <= LEAST:
        return _FIRST
    return min(int(log(value) // _LOG_GROWTH), _LAST)


def add_all(into: Histogram, counts: Histogram) -> None:
    """Add the counts of one histogram to another."""
    for bucket, count in counts.items():
        into[bucket] = into.get(bucket, 0) + count


def percentiles(counts: Histogram, shares: tuple[float, ...]) -> tuple[float, ...]:
    """The values below which these shares (0 to 1, ascending) of the counted lie; of an empty histogram: none."""
    total = sum(counts.values())
    if not total:
        return ()
    found: list[float] = []
    ranks = [share * total for share in shares]
    seen = 0
    for bucket in sorted(counts):
        seen += counts[bucket]
        while len(found) < len(ranks) and seen >= ranks[len(found)]:
            found.append(exp((bucket + 0.5) * _LOG_GROWTH))
    return tuple(found)
