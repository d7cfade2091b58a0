"""What the auto router chooses, and that none of its failures is the request's."""

from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from auto_questions import CODE, EVERYBODY, FACTS, SMALL_TALK, WEIGHTS, asking, candidates, chosen
from routing_questions import NOW, endpoint, model
from waystation.catalog.pricing import Pricing
from waystation.errors import ModelUnavailable
from waystation.operations.chat import Message, Tool
from waystation.operations.parts import Image, Text
from waystation.routing.auto.options import TIERS
from waystation.routing.auto.priors import Facts
from waystation.routing.auto.router import AutoRouter
from waystation.routing.auto.slugs import routers
from waystation.routing.sticky import Pin

IMAGE = (Message("user", (Text(CODE), Image("https://example.com/a.png"))),)


def stage(text: str, **fields: Any) -> dict[str, Any]:
    found = candidates(text, **fields)[0].stage
    assert found is not None
    return found.data


def test_each_task_goes_to_the_model_that_is_good_at_it() -> None:
    assert chosen(CODE)[0] == "a/coder"
    assert chosen(SMALL_TALK)[0] == "b/talker"


def test_each_tier_has_models_of_its_own() -> None:
    first = [chosen(CODE, tier=tier)[0] for tier in TIERS]
    assert len(set(first)) >= 4
    assert first[-1] == "c/unpayable"


def test_a_fallback_is_at_another_provider() -> None:
    assert len(chosen(CODE)) == 3
    assert {one.model.id[0] for one in candidates(CODE, tier="max")} != {"c"}


def test_the_choice_says_why() -> None:
    data = stage(CODE)
    assert data["task_type"] == "code:general_impl"
    assert data["cost_tier"] == "low"
    assert data["decided_by"] in {"default", "better"}
    assert data["candidates"] == len(EVERYBODY)
    assert data["top"][0]["model"] == "a/coder"
    assert [one.stage is None for one in candidates(CODE)] == [False, True, True]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"messages": IMAGE}, "modality"),
        ({"tools": (Tool("f"),)}, "tools"),
        ({"max_tokens": 10_000}, "context_length"),
    ],
)
def test_what_a_model_cannot_do_rules_it_out(fields: dict[str, Any], reason: str) -> None:
    able = model(
        endpoint(
            "p",
            "0.01",
            "d/able",
            context_length=20_000_000,
            input_modalities=("text", "image"),
            supported_parameters=frozenset({"tools"}),
        )
    )
    small = [
        model(endpoint(e.provider, str(e.pricing.prompt), each.id, max_completion_tokens=9_000))
        for each in EVERYBODY
        for e in each.endpoints
    ]
    assert chosen(CODE, models=[*small, able], **fields) == ["d/able"]
    assert stage(CODE, models=[*small, able], **fields)["removed"] == {reason: len(small)}


def test_patterns_allow_and_exclude() -> None:
    plugin = {"id": "auto-router", "allowed_models": ["c/*"], "excluded_models": ["c/dear"]}
    assert set(chosen(CODE, plugins=(plugin,))) == {"c/dearer", "c/dearest", "c/unpayable"}


@pytest.mark.parametrize("plugin", [{"allowed_models": ["nobody/*"]}, {"excluded_models": ["*"]}])
def test_patterns_that_leave_nothing_are_a_404(plugin: dict[str, Any]) -> None:
    with pytest.raises(
        ModelUnavailable, match=r"^No models match your request and model restrictions$"
    ) as refused:
        chosen(CODE, plugins=({"id": "auto-router", **plugin},))
    assert refused.value.status == 404


def test_a_conversation_stays_at_its_model() -> None:
    pin = {"openrouter/auto": Pin("b/talker", "second", NOW)}
    assert chosen(CODE, situation={"pins": pin})[0] == "b/talker"
    assert stage(CODE, situation={"pins": pin})["decided_by"] == "session"


def test_a_conversation_leaves_a_model_that_its_tier_does_not_have() -> None:
    pin = {"openrouter/auto": Pin("c/unpayable", "third", NOW)}
    assert chosen(CODE, situation={"pins": pin})[0] == "a/coder"


def test_the_last_answers_model_is_kept_where_that_is_asked_for() -> None:
    messages = (
        Message("user", (Text("Hi"),)),
        Message("assistant", (Text("Hello"),), extras={"model": "b/talker"}),
        Message("user", (Text(CODE),)),
    )
    assert chosen(CODE, messages=messages)[0] == "a/coder"
    plugin = {"id": "auto-router", "pin_model": True}
    assert chosen(CODE, messages=messages, plugins=(plugin,))[0] == "b/talker"
    assert stage(CODE, messages=messages, plugins=(plugin,))["decided_by"] == "pinned"
    restricted = plugin | {"excluded_models": ["b/*"]}
    assert chosen(CODE, messages=messages, plugins=(restricted,))[0] == "a/coder"


def test_the_only_model_serves_whatever_it_is() -> None:
    local = [model(endpoint("local", "0", "h/local"))]
    assert chosen(CODE, models=local, tier="max") == ["h/local"]


def test_models_of_unknown_price_are_chosen_last() -> None:
    unknown = model(endpoint("p", None, "u/unknown", pricing=Pricing()))
    known = model(endpoint("q", "0.000001", "k/known", pricing=Pricing(Decimal(1), Decimal(1))))
    assert chosen(CODE, models=[unknown, known])[0] == "k/known"


def test_an_operators_ranking_comes_first_within_the_band() -> None:
    ranking = Facts(FACTS.benchmarks, FACTS.scores, {"code:general_impl": ("b/talker",)})
    assert chosen(CODE, router=AutoRouter(WEIGHTS, ranking))[0] == "b/talker"


def test_without_weights_the_best_models_by_facts_and_price_serve() -> None:
    router = AutoRouter(None, FACTS)
    assert chosen(CODE, router=router)
    assert stage(CODE, router=router)["task_type"] == "other"


def test_weights_that_are_no_numbers_fail_no_request() -> None:
    broken = replace(WEIGHTS, scales=np.full_like(WEIGHTS.scales, np.nan))
    router = AutoRouter(broken, FACTS)
    assert chosen(CODE, router=router)
    assert stage(CODE, router=router)["task_type"] == "other"


def test_weights_of_the_wrong_shape_fail_no_request(caplog: pytest.LogCaptureFixture) -> None:
    router = AutoRouter(replace(WEIGHTS, table=WEIGHTS.table[:5]), FACTS)
    assert chosen(CODE, router=router)
    assert stage(CODE, router=router)["decided_by"] == "default_set"
    assert "the auto router failed" in caplog.text


def test_after_the_limit_the_default_set_serves() -> None:
    ticks = iter(range(100))
    router = AutoRouter(WEIGHTS, FACTS, clock=lambda: float(next(ticks)))
    assert stage(CODE, router=router)["decided_by"] == "default_set"


def test_equal_questions_have_equal_choices() -> None:
    assert candidates(CODE) == candidates(CODE)


def test_the_other_routers_serve_too() -> None:
    every = routers()
    cheap = every["waystation/cheapest"](asking(CODE), "waystation/cheapest", None)
    assert cheap[0].model.id in {"a/coder", "b/talker"}
    lots = {
        every["waystation/random"](asking(CODE, situation={"seed": seed}), "r", None)[0].model.id
        for seed in range(60)
    }
    assert lots == {each.id for each in EVERYBODY}
    plugin = {"id": "two-models", "strong": "c/dear", "weak": "a/coder"}
    for threshold, expected in ((-9, "c/dear"), (9, "a/coder")):
        plugins = ({**plugin, "threshold": threshold},)
        two = every["waystation/two-models"](asking(CODE, plugins=plugins), "t", None)
        assert two[0].model.id == expected
        assert len(two) == 2


def test_models_of_other_trades_are_left_alone() -> None:
    offered = [
        model(endpoint("p", "0.01", "g/new-guard")),
        model(
            endpoint("p", "0.01", "i/painter", output_modalities=("text", "image")),
            output_modalities=("text", "image"),
        ),
        model(endpoint("p", "0.0001", "w/writer")),
    ]
    assert chosen(CODE, models=offered, tier="max") == ["w/writer"]
    assert chosen(CODE, models=offered[:1]) == ["g/new-guard"]
