from decimal import Decimal

from msgspec.structs import replace

from waystation.catalog.generate.claims import Claim
from waystation.catalog.generate.gates import wrong_units
from waystation.catalog.generate.offers import Offer
from waystation.catalog.generate.votes import context_of, limits_of, majority, price_of
from waystation.catalog.pricing import PriceOverride, Pricing


def rates(prompt: str, completion: str, *overrides: PriceOverride) -> Pricing:
    return Pricing(prompt=Decimal(prompt), completion=Decimal(completion), overrides=overrides)


def claim(source: str, pricing: Pricing | None = None, **said: object) -> Claim:
    plain = Claim(source=source, section="host", native_id="m", pricing=pricing or Pricing())
    return replace(plain, **said)


def offer(*claims: Claim, provider: str = "host", operation: str = "chat", own: bool = True) -> Offer:
    return Offer("acme/m", provider, "m", operation, None, None, list(claims), "list", own)


def test_fresh_sources_outvote_old_ones() -> None:
    old, new = rates("1", "2"), rates("3", "6")
    voted = price_of(
        offer(
            claim("models.dev@august", old),
            claim("portkey", old),
            claim("litellm", new),
            claim("genai-prices", new),
        )
    )
    assert (voted.prompt, voted.completion) == (Decimal(3), Decimal(6))


def test_rates_are_taken_only_from_sources_that_agree_on_the_price() -> None:
    told = Pricing(prompt=Decimal(1), completion=Decimal(2), input_cache_read=Decimal("0.9"))
    voted = price_of(offer(claim("models.dev@july", told), claim("litellm", rates("3", "6"))))
    assert voted.input_cache_read is None


def test_a_source_without_true_sizes_has_no_say_in_tiers() -> None:
    false, true = (PriceOverride(min_prompt_tokens=size, prompt=Decimal(2)) for size in (200_000, 272_000))
    voted = price_of(
        offer(
            claim("models.dev@august", rates("1", "2", false), thresholds_known=False),
            claim("models.dev@july", rates("1", "2", true)),
        )
    )
    assert [tier.min_prompt_tokens for tier in voted.overrides] == [272_000]


def test_zero_is_unknown_and_not_free() -> None:
    assert price_of(offer(claim("litellm", rates("0", "0")))) == Pricing()
    voted = price_of(offer(claim("models.dev@august", rates("0", "0")), claim("portkey", rates("1", "2"))))
    assert voted.prompt == 1


def test_a_reranker_is_priced_by_the_search() -> None:
    told = Pricing(prompt=Decimal(0), completion=Decimal(0), search_unit=Decimal("0.002"))
    assert price_of(offer(claim("litellm", told), operation="rerank")).search_unit == Decimal("0.002")


def test_rounding_dust_of_databricks_is_swept() -> None:
    told = rates("0.00000299999", "0.00001500002")
    voted = price_of(offer(claim("litellm", told), provider="databricks"))
    assert (voted.prompt, voted.completion) == (Decimal("0.000003"), Decimal("0.000015"))


def test_the_hours_of_a_price_outweigh_a_single_rate() -> None:
    window = PriceOverride(utc_start=100, utc_end=400, prompt=Decimal(2))
    voted = price_of(offer(claim("litellm", rates("2", "4")), claim("genai-prices", rates("1", "2", window))))
    assert voted.prompt == 1
    assert voted.overrides[0].utc_start == 100


def test_context_is_no_business_of_litellm_where_another_knows() -> None:
    known = offer(claim("litellm", reads=272_000), claim("models.dev@august", context=400_000))
    assert context_of(known) == 400_000
    assert context_of(offer(claim("litellm", reads=272_000))) == 272_000


def test_a_longest_answer_beyond_the_context_is_not_believed() -> None:
    assert limits_of(offer(claim("pi-ai", writes=1_000_000)), 8192) == (None, None)
    assert limits_of(offer(claim("models.dev@july", reads=4096, writes=1024)), 8192) == (4096, 1024)


def test_a_flag_nobody_mentions_is_unknown() -> None:
    assert majority([claim("litellm")], lambda said: said.tools) is None
    assert (
        majority([claim("litellm", tools=True), claim("portkey", tools=False)], lambda said: said.tools)
        is True
    )


def test_a_rate_twenty_times_off_the_median_is_a_mistake_of_units() -> None:
    pricings = [rates(prompt, "1") for prompt in ("1", "1.2", "0.9", "0.001", "21")]
    assert wrong_units([(offer(), pricing) for pricing in pricings]) == {3, 4}
    assert wrong_units([(offer(), pricing) for pricing in pricings[2:4]]) == set()
