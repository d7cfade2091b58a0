from decimal import Decimal

import msgspec
import pytest

from waystation.catalog.pricing import PriceOverride, Pricing

BASE = Pricing(prompt=Decimal(1), completion=Decimal(4), input_cache_read=Decimal("0.1"))


def with_overrides(*overrides: PriceOverride) -> Pricing:
    return msgspec.structs.replace(BASE, overrides=overrides)


def test_a_long_context_rate_holds_only_above_its_threshold() -> None:
    pricing = with_overrides(PriceOverride(min_prompt_tokens=200_000, prompt=Decimal(2)))
    assert pricing.at(200_000, 0).prompt == 1
    assert pricing.at(200_001, 0).prompt == 2
    assert pricing.at(200_001, 0).completion == 4


@pytest.mark.parametrize(
    ("clock", "prompt"), [(99, 1), (100, 3), (359, 3), (400, 1), (2230, 1), (2359, 1), (0, 1)]
)
def test_a_window_is_half_open(clock: int, prompt: int) -> None:
    assert (
        with_overrides(PriceOverride(utc_start=100, utc_end=400, prompt=Decimal(3))).at(1, clock).prompt
        == prompt
    )


@pytest.mark.parametrize(("clock", "prompt"), [(1629, 1), (1630, 3), (2359, 3), (0, 3), (29, 3), (30, 1)])
def test_a_window_may_wrap_past_midnight(clock: int, prompt: int) -> None:
    assert (
        with_overrides(PriceOverride(utc_start=1630, utc_end=30, prompt=Decimal(3))).at(1, clock).prompt
        == prompt
    )


def test_among_overrides_that_apply_the_later_wins_per_rate() -> None:
    pricing = with_overrides(
        PriceOverride(min_prompt_tokens=10, prompt=Decimal(2), completion=Decimal(8)),
        PriceOverride(min_prompt_tokens=20, prompt=Decimal(3)),
    )
    assert (pricing.at(21, 0).prompt, pricing.at(21, 0).completion) == (Decimal(3), Decimal(8))


def test_all_conditions_of_an_override_must_hold() -> None:
    pricing = with_overrides(
        PriceOverride(min_prompt_tokens=10, utc_start=100, utc_end=200, prompt=Decimal(2))
    )
    assert pricing.at(11, 50).prompt == 1
    assert pricing.at(10, 150).prompt == 1
    assert pricing.at(11, 150).prompt == 2


def test_unknown_and_free_stay_apart_on_the_way_to_disk_and_back() -> None:
    for pricing in (Pricing(), Pricing(prompt=Decimal(0)), Pricing(prompt=Decimal("0.00000025"))):
        assert msgspec.json.decode(msgspec.json.encode(pricing), type=Pricing) == pricing
    assert msgspec.json.decode(b"{}", type=Pricing).prompt is None
