"""Contract 8.2, steps 6 to 10: in which order endpoints are tried, one row for each rule."""

from typing import Any

import pytest

from routing_questions import NOW, endpoint, evenly, healths, model, plan, tags
from waystation.catalog.pricing import PriceOverride, Pricing
from waystation.operations.chat import Tool
from waystation.operations.preferences import Percentiles, ProviderPreferences, Sort
from waystation.routing.standing import DEMOTED, LAST, EndpointHealth

WANTS = ProviderPreferences
ABC = [endpoint("a", "0.000001"), endpoint("b", "0.000002"), endpoint("c", "0.000003")]
SPEEDS = healths(
    a=EndpointHealth(latency=evenly(3), throughput=evenly(10)),
    b=EndpointHealth(latency=evenly(1), throughput=evenly(30)),
)
OUT = EndpointHealth(outage_until=NOW + 20, unproven=True)
COOL = EndpointHealth(cooling_until=NOW + 10)


@pytest.mark.parametrize(
    ("wants", "expected"),
    [
        (WANTS(order=("c", "b")), ["c", "b", "a"]),
        (WANTS(order=("C",)), ["c", "a", "b"]),
        (WANTS(order=("nobody",)), ["a", "b", "c"]),
        (WANTS(order=("c", "b"), allow_fallbacks=False), ["c", "b"]),
        (WANTS(order=("nobody",), allow_fallbacks=False), ["a"]),
        (WANTS(only=("b", "c"), allow_fallbacks=False), ["b", "c"]),
        (WANTS(allow_fallbacks=False), ["a"]),
        (WANTS(sort="price"), ["a", "b", "c"]),
        (WANTS(sort="throughput"), ["b", "a", "c"]),
        (WANTS(sort="latency"), ["b", "a", "c"]),
        (WANTS(sort=Sort("latency")), ["b", "a", "c"]),
        (WANTS(sort=Sort()), ["a", "b", "c"]),
        (WANTS(order=("c",), sort="throughput"), ["c", "a", "b"]),
    ],
)
def test_what_the_caller_orders_or_sorts(wants: ProviderPreferences, expected: list[str]) -> None:
    assert tags(plan(ABC, wants, situation={"health": SPEEDS})) == expected


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("price", ["a", "b", "c"]),
        ("throughput", ["b", "a", "c"]),
        ("latency", ["b", "a", "c"]),
        ("listed", ["c", "a", "b"]),
    ],
)
def test_the_operators_default_order(order: str, expected: list[str]) -> None:
    assert tags(plan(ABC, order=order, listed=("c", "a"), situation={"health": SPEEDS})) == expected


def test_an_explicit_sort_beats_a_variants() -> None:
    nitro = {"sort": "throughput", "tier": "priority"}
    assert tags(plan(ABC, candidate=nitro, situation={"health": SPEEDS})) == ["b", "a", "c"]
    assert tags(plan(ABC, WANTS(sort="price"), candidate=nitro, situation={"health": SPEEDS})) == [
        "a",
        "b",
        "c",
    ]


@pytest.mark.parametrize("wants", [WANTS(sort="price"), WANTS(order=("a", "b", "c"))])
def test_nothing_is_drawn_where_the_caller_orders(wants: ProviderPreferences) -> None:
    for seed in range(20):
        assert tags(plan(ABC, wants, order="weighted", seed=seed)) == ["a", "b", "c"]


def test_unknown_prices_come_last() -> None:
    endpoints = [endpoint("a", None), endpoint("b", "0.2"), endpoint("c", "0.1")]
    assert tags(plan(endpoints)) == ["c", "b", "a"]
    for seed in range(20):
        assert tags(plan(endpoints, order="weighted", seed=seed))[-1] == "a"


def test_a_price_is_the_one_that_this_prompt_has() -> None:
    base = endpoint("a").pricing
    long = PriceOverride(min_prompt_tokens=100, prompt=base.prompt * 9 if base.prompt else None)
    endpoints = [
        endpoint("a", pricing=Pricing(base.prompt, base.completion, overrides=(long,))),
        endpoint("b", "0.000002"),
    ]
    assert tags(plan(endpoints, tokens=100)) == ["a", "b"]
    assert tags(plan(endpoints, tokens=101)) == ["b", "a"]


@pytest.mark.parametrize(
    ("health", "wants", "expected"),
    [
        ({"a": OUT}, None, ["b", "c", "a"]),
        ({"a": COOL}, None, ["b", "c", "a"]),
        ({"a": OUT, "b": COOL}, None, ["c", "b", "a"]),
        ({"a": OUT, "b": OUT, "c": OUT}, None, ["a", "b", "c"]),
        ({"a": EndpointHealth(outage_until=NOW - 1, unproven=True)}, None, ["a", "b", "c"]),
        (
            {"a": EndpointHealth(outage_until=NOW - 1, unproven=True, probe_until=NOW + 5)},
            None,
            ["b", "c", "a"],
        ),
        ({"a": OUT}, WANTS(sort="price"), ["a", "b", "c"]),
        ({"a": COOL}, WANTS(sort="price"), ["b", "c", "a"]),
        ({"a": OUT, "b": OUT}, WANTS(order=("a",)), ["a", "c", "b"]),
        ({"a": EndpointHealth(demotion=DEMOTED)}, None, ["b", "c", "a"]),
        ({"a": EndpointHealth(demotion=LAST), "b": EndpointHealth(demotion=DEMOTED)}, None, ["c", "b", "a"]),
        ({"a": EndpointHealth(demotion=LAST)}, WANTS(sort="price"), ["b", "c", "a"]),
        ({"a": EndpointHealth(demotion=LAST)}, WANTS(order=("a",)), ["b", "c", "a"]),
        ({"a": EndpointHealth(demotion=DEMOTED), "b": OUT}, None, ["c", "a", "b"]),
        ({"a": EndpointHealth(demotion=DEMOTED), "b": OUT}, WANTS(sort="price"), ["b", "c", "a"]),
    ],
)
def test_endpoints_in_trouble_come_behind_the_others(
    health: dict[str, EndpointHealth], wants: ProviderPreferences | None, expected: list[str]
) -> None:
    decided = plan(ABC, wants, situation={"health": healths(**health)})
    assert tags(decided) == expected
    assert not decided.excluded, "trouble only moves, it never ejects"


@pytest.mark.parametrize(
    ("wants", "expected"),
    [
        (WANTS(preferred_max_latency=2), ["b", "a", "c"]),
        (WANTS(preferred_max_latency=4), ["a", "b", "c"]),
        (WANTS(preferred_min_throughput=20), ["b", "a", "c"]),
        (WANTS(preferred_max_latency=4, preferred_min_throughput=20), ["b", "a", "c"]),
        (WANTS(preferred_max_latency=Percentiles(p50=4, p99=2)), ["b", "a", "c"]),
        (WANTS(preferred_min_throughput=Percentiles(p75=100)), ["a", "b", "c"]),
        (WANTS(preferred_min_throughput=Percentiles()), ["a", "b", "c"]),
        (WANTS(order=("c",), preferred_max_latency=2), ["b", "c", "a"]),
    ],
)
def test_thresholds_put_those_that_meet_them_first(wants: ProviderPreferences, expected: list[str]) -> None:
    assert tags(plan(ABC, wants, situation={"health": SPEEDS})) == expected


def caller(success: float, pace: float = 50, requests: int = 500) -> EndpointHealth:
    return EndpointHealth(
        throughput=evenly(pace), requests_30m=requests, tool_requests_2h=requests, tool_success=success
    )


FOUR = [endpoint(tag, f"0.00000{price}") for price, tag in enumerate("abcd", 1)]


@pytest.mark.parametrize(
    ("health", "expected"),
    [
        ({}, ["a", "b", "c", "d"]),
        ({"a": caller(0.5), "b": caller(0.99), "c": caller(0.98), "d": caller(0.99)}, ["b", "c", "d", "a"]),
        (
            {"a": caller(0.99, 10), "b": caller(0.99, 50), "c": caller(0.99, 55), "d": caller(0.99, 52)},
            ["b", "c", "d", "a"],
        ),
        ({"a": caller(0.5), "b": caller(0.99), "c": caller(0.98)}, ["a", "b", "c", "d"]),
        ({"b": caller(0.99), "c": caller(0.99)}, ["b", "c", "a", "d"]),
        (
            {"a": caller(0.5, requests=90), "b": caller(0.99), "c": caller(0.98), "d": caller(0.99)},
            ["b", "c", "d", "a"],
        ),
        ({"a": caller(0.99), "b": caller(0.985), "c": caller(0.98), "d": caller(0.99)}, ["a", "b", "c", "d"]),
    ],
)
def test_exacto_has_three_tiers(health: dict[str, EndpointHealth], expected: list[str]) -> None:
    assert tags(plan(FOUR, WANTS(sort="exacto"), situation={"health": healths(**health)})) == expected


def test_requests_with_tools_are_drawn_within_exacto_tiers() -> None:
    bad = {"a": caller(0.5), "b": caller(0.99), "c": caller(0.98), "d": caller(0.99)}
    tools = tuple(endpoint(e.tag, "0.000001", supported_parameters=frozenset({"tools"})) for e in FOUR)
    firsts = set()
    for seed in range(50):
        decided = tags(
            plan(tools, order="weighted", seed=seed, tools=(Tool("f"),), situation={"health": healths(**bad)})
        )
        assert decided[-1] == "a"
        firsts.add(decided[0])
    assert firsts == {"b", "c", "d"}


def test_priority_is_by_throughput_and_then_the_ordinary() -> None:
    tiers = [endpoint(f"{tag}/priority", "0.00001", service_tier="priority") for tag in ("a", "b")]
    quick = healths(
        b_priority=EndpointHealth(throughput=evenly(90)), a_priority=EndpointHealth(throughput=evenly(20))
    )
    asked = model(endpoint("a"), endpoint("b"), tiers=tiers)
    decided = plan(asked, service_tier="priority", situation={"health": quick})
    assert tags(decided) == ["b/priority", "a/priority", "a", "b"]


TWO_MODELS = (
    model(endpoint("a", "0.000004"), endpoint("b", "0.000002")),
    model(endpoint("c", "0.000003", "acme/m2"), endpoint("d", "0.000001", "acme/m2")),
)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, ["b", "a", "d", "c"]),
        ({"wants": WANTS(sort=Sort("price", "none"))}, ["d", "b", "c", "a"]),
        ({"wants": WANTS(sort=Sort("price", "model"))}, ["b", "a", "d", "c"]),
        ({"route": "sort"}, ["d", "b", "c", "a"]),
        ({"route": "fallback"}, ["b", "a", "d", "c"]),
        ({"route": "sort", "wants": WANTS(sort=Sort("price", "model"))}, ["b", "a", "d", "c"]),
        ({"wants": WANTS(allow_fallbacks=False)}, ["b"]),
    ],
)
def test_models_are_groups_unless_the_partition_is_none(fields: dict[str, Any], expected: list[str]) -> None:
    decided = plan(TWO_MODELS, **fields)
    assert tags(decided) == expected
    assert all(attempt.candidate.model.id == attempt.endpoint.model_id for attempt in decided.attempts)


def test_a_fallback_model_that_meets_the_thresholds_precedes_a_primary_that_does_not() -> None:
    quick = healths("acme/m2", c=EndpointHealth(latency=evenly(0.5)))
    decided = plan(TWO_MODELS, WANTS(preferred_max_latency=1), situation={"health": quick})
    assert tags(decided) == ["c", "b", "a", "d"]
