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

PromptRates: TypeAlias = tuple[int, int, int, int, int]
"""Plain, cache read, cache write, 1-hour cache write, audio."""
CompletionRates: TypeAlias = tuple[int, int, int]
"""Plain, reasoning, audio."""
UnitRates: TypeAlias = tuple[int, int, int, int]
"""Request, image made, search of the web, search unit of a rerank."""

_ZERO = Decimal(0)
_WHOLE = Fraction(1)


class Rates(Struct, frozen=True):
    """Nano-dollars a unit times `scale`; the discount is in what is counted in tokens.

    `*_gaps` are the positions of the rates that nobody knows, which stand as 0 in the tuple beside them.
    """

    scale: int
    prompt: PromptRates
    completion: CompletionRates
    units: UnitRates
    prompt_gaps: tuple[int, ...]
    completion_gaps: tuple[int, ...]
    unit_gaps: tuple[int, ...]

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
            _first(pricing.request, _ZERO),
            _first(pricing.image_output, otherwise),
            _first(pricing.web_search, otherwise),
            pricing.search_unit,
        )
        kept = 1 - Fraction(pricing.discount)
        exact = [*(_nano(rate, kept) for rate in tokens), *(_nano(rate, _WHOLE) for rate in units)]
        scale = lcm(*(rate.denominator for rate in exact if rate is not None))
        a, b, c, d, e, f, g, h, i, j, k, m = (0 if rate is None else int(rate * scale) for rate in exact)
        gaps = (_gaps(exact[:5]), _gaps(exact[5:8]), _gaps(exact[8:]))
        return cls(scale, (a, b, c, d, e), (f, g, h), (i, j, k, m), *gaps)

    def rounded(self, scaled: int) -> int:
        """Whole nano-dollars, half a one rounded up."""
        scale = self.scale
        return scaled if scale == 1 else (2 * scaled + scale) // (2 * scale)


def _first(rate: Decimal | None, otherwise: Decimal | None) -> Decimal | None:
    return otherwise if rate is None else rate


def _nano(rate: Decimal | None, factor: Fraction) -> Fraction | None:
    """Nano-dollars a unit; a negative rate is a catalogue's way to say that the price varies, so it is unknown."""
    if rate is None or not rate.is_finite() or rate < 0:
        return None
    return Fraction(rate) * NANO * factor


def _gaps(rates: list[Fraction | None]) -> tuple[int, ...]:
    return tuple(position for position, rate in enumerate(rates) if rate is None)
