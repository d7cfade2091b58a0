"""A plan told in full says what the plan did."""

import msgspec
import pytest

from routing_questions import NOW, endpoint, evenly, healths, model, question, tags
from waystation.operations.preferences import ProviderPreferences
from waystation.routing.explain import Considered, explain
from waystation.routing.select import decide, select
from waystation.routing.standing import DEMOTED, EndpointHealth
from waystation.routing.sticky import Pin

ABC = [endpoint("a", "0.000001"), endpoint("b", "0.000002"), endpoint("c", "0.000003", quantization="fp8")]


def rows(*args: object, **named: object) -> dict[str, Considered]:
    told = explain(decide(question(*args, **named)))  # type: ignore[arg-type]
    return {row.tag: row for row in told.considered}


def test_every_endpoint_is_told_of_once_in_the_order_of_the_attempts() -> None:
    plan = select(question(ABC, ProviderPreferences(ignore=("b",)), order="weighted", seed=5))
    told = explain(plan)
    assert [row.tag for row in told.considered if row.attempt] == tags(plan)
    assert [row.attempt for row in told.considered] == [1, 2, None]
    assert told.considered[2].excluded_by == "allowed_providers"
    assert (told.seed, told.order, told.strategy, told.requested) == (5, "weighted", "direct", ("acme/m1",))


def test_scores_are_what_the_draw_sorted_by_and_chances_what_it_is_expected_to_do() -> None:
    told = rows(ABC[:2], order="weighted", seed=3)
    assert told["a"].chance == pytest.approx(0.8)
    assert told["b"].chance == pytest.approx(0.2)
    scores = sorted(told.values(), key=lambda row: row.score or 0)
    assert [row.attempt for row in scores] == [1, 2]


def test_prices_are_usd_per_million_tokens_and_unknown_ones_are_left_out() -> None:
    told = rows([*ABC, endpoint("d", None)], order="weighted")
    assert [told[tag].price for tag in "abcd"] == [1, 2, 3, None]
    assert told["d"].score is None


def test_a_sort_has_no_chances() -> None:
    assert {row.chance for row in rows(ABC, ProviderPreferences(sort="price")).values()} == {None}


def test_health_is_shown_and_named_where_it_moved_an_endpoint() -> None:
    health = healths(
        a=EndpointHealth(outage_until=NOW + 12, unproven=True, uptime_5m=50.0),
        b=EndpointHealth(cooling_until=NOW + 3),
        c=EndpointHealth(demotion=DEMOTED, latency=evenly(2)),
    )
    told = rows(ABC, ProviderPreferences(preferred_max_latency=3), situation={"health": health})
    assert told["a"].health.outage_for == 12
    assert told["a"].why == ("an outage in the last 30 seconds", "misses the preferred percentiles")
    assert told["b"].why[0] == "the provider asked to be left alone"
    assert told["c"].why == ("uptime below 95 %", "meets the preferred percentiles")


def test_the_callers_order_and_the_pin_are_told() -> None:
    told = rows(ABC, ProviderPreferences(order=("c",)))
    assert told["c"].why == ("listed in provider.order",)
    pins = {"acme/m1": Pin("acme/m1", "b", NOW, explicit=True)}
    assert rows(ABC, situation={"pins": pins})["b"].why == (
        "the conversation's last endpoint: followed, session",
    )


def test_what_nothing_may_serve_is_told_too() -> None:
    told = explain(decide(question(ABC, ProviderPreferences(only=("x",)))))
    assert told.strategy is None
    assert {row.excluded_by for row in told.considered} == {"allowed_providers"}


def test_tiers_that_nobody_asked_for_are_not_told_of() -> None:
    asked = model(endpoint("a"), tiers=[endpoint("a/flex", service_tier="flex")])
    assert list(rows(asked)) == ["a"]
    assert set(rows(asked, service_tier="flex")) == {"a", "a/flex"}


def test_an_explanation_is_a_json_document() -> None:
    told = msgspec.to_builtins(explain(select(question(ABC, order="weighted"))))
    assert told["considered"][0]["attempt"] == 1
