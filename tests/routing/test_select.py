"""The routing decision: what may serve, in which order, and what is said when nothing may."""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from waystation.catalog.endpoint import Endpoint
from waystation.catalog.index import Catalog
from waystation.catalog.model import Model
from waystation.catalog.pricing import Pricing
from waystation.errors import ModelUnavailable
from waystation.operations.chat import ChatRequest, Message
from waystation.operations.parts import Image, Text
from waystation.operations.preferences import MaxPrice, ProviderPreferences, Sort
from waystation.routing.offers import Offers
from waystation.routing.plan import Candidate, Plan, Question
from waystation.routing.prompt import PromptSize
from waystation.routing.select import select

HELLO = (Message("user", (Text("Hello"),)),)
NOW = 1_780_000_000.0


def endpoint(tag: str, price: str | None = "0.000001", **facts: object) -> Endpoint:
    rate = Decimal(price) if price is not None else None
    return Endpoint("acme/m1", tag.partition("/")[0], tag, "m1", pricing=Pricing(rate, rate), **facts)  # type: ignore[arg-type]


def plan(
    endpoints: Sequence[Endpoint],
    wants: ProviderPreferences | None = None,
    *,
    order: str = "price",
    listed: dict[str, int] | None = None,
    seed: int = 1,
    tokens: int = 10,
    **fields: object,
) -> Plan:
    request = ChatRequest("openai_chat", "acme/m1", fields.pop("messages", HELLO), provider=wants, **fields)  # type: ignore[arg-type]
    model = Model("acme/m1", "acme/m1-1", "M1", "acme", endpoints=tuple(endpoints))
    return select(
        Question(request, (Candidate(model, "direct"),), size(tokens), offers(order, listed), seed, NOW)
    )


def size(tokens: int) -> PromptSize:
    return PromptSize(4 * tokens, lambda: tokens)


def offers(order: str = "price", listed: dict[str, int] | None = None, *, configured: bool = True) -> Offers:
    return Offers(
        Catalog(), lambda _: configured, order, listed or {}, lambda slug: f"set {slug.upper()}_API_KEY"
    )


def tags(decided: Plan) -> list[str]:
    return [attempt.endpoint.tag for attempt in decided.attempts]


def test_price_order_puts_the_cheapest_first_and_the_unknown_last() -> None:
    assert tags(plan([endpoint("a", None), endpoint("b", "0.2"), endpoint("c", "0.1")])) == ["c", "b", "a"]


def test_listed_order_is_the_operators() -> None:
    decided = plan([endpoint("a"), endpoint("b")], order="listed", listed={"b": 0, "a": 1})
    assert tags(decided) == ["b", "a"]


def test_the_callers_order_comes_first_and_the_rest_follow() -> None:
    endpoints = [endpoint("a", "0.1"), endpoint("b", "0.2"), endpoint("b/fp8", "0.3")]
    assert tags(plan(endpoints, ProviderPreferences(order=("b",)))) == ["b", "b/fp8", "a"]
    assert tags(plan(endpoints, ProviderPreferences(order=("B/FP8",)))) == ["b/fp8", "a", "b"]


def test_without_fallbacks_only_the_named_or_the_first_remain() -> None:
    endpoints = [endpoint("a", "0.1"), endpoint("b", "0.2")]
    assert tags(plan(endpoints, ProviderPreferences(order=("b",), allow_fallbacks=False))) == ["b"]
    assert tags(plan(endpoints, ProviderPreferences(allow_fallbacks=False))) == ["a"]


def test_only_and_ignore_remove_and_say_so() -> None:
    decided = plan([endpoint("a"), endpoint("b")], ProviderPreferences(only=("a",)))
    assert tags(decided) == ["a"]
    assert [(e.tag, e.reason) for e in decided.excluded] == [("b", "allowed_providers")]
    assert tags(plan([endpoint("a"), endpoint("b")], ProviderPreferences(ignore=("a",)))) == ["b"]


def test_max_price_is_per_million_and_removes_unknown_prices() -> None:
    endpoints = [endpoint("a", "0.000001"), endpoint("b", "0.000003"), endpoint("c", None)]
    assert tags(plan(endpoints, ProviderPreferences(max_price=MaxPrice(prompt="2")))) == ["a"]


def test_quantizations_match_their_families() -> None:
    endpoints = [endpoint("a", quantization="mxfp4"), endpoint("b", quantization="bf16")]
    assert tags(plan(endpoints, ProviderPreferences(quantizations=("fp4",)))) == ["a"]


def test_required_parameters_drop_endpoints_that_lack_one() -> None:
    endpoints = [endpoint("a", supported_parameters=frozenset({"tools"})), endpoint("b")]
    decided = plan(endpoints, ProviderPreferences(require_parameters=True), sent=frozenset({"tools"}))
    assert tags(decided) == ["a"]


def test_an_image_needs_an_endpoint_that_takes_images() -> None:
    messages = (Message("user", (Image("https://example.com/a.png"),)),)
    endpoints = [endpoint("a"), endpoint("b", input_modalities=("text", "image"))]
    assert tags(plan(endpoints, messages=messages)) == ["b"]


def test_a_prompt_too_long_for_one_endpoint_goes_to_another() -> None:
    endpoints = [endpoint("a", context_length=100), endpoint("b", context_length=1000)]
    assert tags(plan(endpoints, tokens=500)) == ["b"]


def test_nothing_configured_says_which_variable_to_set() -> None:
    model = Model("openai/gpt-4o", "openai/gpt-4o-1", "GPT-4o", "openai", endpoints=(endpoint("openai"),))
    with pytest.raises(ModelUnavailable, match="OPENAI_API_KEY") as caught:
        select(
            Question(
                ChatRequest("openai_chat", "openai/gpt-4o", HELLO),
                (Candidate(model, "direct"),),
                size(1),
                offers(configured=False),
                1,
                NOW,
            )
        )
    assert caught.value.status == 404
    assert caught.value.availability is not None
    assert caught.value.availability.code == "no_endpoints"


def test_filters_that_leave_nothing_are_named() -> None:
    with pytest.raises(ModelUnavailable) as caught:
        plan([endpoint("a")], ProviderPreferences(only=("b",)))
    availability = caught.value.availability
    assert availability is not None
    assert (availability.code, availability.excluded_by) == ("constraint_filtered", ("allowed_providers",))
    assert availability.constraint is not None


def test_an_embeddings_model_is_the_wrong_endpoint_for_chat() -> None:
    model = Model("acme/e", "acme/e-1", "E", "acme", endpoints=(endpoint("a", operation="embeddings"),))
    with pytest.raises(ModelUnavailable) as caught:
        select(
            Question(
                ChatRequest("openai_chat", "acme/e", HELLO),
                (Candidate(model, "direct"),),
                size(1),
                offers(),
                1,
                NOW,
            )
        )
    assert caught.value.status == 400
    assert caught.value.availability is not None
    assert caught.value.availability.code == "wrong_endpoint"


def test_the_draw_follows_the_inverse_square_of_the_price() -> None:
    endpoints = [endpoint("cheap", "0.1"), endpoint("dear", "0.2")]
    firsts = Counter(tags(plan(endpoints, order="weighted", seed=seed))[0] for seed in range(4000))
    assert 0.77 < firsts["cheap"] / 4000 < 0.83, "weights 4:1 put the cheaper first in 80 % of draws"


def test_an_explicit_sort_by_price_never_draws() -> None:
    endpoints = [endpoint("dear", "0.2"), endpoint("cheap", "0.1")]
    for seed in range(20):
        decided = plan(endpoints, ProviderPreferences(sort=Sort("price")), order="weighted", seed=seed)
        assert tags(decided) == ["cheap", "dear"]


@settings(derandomize=True, max_examples=100)
@given(st.lists(st.sampled_from([None, "0", "0.000001", "0.5"]), min_size=1, max_size=6), st.integers(0, 99))
def test_every_eligible_endpoint_is_tried_exactly_once(prices: list[str | None], seed: int) -> None:
    endpoints = [endpoint(f"p{number}", price) for number, price in enumerate(prices)]
    decided = tags(plan(endpoints, order="weighted", seed=seed))
    assert sorted(decided) == sorted(e.tag for e in endpoints)


def test_a_prompt_whose_bytes_fit_is_not_estimated() -> None:
    def never() -> int:
        raise AssertionError("estimated for nothing")

    assert PromptSize(100, never).fits(100)
    assert not PromptSize(100, lambda: 26).fits(25)


def test_advice_names_the_authors_own_provider_first_and_only_what_can_be_called() -> None:
    endpoints = (endpoint("amazon"), endpoint("azure"), endpoint("xai"))
    model = Model("x-ai/g", "x-ai/g-1", "G", "x-ai", endpoints=endpoints)
    known = {"azure": "set AZURE", "xai": "set XAI"}
    nothing = Offers(Catalog(), lambda _: False, "price", {}, known.get)
    with pytest.raises(ModelUnavailable, match=r"set XAI set AZURE$"):
        select(
            Question(
                ChatRequest("openai_chat", "x-ai/g", HELLO),
                (Candidate(model, "direct"),),
                size(1),
                nothing,
                1,
                NOW,
            )
        )
    nobody = Offers(Catalog(), lambda _: False, "price", {}, lambda _: None)
    with pytest.raises(ModelUnavailable, match="cannot call its providers yet: xai, amazon, azure"):
        select(
            Question(
                ChatRequest("openai_chat", "x-ai/g", HELLO),
                (Candidate(model, "direct"),),
                size(1),
                nobody,
                1,
                NOW,
            )
        )
