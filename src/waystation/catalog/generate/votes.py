"""Decides between sources that disagree: prices by weight, limits by the source that means that limit, abilities by majority."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import TypeVar

from waystation.catalog.generate.claims import Claim, is_zero
from waystation.catalog.generate.offers import Offer
from waystation.catalog.generate.sources import BY_NAME
from waystation.catalog.pricing import OVERRIDABLE, RATE_NAMES, PriceOverride, Pricing

_Value = TypeVar("_Value")
_DBU_DUST = Decimal("1e-10")
_CONTEXT_SOURCES = {"models.dev@august": 4, "models.dev@july": 2, "pi-ai": 3}


def price_of(offer: Offer) -> Pricing:
    """The rates of an offer; unknown where sources only say zero, which means a trial more often than a gift."""
    said = [claim for claim in offer.claims if claim.pricing != Pricing()]
    units = [claim for claim in said if not is_zero(claim.pricing)]
    if offer.operation == "chat" or not any(_has_unit(claim.pricing) for claim in said):
        said = units
    if not said:
        return Pricing()
    pair = _winning_pair(said, own=offer.own)
    agreeing = sorted(
        (claim for claim in said if _pair(claim) == pair), key=lambda claim: -_weight(claim, own=offer.own)
    )
    rates = {name: rate for name in RATE_NAMES if (rate := _first(agreeing, name)) is not None}
    if rates.get("internal_reasoning") == rates.get("completion"):
        rates.pop("internal_reasoning", None)
    if offer.provider == "databricks":
        rates = {name: rate.quantize(_DBU_DUST).normalize() for name, rate in rates.items()}
    return Pricing(**rates, overrides=_overrides(agreeing, rates))


def context_of(offer: Offer) -> int | None:
    """The context length. litellm gives only the prompt's limit, so it is the last resort."""
    votes: Counter[int] = Counter()
    for claim in offer.claims:
        length = claim.context if claim.source in _CONTEXT_SOURCES else None
        if length is not None and not (claim.source == "pi-ai" and offer.provider in {"openai", "azure"}):
            votes[length] += _CONTEXT_SOURCES[claim.source]
    if votes:
        return max(votes.items(), key=lambda item: (item[1], item[0]))[0]
    return max((claim.reads for claim in offer.claims if claim.reads is not None), default=None)


def limits_of(offer: Offer, context: int | None) -> tuple[int | None, int | None]:
    """The prompt's own limit where it is below the context, and the longest answer."""
    reads = _newest(
        offer.claims, lambda claim: claim.reads if claim.source.startswith("models.dev") else None
    )
    writes = _newest(offer.claims, lambda claim: claim.writes if claim.source != "litellm" else None)
    if writes is None:
        writes = _newest(offer.claims, lambda claim: claim.writes)
    if context is not None and writes is not None and writes > context:
        writes = None
    return (reads if reads is not None and context is not None and reads < context else None), writes


def majority(claims: Iterable[Claim], flag: Callable[[Claim], bool | None]) -> bool | None:
    """What most claims say, the fresher counting more; None where none says anything."""
    balance, said = 0, False
    for claim in claims:
        value = flag(claim)
        if value is not None:
            said = True
            balance += BY_NAME[claim.source].weight_own * (1 if value else -1)
    return balance > 0 if said else None


def newest(claims: Iterable[Claim], value: Callable[[Claim], _Value | None]) -> _Value | None:
    """The value in the freshest source that gives one."""
    return _newest(list(claims), value)


def _newest(claims: list[Claim], value: Callable[[Claim], _Value | None]) -> _Value | None:
    for claim in sorted(claims, key=lambda claim: BY_NAME[claim.source].date, reverse=True):
        found = value(claim)
        if found is not None:
            return found
    return None


def _winning_pair(claims: list[Claim], *, own: bool) -> tuple[Decimal | None, Decimal | None]:
    votes: dict[tuple[Decimal | None, Decimal | None], int] = defaultdict(int)
    dates: dict[tuple[Decimal | None, Decimal | None], str] = defaultdict(str)
    for claim in claims:
        pair = _pair(claim)
        votes[pair] += _weight(claim, own=own)
        dates[pair] = max(dates[pair], BY_NAME[claim.source].date)
    return max(votes, key=lambda pair: (votes[pair], dates[pair], repr(pair)))


def _weight(claim: Claim, *, own: bool) -> int:
    source = BY_NAME[claim.source]
    weight = source.weight_own if own else source.weight_host
    by_the_clock = any(override.utc_start is not None for override in claim.pricing.overrides)
    return weight * 2 if by_the_clock else weight


def _pair(claim: Claim) -> tuple[Decimal | None, Decimal | None]:
    return claim.pricing.prompt, claim.pricing.completion


def _has_unit(pricing: Pricing) -> bool:
    return any(
        rate is not None and rate > 0
        for rate in (
            pricing.search_unit,
            pricing.character,
            pricing.second,
            pricing.request,
            pricing.image_output,
        )
    )


def _first(claims: list[Claim], name: str) -> Decimal | None:
    rates: list[Decimal | None] = [getattr(claim.pricing, name) for claim in claims]
    return next((rate for rate in rates if rate is not None), None)


def _overrides(claims: list[Claim], rates: dict[str, Decimal]) -> tuple[PriceOverride, ...]:
    """Long-context tiers by their most trusted size, never from a source that does not know sizes; then clock windows."""
    votes: Counter[tuple[int, ...]] = Counter()
    for claim in claims:
        sizes = tuple(
            item.min_prompt_tokens for item in claim.pricing.overrides if item.min_prompt_tokens is not None
        )
        if sizes and claim.thresholds_known:
            votes[sizes] += BY_NAME[claim.source].weight_own
    chosen = max(votes, key=lambda sizes: (votes[sizes], sizes), default=())
    tiers = [_tier(claims, size) for size in chosen]
    windows = next((found for claim in claims if (found := _windows(claim))), ())
    return tuple(_without_repeats(override, rates) for override in (*tiers, *windows))


def _tier(claims: list[Claim], size: int) -> PriceOverride:
    told = [item for claim in claims for item in claim.pricing.overrides if item.min_prompt_tokens == size]
    rates = {
        name: next((rate for item in told if (rate := getattr(item, name)) is not None), None)
        for name in OVERRIDABLE
    }
    return PriceOverride(min_prompt_tokens=size, **rates)


def _windows(claim: Claim) -> tuple[PriceOverride, ...]:
    return tuple(item for item in claim.pricing.overrides if item.utc_start is not None)


def _without_repeats(override: PriceOverride, rates: dict[str, Decimal]) -> PriceOverride:
    changed = {
        name: None if (rate := getattr(override, name)) == rates.get(name) else rate for name in OVERRIDABLE
    }
    return PriceOverride(
        min_prompt_tokens=override.min_prompt_tokens,
        utc_start=override.utc_start,
        utc_end=override.utc_end,
        **changed,
    )
