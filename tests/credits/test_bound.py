"""What is reserved for a request: never less than what its usage, within what it allows, can cost."""

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from waystation.catalog.endpoint import Endpoint
from waystation.catalog.pricing import PriceOverride, Pricing
from waystation.credits.bound import Ceilings
from waystation.credits.cost import Tariff
from waystation.operations.chat import ChatRequest
from waystation.operations.usage import Usage

D = Decimal
TEXT = Pricing(prompt=D("0.000001"), completion=D("0.00001"))
CEILINGS = Ceilings(4096)


def asked(**fields: Any) -> ChatRequest:
    return ChatRequest(dialect="openai_chat", model="acme/m1", messages=(), **fields)


def endpoint(pricing: Pricing = TEXT, **fields: Any) -> Endpoint:
    return Endpoint("acme/m1", "acme", "acme", "m1", pricing=pricing, **fields)


def test_output_is_what_is_allowed_else_what_is_given_else_an_estimate() -> None:
    assert CEILINGS.bound(asked(max_tokens=10), 5, [endpoint(max_completion_tokens=99)]) == 5_000 + 100_000
    assert CEILINGS.bound(asked(), 5, [endpoint(max_completion_tokens=99)]) == 5_000 + 990_000
    assert CEILINGS.bound(asked(), 5, [endpoint()]) == 5_000 + 40_960_000
    assert CEILINGS.bound(asked(max_tokens=10, n=3), 5, [endpoint()]) == 5_000 + 300_000


def test_the_dearest_endpoint_counts_and_what_is_free_holds_something() -> None:
    dear, free = Pricing(prompt=D("0.000002"), completion=D("0.00002")), Pricing(prompt=D(0), completion=D(0))

    assert CEILINGS.bound(asked(max_tokens=10), 5, [endpoint(), endpoint(dear)]) == 210_000
    assert CEILINGS.bound(asked(max_tokens=10), 5, [endpoint(free)]) == 1


def test_what_has_no_price_has_no_bound_unless_it_is_estimated() -> None:
    unknown = [endpoint(Pricing(prompt=D("0.000001")))]
    searching = asked(max_tokens=10, web_search_options={})

    assert CEILINGS.bound(asked(max_tokens=10), 5, unknown) is None
    assert Ceilings(4096, 7_000).bound(asked(max_tokens=10), 5, unknown) == 7_000
    assert CEILINGS.bound(searching, 5, [endpoint()]) is None


def test_embeddings_have_no_output_and_a_rerank_has_units() -> None:
    vectors = endpoint(Pricing(prompt=D("0.00000002")), operation="embeddings")
    ranks = endpoint(Pricing(prompt=D(0), completion=D(0), search_unit=D("0.002")), operation="rerank")

    assert CEILINGS.bound(asked(), 100, [vectors]) == 2_000
    assert CEILINGS.bound(asked(), 99, [ranks]) == 2_000_000
    assert CEILINGS.bound(asked(), 250, [ranks]) == 6_000_000


def test_a_rerank_that_is_charged_by_tokens_has_no_units() -> None:
    ranks = endpoint(Pricing(prompt=D("0.00000002"), completion=D(0)), operation="rerank")

    assert CEILINGS.bound(asked(), 100, [ranks]) == 2_000


RATES = st.one_of(st.none(), st.decimals(0, 1, places=9, allow_nan=False))
OVERRIDES = st.builds(
    PriceOverride,
    min_prompt_tokens=st.sampled_from([None, 0, 50]),
    utc_start=st.sampled_from([None, 600]),
    utc_end=st.just(1800),
    prompt=RATES,
    completion=RATES,
    input_cache_read=RATES,
    input_cache_write=RATES,
    internal_reasoning=RATES,
)
PRICINGS = st.builds(
    Pricing,
    prompt=RATES,
    completion=RATES,
    request=RATES,
    internal_reasoning=RATES,
    input_cache_read=RATES,
    input_cache_write=RATES,
    input_cache_write_1h=RATES,
    discount=st.decimals(0, 1, places=2, allow_nan=False),
    overrides=st.lists(OVERRIDES, max_size=3).map(tuple),
)


COUNTS = st.integers(0, 100)


@given(PRICINGS, st.tuples(COUNTS, COUNTS, COUNTS), COUNTS, st.data())
def test_nothing_within_its_bounds_costs_more(
    pricing: Pricing, prompt: tuple[int, int, int], output: int, data: st.DataObject
) -> None:
    _, cached, written = prompt
    usage = Usage(
        prompt_tokens=sum(prompt),
        cached_tokens=cached,
        cache_write_tokens=written,
        cache_write_1h_tokens=data.draw(st.integers(0, written)),
        completion_tokens=output,
        reasoning_tokens=data.draw(st.integers(0, output)),
    )
    bound = CEILINGS.bound(asked(max_tokens=max(output, 1)), usage.prompt_tokens, [endpoint(pricing)])
    cost = Tariff(replace(pricing)).price(usage, data.draw(st.integers(0, 86_400))).total

    assert bound is None or cost is None or cost <= bound
