"""Costs worked out by hand, in nano-dollars: each priced dimension, the edges of tiers and windows, and what is unknown."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from waystation.catalog.pricing import PriceOverride, Pricing
from waystation.credits.cost import Tariff
from waystation.operations.usage import Usage


def prices(**usd: str) -> Pricing:
    """Rates as decimal strings."""
    return replace(Pricing(), **{name: Decimal(rate) for name, rate in usd.items()})


def override(size: int | None = None, window: tuple[int, int] | None = None, **usd: str) -> PriceOverride:
    """Other rates above a size, within a window, or both."""
    start, end = window or (None, None)
    rates: dict[str, Any] = {name: Decimal(rate) for name, rate in usd.items()}
    return PriceOverride(min_prompt_tokens=size, utc_start=start, utc_end=end, **rates)


TEXT = prices(prompt="0.000003", completion="0.000015")
SMALL = prices(prompt="0.00000015", completion="0.0000006")
HALF = prices(prompt="0.0000000375", completion="0")
QUARTER = prices(prompt="0.00000000025", completion="0.00000000025")
CACHED = prices(
    prompt="0.000003",
    completion="0.000015",
    input_cache_read="0.0000003",
    input_cache_write="0.00000375",
    input_cache_write_1h="0.000006",
)
EXPLICIT = prices(
    prompt="0.0000003", completion="0.0000025", input_cache_read="0.00000003", input_cache_write="0.000000083"
)
WRITTEN = prices(prompt="0.000003", completion="0.000015", input_cache_write="0.00000375")
THINKING = prices(prompt="0.000003", completion="0.000015", internal_reasoning="0.00002")
THRIFTY = prices(prompt="0.000003", completion="0.000015", internal_reasoning="0.00001")
SOUND = prices(prompt="0.0000025", completion="0.00001", audio="0.00004", audio_output="0.00008")
PICTURES = prices(prompt="0.0000003", completion="0.0000025", image_output="0.039")
FEE = prices(prompt="0.000003", completion="0.000015", request="0.005")
SEARCH = prices(prompt="0.000003", completion="0.000015", web_search="0.01")
FREE = prices(prompt="0", completion="0")
LONG = replace(
    prices(prompt="0.00000125", completion="0.00001", input_cache_read="0.000000125"),
    overrides=(override(200_000, prompt="0.0000025", completion="0.000015", input_cache_read="0.00000025"),),
)
STEPS = replace(
    prices(prompt="0.000001", completion="0.000005"),
    overrides=(override(100, prompt="0.000002"), override(1000, prompt="0.000003")),
)
NIGHT = replace(
    prices(prompt="0.00000027", completion="0.0000011"),
    overrides=(override(window=(1630, 30), prompt="0.000000135", completion="0.00000055"),),
)
OFFICE = replace(
    prices(prompt="0.0000001", completion="0"), overrides=(override(window=(900, 1700), prompt="0.00000005"),)
)
LONG_NIGHT = replace(
    prices(prompt="0.00000027", completion="0"),
    overrides=(override(1000, (1630, 30), prompt="0.000000135"),),
)
FLEX = prices(prompt="0.000000625", completion="0.000005")
PRIORITY = prices(prompt="0.0000025", completion="0.00002")
NOON = 1200

Case = tuple[str, Pricing, dict[str, int], int, int | None]
P, C = "prompt_tokens", "completion_tokens"
READ, WRITE, HOUR = "cached_tokens", "cache_write_tokens", "cache_write_1h_tokens"
THOUGHT, HEARD, SAID = "reasoning_tokens", "audio_prompt_tokens", "audio_completion_tokens"
DRAWN, SEARCHED = "image_completion_tokens", "web_search_requests"

TABLE: list[Case] = [
    ("one token in", TEXT, {P: 1}, NOON, 3_000),
    ("a thousand in", TEXT, {P: 1000}, NOON, 3_000_000),
    ("one token out", TEXT, {C: 1}, NOON, 15_000),
    ("a thousand out", TEXT, {C: 1000}, NOON, 15_000_000),
    ("in and out", TEXT, {P: 1234, C: 567}, NOON, 12_207_000),
    ("nothing", TEXT, {}, NOON, 0),
    ("a small model", SMALL, {P: 7, C: 3}, NOON, 2_850),
    ("half a nano-dollar is rounded up", HALF, {P: 1}, NOON, 38),
    ("two halves are one", HALF, {P: 2}, NOON, 75),
    ("half a nano-dollar more", HALF, {P: 3}, NOON, 113),
    ("a quarter is nothing", QUARTER, {P: 1}, NOON, 0),
    ("two quarters are rounded up", QUARTER, {P: 2}, NOON, 1),
    ("rounded once, over the whole", QUARTER, {P: 1, C: 1}, NOON, 1),
    ("all read from the cache", CACHED, {P: 1000, READ: 1000}, NOON, 300_000),
    ("all but one read", CACHED, {P: 1000, READ: 999}, NOON, 302_700),
    ("all written", CACHED, {P: 1000, WRITE: 1000}, NOON, 3_750_000),
    ("all written for an hour", CACHED, {P: 1000, WRITE: 1000, HOUR: 1000}, NOON, 6_000_000),
    ("written for both", CACHED, {P: 100, WRITE: 100, HOUR: 40}, NOON, 465_000),
    ("read, written, new", CACHED, {P: 1000, READ: 500, WRITE: 300, HOUR: 100}, NOON, 2_100_000),
    ("the same and an answer", CACHED, {P: 1000, READ: 500, WRITE: 300, HOUR: 100, C: 10}, NOON, 2_250_000),
    ("no rate for reading", TEXT, {P: 1000, READ: 500}, NOON, 3_000_000),
    ("no rate for writing", TEXT, {P: 1000, WRITE: 400}, NOON, 3_000_000),
    ("no rate for an hour", WRITTEN, {P: 10, WRITE: 10, HOUR: 10}, NOON, 37_500),
    ("written and read at once", EXPLICIT, {P: 2168, READ: 2161, WRITE: 2161}, NOON, 246_293),
    ("thinking is output", TEXT, {C: 200, THOUGHT: 150}, NOON, 3_000_000),
    ("thinking at its own rate", THINKING, {C: 200, THOUGHT: 150}, NOON, 3_750_000),
    ("nothing but thinking", THINKING, {C: 150, THOUGHT: 150}, NOON, 3_000_000),
    ("cheaper thinking", THRIFTY, {C: 10, THOUGHT: 4}, NOON, 130_000),
    ("sound in", SOUND, {P: 100, HEARD: 60}, NOON, 2_500_000),
    ("sound out", SOUND, {C: 50, SAID: 20}, NOON, 1_900_000),
    ("sound both ways", SOUND, {P: 100, HEARD: 60, C: 50, SAID: 20}, NOON, 4_400_000),
    ("nothing but sound", SOUND, {C: 20, SAID: 20}, NOON, 1_600_000),
    ("sound in without a rate is input", TEXT, {P: 100, HEARD: 60}, NOON, 300_000),
    ("sound out without a rate is unknown", TEXT, {C: 50, SAID: 20}, NOON, None),
    ("one picture", PICTURES, {C: 1300, DRAWN: 1290, "images": 1}, NOON, 39_025_000),
    ("two pictures", PICTURES, {C: 2590, DRAWN: 2580, "images": 2}, NOON, 78_025_000),
    ("pictures that nobody counted", PICTURES, {C: 1300, DRAWN: 1290}, NOON, None),
    ("a picture without a rate", TEXT, {C: 1300, DRAWN: 1290, "images": 1}, NOON, None),
    ("a fee for the request", FEE, {P: 1000}, NOON, 8_000_000),
    ("nothing but the fee", FEE, {}, NOON, 5_000_000),
    ("a fee takes no discount", replace(FEE, discount=Decimal("0.5")), {P: 1000}, NOON, 6_500_000),
    ("one search", SEARCH, {P: 10, SEARCHED: 1}, NOON, 10_030_000),
    ("three searches", SEARCH, {P: 10, SEARCHED: 3}, NOON, 30_030_000),
    ("a search without a rate", TEXT, {P: 10, SEARCHED: 1}, NOON, None),
    ("a search where text is free", FREE, {P: 10, SEARCHED: 1}, NOON, 0),
    ("a tenth off", replace(TEXT, discount=Decimal("0.1")), {P: 1000, C: 100}, NOON, 4_050_000),
    (
        "a quarter off what is cached",
        replace(CACHED, discount=Decimal("0.25")),
        {P: 100, READ: 50},
        NOON,
        123_750,
    ),
    ("all off", replace(TEXT, discount=Decimal(1)), {P: 1000, C: 100}, NOON, 0),
    ("a batch at half the price", replace(TEXT, discount=Decimal("0.5")), {P: 1234, C: 567}, NOON, 6_103_500),
    ("the flexible tier", FLEX, {P: 1000, C: 100}, NOON, 1_125_000),
    ("the priority tier", PRIORITY, {P: 1000, C: 100}, NOON, 4_500_000),
    ("one below a threshold", LONG, {P: 199_999}, NOON, 249_998_750),
    ("at a threshold", LONG, {P: 200_000}, NOON, 250_000_000),
    ("one beyond a threshold", LONG, {P: 200_001}, NOON, 500_002_500),
    ("output at a threshold", LONG, {P: 200_000, C: 100}, NOON, 251_000_000),
    ("output beyond a threshold", LONG, {P: 200_001, C: 100}, NOON, 501_502_500),
    ("a cache counts to the threshold", LONG, {P: 200_001, READ: 200_000}, NOON, 50_002_500),
    ("below both steps", STEPS, {P: 100}, NOON, 100_000),
    ("a step keeps what it does not name", STEPS, {P: 101, C: 10}, NOON, 252_000),
    ("at the second step", STEPS, {P: 1000}, NOON, 2_000_000),
    ("beyond the second step the later wins", STEPS, {P: 1001}, NOON, 3_003_000),
    ("a minute before the night", NIGHT, {P: 1000, C: 1000}, 1629, 1_370_000),
    ("the night begins", NIGHT, {P: 1000, C: 1000}, 1630, 685_000),
    ("before midnight", NIGHT, {P: 1000, C: 1000}, 2359, 685_000),
    ("midnight", NIGHT, {P: 1000, C: 1000}, 0, 685_000),
    ("the night's last minute", NIGHT, {P: 1000, C: 1000}, 29, 685_000),
    ("the night is over", NIGHT, {P: 1000, C: 1000}, 30, 1_370_000),
    ("before the office opens", OFFICE, {P: 10}, 859, 1_000),
    ("the office opens", OFFICE, {P: 10}, 900, 500),
    ("the office's last minute", OFFICE, {P: 10}, 1659, 500),
    ("the office is closed", OFFICE, {P: 10}, 1700, 1_000),
    ("long and at night", LONG_NIGHT, {P: 1001}, 1700, 135_135),
    ("at night, but not long", LONG_NIGHT, {P: 1000}, 1700, 270_000),
    ("long, but by day", LONG_NIGHT, {P: 1001}, NOON, 270_270),
    ("an unknown price that is used", prices(completion="0.000015"), {P: 1}, NOON, None),
    ("an unknown price that is not", prices(prompt="0.000003"), {P: 10}, NOON, 30_000),
    ("a negative price is unknown", prices(prompt="-1", completion="-1"), {P: 1}, NOON, None),
    ("what is free", FREE, {P: 10_000, C: 10_000, THOUGHT: 5_000}, NOON, 0),
    ("charged for less than was read", TEXT, {P: 100, "charged_prompt_tokens": 80}, NOON, 240_000),
]


def test_the_table_has_sixty_cases_and_more_and_names_each_once() -> None:
    assert len({case[0] for case in TABLE}) == len(TABLE) >= 60


@pytest.mark.parametrize(
    ("pricing", "counts", "clock", "nano"), [case[1:] for case in TABLE], ids=[case[0] for case in TABLE]
)
def test_cost(pricing: Pricing, counts: dict[str, int], clock: int, nano: int | None) -> None:
    at = datetime(2026, 3, 1, clock // 100, clock % 100, tzinfo=UTC).timestamp()
    images = counts.get("images", 0)
    usage = replace(Usage(), **{name: count for name, count in counts.items() if name != "images"})

    assert Tariff(pricing).price(usage, at, images=images).total == nano
