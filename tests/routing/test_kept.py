"""What is kept of a plan tells the same as the plan did, and what can still be told when the catalogue has moved on."""

from random import Random

import msgspec
import pytest

from routing_questions import NOW, endpoint, evenly, healths, model, offers, question
from waystation.operations.chat import Tool
from waystation.operations.preferences import MaxPrice, ProviderPreferences, Sort
from waystation.routing.explain import explain
from waystation.routing.kept import KeptPlan, keep, tell, tell_of_one
from waystation.routing.plan import Plan, Question
from waystation.routing.select import decide
from waystation.routing.standing import EndpointHealth
from waystation.routing.sticky import Pin

TAGS = ("a", "b", "c/fp8", "d")
HEALTH = healths(
    a=EndpointHealth(outage_until=NOW + 9, unproven=True, uptime_5m=50.0, demotion=2),
    b=EndpointHealth(uptime_30m=99.0, latency=evenly(0.3), throughput=evenly(80.0)),
    d=EndpointHealth(cooling_until=NOW + 3),
)


def some_question(draw: Random) -> Question:
    served = model(*(endpoint(tag, draw.choice(["0", "0.000001", "0.00002", None])) for tag in TAGS))
    wants = ProviderPreferences(
        order=draw.choice([None, ("c", "b")]),
        only=draw.choice([None, None, ("a", "b", "c")]),
        ignore=draw.choice([None, ("a",)]),
        allow_fallbacks=draw.choice([None, False]),
        sort=draw.choice([None, "latency", "exacto", Sort("price", "none")]),
        max_price=draw.choice([None, MaxPrice(prompt=5.0)]),
        preferred_max_latency=draw.choice([None, 1.0]),
    )
    other = model(endpoint("e", model="acme/other"))
    pin = Pin("acme/m1", "b", NOW - 5, explicit=draw.random() < 0.5, cached_tokens=500, completion_tokens=9)
    return question(
        draw.choice([[served], [served, other]]),
        draw.choice([None, wants]),
        order=draw.choice(["weighted", "listed", "latency"]),
        situation={"health": HEALTH, "pins": draw.choice([{}, {"acme/m1": pin}])},
        seed=draw.getrandbits(53),
        tools=draw.choice([(), (Tool("f"),)]),
        service_tier=draw.choice([None, "flex"]),
    )


def kept_and_read(plan: Plan) -> KeptPlan:
    return msgspec.json.decode(msgspec.json.encode(keep(plan)), type=KeptPlan)


def test_what_is_kept_tells_what_the_plan_did() -> None:
    draw = Random(11)
    decided = [decide(some_question(draw)) for _ in range(300)]
    assert {len(plan.attempts) for plan in decided} >= {0, 1, 3, 4}
    for plan in decided:
        assert tell(kept_and_read(plan), plan.question.offers) == explain(plan)


def test_an_endpoint_that_is_gone_is_told_by_what_was_kept() -> None:
    plan = decide(question([endpoint("a"), endpoint("b", "0.000003")]))
    told = tell(kept_and_read(plan), offers(model(endpoint("a"))))
    assert [(row.tag, row.provider, row.attempt, row.price) for row in told.considered] == [
        ("a", "a", 1, 1.0),
        ("b", "b", 2, 3.0),
    ]


def test_a_model_that_is_gone_is_told_by_what_was_kept() -> None:
    plan = decide(question([endpoint("a"), endpoint("b")], ProviderPreferences(ignore=("b",))))
    told = tell(kept_and_read(plan), offers())
    assert [(row.tag, row.attempt, row.excluded_by) for row in told.considered] == [
        ("a", 1, None),
        ("b", None, "allowed_providers"),
    ]
    assert (told.strategy, told.requested) == ("direct", ("acme/m1",))


def test_a_price_is_the_one_it_was() -> None:
    plan = decide(question([endpoint("a"), endpoint("b", "0.000003")], order="weighted"))
    told = tell(
        kept_and_read(plan), offers(model(endpoint("a"), endpoint("b", "0.000009")), order="weighted")
    )
    row = next(row for row in told.considered if row.tag == "b")
    assert (row.price, row.chance, row.score) == (3.0, None, None)


@pytest.mark.parametrize(("price", "told"), [("0.000002", 2.0), (None, None)])
def test_the_only_endpoint_is_told_without_a_draw(price: str | None, told: float | None) -> None:
    explanation = tell_of_one(endpoint("a", price), ("acme/m1",), "direct", offers())
    (row,) = explanation.considered
    assert (row.attempt, row.price, row.chance) == (1, told, None)
