"""The rates of a `Pricing` as integers over one common denominator, so that a cost is a few integer products.

Decides which rate a counter without one of its own takes (contract sections 16 and 20). Knows no usage.
"""

from decimal import Decimal
from fractions import Fraction
from math import lcm
from typing import TypeAlias

from msgspec import Struct

from waystation.catalog.pricing import Pricing
from waystation.credits.money import NANO

Side: TypeAlias = tuple[int | None, ...]
_ZERO = Decimal(0)
_WHOLE = Fraction(1)


class Rates(Struct, frozen=True):
    """Nano-dollars a unit times `scale`, None where unknown; the discount is in what is counted in tokens.

    `prompt`: plain, cache read, cache write, 1-hour cache write, audio. `completion`: plain, reasoning, audio.
    """

    scale: int
    prompt: Side
    completion: Side
    image_output: int | None
    request: int | None
    web_search: int | None

    @classmethod
    def of(cls, pricing: Pricing) -> "Rates":
        """The rates of one set of prices, overrides already applied (`Pricing.at`).

        Cached, written and audio input cost what other input costs where no rate is given, and reasoning what other
        output costs. Sound and images that come out, and searches, are unknown without a rate of their own: they are
        far dearer than text; but where text is free all is.
        """
        written = _first(pricing.input_cache_write, pricing.prompt)
        otherwise = _ZERO if pricing.prompt == pricing.completion == _ZERO else None
        tokens = (
            pricing.prompt,
            _first(pricing.input_cache_read, pricing.prompt),
            written,
            _first(pricing.input_cache_write_1h, written),
            _first(pricing.audio, pricing.prompt),
            pricing.completion,
            _first(pricing.internal_reasoning, pricing.completion),
            _first(pricing.audio_output, otherwise),
        )
        units = (
            _first(pricing.image_output, otherwise),
            _first(pricing.request, _ZERO),
            _first(pricing.web_search, otherwise),
        )
        kept = 1 - Fraction(pricing.discount)
        exact = [*(_nano(rate, kept) for rate in tokens), *(_nano(rate, _WHOLE) for rate in units)]
        scale = lcm(*(rate.denominator for rate in exact if rate is not None))
        whole = tuple(None if rate is None else int(rate * scale) for rate in exact)
        image_output, request, web_search = whole[8:]
        return cls(scale, whole[:5], whole[5:8], image_output, request, web_search)

    def rounded(self, scaled: int) -> int:
        """Whole nano-dollars, half a one rounded up."""
        return (2 * scaled + self.scale) // (2 * self.scale)


def _first(rate: Decimal | None, otherwise: Decimal | None) -> Decimal | None:
    return otherwise if rate is None else rate


def _nano(rate: Decimal | None, factor: Fraction) -> Fraction | None:
    """Nano-dollars a unit; a negative rate is a catalogue's way to say that the price varies, so it is unknown."""
    if rate is None or not rate.is_finite() or rate < 0:
        return None
    return Fraction(rate) * NANO * factor
