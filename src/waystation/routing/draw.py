"""The chance in a draw: a number for each endpoint, fixed by the request's seed and the endpoint's salt alone.

So equal seeds draw alike, and whether another endpoint takes part changes nothing between two others.
"""

from math import log
from typing import Final

_MASK: Final = (1 << 64) - 1
_UNIT: Final = 2.0**-64


def exponential(seed: int, salt: int) -> float:
    """A number above 0 of the exponential distribution with mean 1.

    The bits are mixed as the SplitMix64 generator finishes its own (Steele, Lea and Flood, 2014).
    """
    bits = (seed * 0x9E3779B97F4A7C15 + salt) & _MASK
    bits = ((bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    bits = ((bits ^ (bits >> 27)) * 0x94D049BB133111EB) & _MASK
    return -log(((bits ^ (bits >> 31)) + 0.5) * _UNIT)
