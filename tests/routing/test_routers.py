"""Contract section 15: what `openrouter/free` and `openrouter/pareto-code` pick."""

from collections import Counter
from typing import Any

import pytest

from routing_questions import HELLO, NOW, endpoint, evenly, model, offers
from waystation.catalog.model import Model
from waystation.errors import InvalidRequest, ModelUnavailable
from waystation.operations.chat import ChatRequest, Message, Tool
from waystation.operations.parts import Image
from waystation.operations.preferences import ProviderPreferences
from waystation.routing.plan import Candidate
from waystation.routing.prompt import PromptSize
from waystation.routing.routers import Asking
from waystation.routing.select import select
from waystation.routing.slug import resolve
from waystation.routing.standing import EndpointHealth, HealthSnapshot
from waystation.routing.sticky import Pin

IMAGE = (Message("user", (Image("https://example.com/a.png"),)),)
TOOLS = frozenset({"tools"})


def asking(
    offered: list[Model], name: str, *, tokens: int = 10, situation: Any = None, **fields: Any
) -> Asking:
    fields.setdefault("messages", HELLO)
    request = ChatRequest("openai_chat", name, **fields)
    return Asking(
        request, PromptSize(4 * tokens, lambda: tokens), offers(*offered), **{"now": NOW, **(situation or {})}
    )


def picked(offered: list[Model], name: str, **fields: Any) -> list[str]:
    return [candidate.model.id for candidate in resolve(asking(offered, name, **fields))]


FREE = [
    model(endpoint("p", "0", "a/plain")),
    model(endpoint("p", "0", "a/seeing", input_modalities=("text", "image"))),
    model(endpoint("p", "0", "a/calling", supported_parameters=TOOLS)),
    model(endpoint("p", "0", "a/small", context_length=100)),
    model(endpoint("p", "0.000001", "a/paid", input_modalities=("text", "image"))),
    model(endpoint("p", None, "a/unknown")),
]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"messages": IMAGE}, {"a/seeing"}),
        ({"tools": (Tool("f"),)}, {"a/calling"}),
        ({"tokens": 200}, {"a/plain", "a/seeing", "a/calling"}),
    ],
)
def test_free_picks_among_models_that_can_do_what_is_asked(
    fields: dict[str, Any], expected: set[str]
) -> None:
    assert set(picked(FREE, "openrouter/free", **fields)) == expected


def test_free_picks_each_as_often_as_another_and_two_to_fall_back_on() -> None:
    firsts: Counter[str] = Counter()
    for seed in range(2_000):
        chosen = picked(FREE, "openrouter/free", situation={"seed": seed})
        assert len(set(chosen)) == 3
        firsts[chosen[0]] += 1
    assert firsts.keys() == {"a/plain", "a/seeing", "a/calling", "a/small"}
    assert all(420 < count < 580 for count in firsts.values()), "500 expected, 4 sigma is 77"


def test_free_is_served_by_free_endpoints_only() -> None:
    both = [model(endpoint("dear", "0.5", "a/m"), endpoint("gift", "0", "a/m"))]
    asked = asking(both, "openrouter/free")
    (candidate,) = resolve(asked)
    assert (candidate.strategy, candidate.requested) == ("free", "openrouter/free")
    plan = select(asked.question((candidate,)))
    assert [attempt.endpoint.tag for attempt in plan.attempts] == ["gift"]


def test_free_goes_on_with_the_conversations_model() -> None:
    pins = {"openrouter/free": Pin("a/seeing", "p", NOW)}
    for seed in range(20):
        assert picked(FREE, "openrouter/free", situation={"seed": seed, "pins": pins})[0] == "a/seeing"


def test_free_without_any_that_fits_is_refused_with_the_reason() -> None:
    with pytest.raises(ModelUnavailable) as caught:
        picked(FREE[:1], "openrouter/free", messages=IMAGE)
    assert caught.value.status == 404
    assert caught.value.availability is not None
    assert caught.value.availability.code == "constraint_filtered"
    with pytest.raises(ModelUnavailable) as caught:
        picked(FREE[4:], "openrouter/free")
    assert caught.value.availability is not None
    assert caught.value.availability.code == "no_endpoints"


def test_a_router_that_finds_nothing_leaves_the_other_models_their_turn() -> None:
    assert picked(FREE[4:], "openrouter/free", models=("a/paid",)) == ["a/paid"]


CODERS = [
    model(endpoint("p", f"0.00000{price}", f"c/m{price}", supported_parameters=TOOLS, context_length=100_000))
    for price in range(1, 10)
]
NO_CODERS = [
    model(endpoint("p", "0.000005", "n/no-tools", context_length=100_000)),
    model(endpoint("p", "0.000005", "n/short", supported_parameters=TOOLS, context_length=8_000)),
    model(endpoint("p", "0", "n/free", supported_parameters=TOOLS, context_length=100_000)),
]


def pareto(**settings: Any) -> tuple[dict[str, Any], ...]:
    return ({"id": "pareto-router", **settings},)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (None, ["c/m7", "c/m8", "c/m9"]),
        ({}, ["c/m7", "c/m8", "c/m9"]),
        ({"min_coding_score": 0.66}, ["c/m7", "c/m8", "c/m9"]),
        ({"min_coding_score": 0.65}, ["c/m4", "c/m5", "c/m6"]),
        ({"min_coding_score": 0.33}, ["c/m4", "c/m5", "c/m6"]),
        ({"min_coding_score": 0.1}, ["c/m1", "c/m2", "c/m3"]),
        ({"min_coding_score": 0.1, "enabled": False}, ["c/m7", "c/m8", "c/m9"]),
        ({"max_price": 5}, ["c/m5", "c/m4", "c/m3"]),
        ({"max_price": 5, "min_coding_score": 0.9}, ["c/m5", "c/m4", "c/m3"]),
    ],
)
def test_pareto_picks_the_cheapest_of_a_tier(settings: dict[str, Any] | None, expected: list[str]) -> None:
    plugins = pareto(**settings) if settings is not None else ()
    assert picked([*CODERS, *NO_CODERS], "openrouter/pareto-code", plugins=plugins) == expected


def test_pareto_with_nitro_picks_the_fastest_of_a_tier() -> None:
    health = HealthSnapshot({"c/m8 p": EndpointHealth(throughput=evenly(90))})
    chosen = picked(CODERS, "openrouter/pareto-code:nitro", situation={"health": health})
    assert chosen == ["c/m8", "c/m7", "c/m9"]


@pytest.mark.parametrize("score", [0.1, 0.5, 0.9])
def test_pareto_takes_a_neighbour_where_a_tier_is_empty(score: float) -> None:
    plugins = pareto(min_coding_score=score)
    assert picked(CODERS[:1], "openrouter/pareto-code", plugins=plugins) == ["c/m1"]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"plugins": pareto(max_price=0.5)}, "max_price"),
        ({"provider": ProviderPreferences(only=("q",))}, "allowed_providers"),
    ],
)
def test_pareto_without_any_that_fits_is_a_404(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(ModelUnavailable) as caught:
        picked(CODERS, "openrouter/pareto-code", **fields)
    assert caught.value.status == 404
    assert caught.value.availability is not None
    assert caught.value.availability.excluded_by == (reason,)


@pytest.mark.parametrize("price", ["5", True, -1])
def test_settings_that_make_no_sense_are_the_callers_to_mend(price: object) -> None:
    with pytest.raises(InvalidRequest, match="max_price"):
        picked(CODERS, "openrouter/pareto-code", plugins=pareto(max_price=price))


def test_pareto_says_so() -> None:
    (first, *_) = resolve(asking(CODERS, "openrouter/pareto-code"))
    assert first == Candidate(CODERS[6], "pareto", "openrouter/pareto-code")
