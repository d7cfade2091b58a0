"""What one source says about one model at one provider, in our units. Nothing is believed yet."""

from decimal import Decimal

from msgspec import Struct

from waystation.catalog.pricing import Pricing

MILLION = Decimal(1_000_000)
_DUST = Decimal("1e-12")


class Claim(Struct, frozen=True, kw_only=True):
    """One row of one source. `section` is the source's own word for the provider; rates are USD per token or unit.

    None is "does not say". `released` and `retires` are `YYYY-MM-DD`; `reads` is the limit on the prompt alone.
    """

    source: str
    section: str
    native_id: str
    name: str | None = None
    operation: str = "chat"
    protocol: str | None = None
    context: int | None = None
    reads: int | None = None
    writes: int | None = None
    inputs: tuple[str, ...] | None = None
    outputs: tuple[str, ...] | None = None
    tools: bool | None = None
    structured: bool | None = None
    reasoning: bool | None = None
    temperature: bool | None = None
    efforts: tuple[str, ...] | None = None
    default_effort: str | None = None
    budget: bool = False
    toggle: bool = False
    always_reasons: bool = False
    open_weights: bool | None = None
    hugging_face_id: str | None = None
    knowledge: str | None = None
    released: str | None = None
    retires: str | None = None
    deprecated: bool = False
    base_model: str | None = None
    caches: bool = False
    pricing: Pricing = Pricing()
    tiers: dict[str, Pricing] = {}
    thresholds_known: bool = True


def per_million(rate: Decimal | None) -> Decimal | None:
    """A rate per million as a rate per one; negative rates are placeholders, so unknown."""
    return exact(rate / MILLION) if rate is not None else None


def exact(rate: Decimal | None) -> Decimal | None:
    """A rate without the dust that binary floats leave (1e-12 USD and below); negative rates are unknown."""
    if rate is None or rate < 0:
        return None
    return plain(rate.quantize(_DUST)) if rate < MILLION else None


def plain(rate: Decimal) -> Decimal:
    """The same number without trailing zeros or a positive exponent."""
    if rate == 0:
        return Decimal(0)
    return Decimal(format(rate.normalize(), "f"))


def is_zero(pricing: Pricing) -> bool:
    """Whether a row says "free" for both directions, which most often means a trial, or that nobody knows."""
    return pricing.prompt == 0 and not pricing.completion
