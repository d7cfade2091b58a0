"""Rates of one endpoint, exact: USD per unit as `Decimal`. Knows nothing of usage or of what anything costs in total."""

from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

RATE_NAMES = (
    "prompt",
    "completion",
    "request",
    "image",
    "image_token",
    "image_output",
    "audio",
    "audio_output",
    "input_audio_cache",
    "web_search",
    "internal_reasoning",
    "input_cache_read",
    "input_cache_write",
    "input_cache_write_1h",
    "search_unit",
    "character",
    "second",
)
"""Every rate of `Pricing`, in the order of the spec's `PublicPricing`; the last three are ours."""

OVERRIDABLE = (
    "prompt",
    "completion",
    "audio",
    "audio_output",
    "image_token",
    "input_audio_cache",
    "internal_reasoning",
    "input_cache_read",
    "input_cache_write",
    "input_cache_write_1h",
)
"""The rates a `PriceOverride` may replace."""


class PriceOverride(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Other rates under a condition: all conditions given must hold, a rate of None keeps the base rate.

    `min_prompt_tokens` is strictly exceeded. `utc_start` and `utc_end` are clock numbers (1030 is 10:30) of a daily
    half-open window that wraps past midnight where the start is the later one. Source: spec `PricingOverride`.
    """

    min_prompt_tokens: int | None = None
    utc_start: int | None = None
    utc_end: int | None = None
    prompt: Decimal | None = None
    completion: Decimal | None = None
    audio: Decimal | None = None
    audio_output: Decimal | None = None
    image_token: Decimal | None = None
    input_audio_cache: Decimal | None = None
    internal_reasoning: Decimal | None = None
    input_cache_read: Decimal | None = None
    input_cache_write: Decimal | None = None
    input_cache_write_1h: Decimal | None = None

    def applies(self, prompt_tokens: int, clock: int) -> bool:
        """Whether every condition holds, `clock` being the UTC time as HHMM."""
        if self.min_prompt_tokens is not None and prompt_tokens <= self.min_prompt_tokens:
            return False
        return self.utc_start is None or self.utc_end is None or _inside(clock, self.utc_start, self.utc_end)


class Pricing(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """USD per token or unit. None is unknown, `Decimal(0)` is really free; they are never the same.

    Names and units are the spec's `PublicPricing`; a cache rate of None means the prompt rate (contract 16).
    `search_unit` (rerank), `character` (speech input) and `second` (audio input) have no name there.
    """

    prompt: Decimal | None = None
    completion: Decimal | None = None
    request: Decimal | None = None
    image: Decimal | None = None
    image_token: Decimal | None = None
    image_output: Decimal | None = None
    audio: Decimal | None = None
    audio_output: Decimal | None = None
    input_audio_cache: Decimal | None = None
    web_search: Decimal | None = None
    internal_reasoning: Decimal | None = None
    input_cache_read: Decimal | None = None
    input_cache_write: Decimal | None = None
    input_cache_write_1h: Decimal | None = None
    search_unit: Decimal | None = None
    character: Decimal | None = None
    second: Decimal | None = None
    discount: Decimal = Decimal(0)
    overrides: tuple[PriceOverride, ...] = ()

    def at(self, prompt_tokens: int, clock: int) -> "Pricing":
        """The rates for a prompt of this size at UTC `clock` (HHMM): later overrides win per rate. No discount applied."""
        changes: dict[str, Decimal] = {}
        for override in self.overrides:
            if override.applies(prompt_tokens, clock):
                rates = ((name, getattr(override, name)) for name in OVERRIDABLE)
                changes.update((name, rate) for name, rate in rates if rate is not None)
        return replace(self, **changes) if changes else self


def _inside(clock: int, start: int, end: int) -> bool:
    return start <= clock < end if start <= end else clock >= start or clock < end
