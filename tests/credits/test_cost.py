from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from waystation.catalog.pricing import OVERRIDABLE, PriceOverride, Pricing
from waystation.credits.cost import Tariff, Tariffs, is_insured, price, recompute
from waystation.operations.usage import Cost, Usage

D = Decimal
AT_NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC).timestamp()
TEXT = Pricing(prompt=D("0.000003"), completion=D("0.000015"))


def total(usage: Usage, pricing: Pricing, at: float = AT_NOON) -> int | None:
    return price(usage, pricing, at).total


def test_prompt_and_completion_are_charged_by_the_token() -> None:
    cost = price(Usage(prompt_tokens=1000, completion_tokens=200), TEXT, AT_NOON)

    assert cost == Cost(total=6_000_000, prompt=3_000_000, completion=3_000_000, upstream=None)


def test_cached_and_written_tokens_have_their_own_rates() -> None:
    pricing = replace(
        TEXT,
        input_cache_read=D("0.0000003"),
        input_cache_write=D("0.00000375"),
        input_cache_write_1h=D("0.000006"),
    )
    usage = Usage(prompt_tokens=1000, cached_tokens=500, cache_write_tokens=300, cache_write_1h_tokens=100)

    assert total(usage, pricing) == 200 * 3000 + 500 * 300 + 200 * 3750 + 100 * 6000


def test_cache_rates_that_are_missing_are_the_prompt_rate() -> None:
    usage = Usage(prompt_tokens=1000, cached_tokens=500, cache_write_tokens=300, cache_write_1h_tokens=100)

    assert total(usage, TEXT) == 1000 * 3000


def test_one_hour_writes_without_a_rate_cost_what_other_writes_do() -> None:
    pricing = replace(TEXT, input_cache_write=D("0.00000375"))

    assert total(Usage(prompt_tokens=10, cache_write_tokens=10, cache_write_1h_tokens=10), pricing) == 37_500


def test_reasoning_is_counted_once() -> None:
    usage = Usage(completion_tokens=200, reasoning_tokens=150)

    assert total(usage, TEXT) == 200 * 15_000
    assert total(usage, replace(TEXT, internal_reasoning=D("0.00002"))) == 50 * 15_000 + 150 * 20_000


def test_audio_is_charged_at_its_own_rates() -> None:
    pricing = replace(TEXT, audio=D("0.00004"), audio_output=D("0.00008"))
    usage = Usage(prompt_tokens=100, audio_prompt_tokens=60, completion_tokens=50, audio_completion_tokens=20)

    assert total(usage, pricing) == 40 * 3000 + 60 * 40_000 + 30 * 15_000 + 20 * 80_000


def test_images_are_charged_by_the_image_and_not_by_their_tokens() -> None:
    tariff = Tariff(replace(TEXT, image_output=D("0.04")))
    usage = Usage(completion_tokens=1300, image_completion_tokens=1290)

    assert tariff.price(usage, images=2).total == 10 * 15_000 + 80_000_000
    assert tariff.price(usage).total is None


def test_fees_are_added_and_take_no_discount() -> None:
    pricing = replace(TEXT, request=D("0.005"), web_search=D("0.01"), discount=D("0.5"))
    usage = Usage(prompt_tokens=1000, web_search_requests=3)

    assert total(usage, pricing) == 1_500_000 + 5_000_000 + 30_000_000


def test_a_used_rate_that_is_unknown_makes_the_total_unknown_and_never_zero() -> None:
    unknown = Pricing(prompt=D("0.000003"))

    assert total(Usage(prompt_tokens=10, completion_tokens=1), unknown) is None
    assert total(Usage(prompt_tokens=10), unknown) == 30_000
    assert total(Usage(prompt_tokens=1), Pricing()) is None
    assert total(Usage(completion_tokens=5, audio_completion_tokens=5), TEXT) is None
    assert total(Usage(prompt_tokens=1, web_search_requests=1), TEXT) is None


def test_a_negative_rate_is_unknown() -> None:
    assert total(Usage(prompt_tokens=1), Pricing(prompt=D(-1), completion=D(-1))) is None


def test_where_text_is_free_everything_is() -> None:
    free = Pricing(prompt=D(0), completion=D(0))
    usage = Usage(prompt_tokens=9, completion_tokens=9, audio_completion_tokens=3, web_search_requests=1)

    assert total(usage, free) == 0
    assert total(Usage(completion_tokens=9, image_completion_tokens=9), free) == 0


def test_long_prompts_cost_more_only_above_the_threshold() -> None:
    override = PriceOverride(min_prompt_tokens=200_000, prompt=D("0.000006"))
    pricing = replace(TEXT, overrides=(override,))

    assert total(Usage(prompt_tokens=200_000), pricing) == 200_000 * 3000
    assert total(Usage(prompt_tokens=200_001, completion_tokens=1), pricing) == 200_001 * 6000 + 15_000


def test_the_threshold_counts_cached_tokens_too() -> None:
    override = PriceOverride(min_prompt_tokens=1000, prompt=D("0.000006"))
    pricing = replace(TEXT, input_cache_read=D("0.0000003"), overrides=(override,))

    assert total(Usage(prompt_tokens=1001, cached_tokens=1000), pricing) == 6000 + 1000 * 300


def test_a_window_past_midnight_is_half_open() -> None:
    pricing = replace(TEXT, overrides=(PriceOverride(utc_start=1630, utc_end=30, prompt=D("0.000001")),))

    def at(hour: int, minute: int) -> int | None:
        return total(
            Usage(prompt_tokens=1), pricing, datetime(2026, 3, 1, hour, minute, tzinfo=UTC).timestamp()
        )

    assert (at(16, 29), at(16, 30), at(23, 59)) == (3000, 1000, 1000)
    assert (at(0, 0), at(0, 29), at(0, 30)) == (1000, 1000, 3000)


def test_half_a_nano_dollar_rounds_up_once_over_the_whole() -> None:
    pricing = Pricing(prompt=D("0.00000000025"), completion=D("0.00000000025"))

    assert total(Usage(prompt_tokens=1), pricing) == 0
    assert total(Usage(prompt_tokens=1, completion_tokens=1), pricing) == 1


def test_own_credentials_cost_nothing_here_and_say_what_the_provider_charges() -> None:
    usage = Usage(prompt_tokens=1000)

    listed = Tariff(TEXT).price(usage, is_byok=True)
    said = Tariff(TEXT).price(replace(usage, upstream_cost_nano=0), is_byok=True)

    assert (listed.total, listed.upstream, listed.is_byok) == (0, 3_000_000, True)
    assert (said.total, said.upstream) == (0, 0)


def test_insurance_covers_empty_answers_and_errors() -> None:
    empty, full = Usage(prompt_tokens=10), Usage(prompt_tokens=10, completion_tokens=5)

    assert is_insured(empty, None)
    assert is_insured(full, "error")
    assert not is_insured(empty, "stop")
    assert not is_insured(full, None)


def test_insured_generations_keep_their_search_fee_and_show_what_we_bear() -> None:
    tariff = Tariff(replace(TEXT, request=D("0.005"), web_search=D("0.01")))

    cost = tariff.insured(Usage(prompt_tokens=1000, web_search_requests=1))

    assert cost == Cost(total=10_000_000, prompt=0, completion=0, upstream=18_000_000)


def test_cache_discount_is_what_caching_saved_or_cost() -> None:
    tariff = Tariff(replace(TEXT, input_cache_read=D("0.0000003"), input_cache_write=D("0.00000375")))

    assert tariff.cache_discount(Usage(prompt_tokens=1000, cached_tokens=500)) == 500 * 2700
    assert tariff.cache_discount(Usage(prompt_tokens=1000, cache_write_tokens=400)) == -400 * 750
    assert tariff.cache_discount(Usage(prompt_tokens=1000)) is None


def test_a_charge_can_be_recomputed_from_its_snapshot() -> None:
    pricing = replace(
        TEXT, discount=D("0.1"), overrides=(PriceOverride(utc_start=0, utc_end=1300, prompt=D("0.000001")),)
    )
    tariff = Tariff(pricing)
    usage = Usage(prompt_tokens=1001, completion_tokens=7)

    assert recompute(usage, tariff.snapshot, AT_NOON, "stop") == tariff.price(usage, AT_NOON)
    assert recompute(usage, tariff.snapshot, AT_NOON, "error") == tariff.insured(usage, AT_NOON)


def test_an_endpoint_has_one_tariff() -> None:
    tariffs, same = Tariffs(), replace(TEXT)

    assert tariffs.of(TEXT) is tariffs.of(TEXT)
    assert tariffs.of(same) is not tariffs.of(TEXT)


RATES = st.one_of(
    st.none(),
    st.decimals(0, 1, places=11, allow_nan=False),
    st.sampled_from([D(0), D("1e-14"), D("3.75e-6")]),
)
COUNTS = st.integers(0, 300_000)
OVERRIDES = st.builds(
    PriceOverride,
    min_prompt_tokens=st.one_of(st.none(), st.sampled_from([0, 1000, 128_000])),
    utc_start=st.just(1000),
    utc_end=st.sampled_from([1159, 1200, 1201, 900]),
    prompt=RATES,
    completion=RATES,
    input_cache_read=RATES,
    internal_reasoning=RATES,
)
PRICINGS = st.builds(
    Pricing,
    prompt=RATES,
    completion=RATES,
    request=RATES,
    audio=RATES,
    audio_output=RATES,
    web_search=RATES,
    internal_reasoning=RATES,
    input_cache_read=RATES,
    input_cache_write=RATES,
    input_cache_write_1h=RATES,
    discount=st.decimals(0, 1, places=3, allow_nan=False),
    overrides=st.lists(OVERRIDES, max_size=3).map(tuple),
)


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    """Usage whose details fit in their sums."""
    plain, cached, written, long, audio = (draw(COUNTS) for _ in range(5))
    text, reasoning, spoken = (draw(st.sampled_from([0, 1, 77])) for _ in range(3))
    return Usage(
        prompt_tokens=plain + cached + written + long + audio,
        cached_tokens=cached,
        cache_write_tokens=written + long,
        cache_write_1h_tokens=long,
        audio_prompt_tokens=audio,
        completion_tokens=text + reasoning + spoken,
        reasoning_tokens=reasoning,
        audio_completion_tokens=spoken,
        web_search_requests=draw(st.integers(0, 2)),
    )


@given(usages(), PRICINGS)
def test_integers_agree_with_the_rule_written_out_in_fractions(usage: Usage, pricing: Pricing) -> None:
    assert total(usage, pricing) == written_out(usage, pricing)


def written_out(usage: Usage, pricing: Pricing) -> int | None:
    """Contract sections 16 and 20, at noon, as slowly and plainly as can be."""
    rate = {name: getattr(pricing, name) for name in (*OVERRIDABLE, "request", "web_search")}
    for override in pricing.overrides:
        start, end = override.utc_start or 0, override.utc_end or 0
        open_now = start <= 1200 < end if start <= end else start <= 1200 or end > 1200
        if open_now and usage.prompt_tokens > (
            -1 if override.min_prompt_tokens is None else override.min_prompt_tokens
        ):
            rate.update({n: getattr(override, n) for n in OVERRIDABLE if getattr(override, n) is not None})
    free = D(0) if rate["prompt"] == D(0) and rate["completion"] == D(0) else None

    def either(*rates: Decimal | None) -> Decimal | None:
        return next((one for one in rates if one is not None), None)

    write = either(rate["input_cache_write"], rate["prompt"])
    short = usage.cache_write_tokens - usage.cache_write_1h_tokens
    tokens = [
        (
            usage.prompt_tokens - usage.cached_tokens - usage.cache_write_tokens - usage.audio_prompt_tokens,
            rate["prompt"],
        ),
        (usage.cached_tokens, either(rate["input_cache_read"], rate["prompt"])),
        (short, write),
        (usage.cache_write_1h_tokens, either(rate["input_cache_write_1h"], write)),
        (usage.audio_prompt_tokens, either(rate["audio"], rate["prompt"])),
        (
            usage.completion_tokens - usage.reasoning_tokens - usage.audio_completion_tokens,
            rate["completion"],
        ),
        (usage.reasoning_tokens, either(rate["internal_reasoning"], rate["completion"])),
        (usage.audio_completion_tokens, either(rate["audio_output"], free)),
    ]
    fees = [(1, either(rate["request"], D(0))), (usage.web_search_requests, either(rate["web_search"], free))]
    if any(count and one is None for count, one in tokens + fees):
        return None
    usd = sum((count * Fraction(one or 0) for count, one in tokens), Fraction(0)) * (
        1 - Fraction(pricing.discount)
    )
    usd += sum((count * Fraction(one or 0) for count, one in fees), Fraction(0))
    return (usd * 10**9 + Fraction(1, 2)).__floor__()
