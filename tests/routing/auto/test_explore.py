"""Exploration: how often, among which, and that its propensities are true and make a log tell."""

from collections import Counter
from typing import Any

import pytest

from auto_questions import CODE, WEIGHTS, candidates
from routing_questions import NOW, endpoint, model, offers
from waystation.operations.chat import Message
from waystation.operations.parts import Text
from waystation.routing.auto.explore import NONE, Exploration, drawn
from waystation.routing.auto.field import Field
from waystation.routing.auto.priors import Benchmark, Facts, Score
from waystation.routing.auto.replay import Logged, judge, logged_from
from waystation.routing.auto.router import AutoRouter
from waystation.routing.sticky import Pin

SEEDS = range(4_000)
PEERS = [
    model(endpoint("second", "0.000001", "a/worse")),
    model(endpoint("second", "0.000001", "b/near")),
    model(endpoint("first", "0.000001", "d/best")),
]
"""Of one price, so of one band."""
PEER_FACTS = Facts(
    {"coding": Benchmark(("code",), "a test")},
    {
        name: (Score("coding", "2026-01-01", score),)
        for name, score in (("d/best", 90.0), ("b/near", 91.0), ("a/worse", 20.0))
    },
)
EXPLORER = AutoRouter(WEIGHTS, PEER_FACTS, explore=0.2)


def choice(seed: int, *, router: AutoRouter = EXPLORER, **fields: Any) -> tuple[str, dict[str, Any]]:
    situation = {"seed": seed, **fields.pop("situation", {})}
    first = candidates(CODE, router=router, models=PEERS, situation=situation, **fields)[0]
    assert first.stage is not None
    return first.model.id, first.stage.data


def test_the_share_of_draws_and_their_propensities_are_those_said() -> None:
    counts = Counter(
        drawn([0.7, 0.69, 0.68, 0.6], [1.0, 1.2, 0.5, 1.0], Exploration(0.2, seed)) for seed in SEEDS
    )
    assert set(counts) == {(0, 0.8), (1, 0.1), (2, 0.1)}
    for (_, propensity), count in counts.items():
        assert count / len(SEEDS) == pytest.approx(propensity, abs=0.02)


@pytest.mark.parametrize(
    ("qualities", "costs"),
    [
        ([0.7], [1.0]),
        ([0.7, 0.6], [1.0, 1.0]),
        ([0.7, 0.7], [1.0, 1.3]),
        ([0.7, 0.7], [1.0, None]),
        ([0.7, 0.7], [None, 1.0]),
        ([], []),
    ],
)
def test_what_is_clearly_worse_or_dearer_or_of_unknown_cost_is_not_explored(
    qualities: list[float], costs: list[float | None]
) -> None:
    assert {drawn(qualities, costs, Exploration(0.2, seed)) for seed in range(200)} == {(0, 1.0)}


def test_nothing_is_explored_unless_it_is_asked_for() -> None:
    assert {drawn([0.7, 0.7], [1.0, 1.0], NONE) for _ in range(3)} == {(0, 1.0)}
    plain = AutoRouter(WEIGHTS, PEER_FACTS)
    assert {choice(seed, router=plain)[0] for seed in range(50)} == {"d/best"}
    assert choice(0, router=plain)[1]["propensity"] == 1.0


def test_an_explored_choice_says_so_and_the_judged_one_follows_it() -> None:
    told = [choice(seed) for seed in range(60)]
    assert {name for name, _ in told} == {"d/best", "b/near"}
    for name, data in told:
        explored = name == "b/near"
        assert (data["decided_by"] == "explored") == explored
        assert data["propensity"] == pytest.approx(0.2 if explored else 0.8)
    seed = next(seed for seed in range(60) if choice(seed)[0] == "b/near")
    found = candidates(CODE, router=EXPLORER, models=PEERS, situation={"seed": seed})
    assert [one.model.id for one in found] == ["b/near", "d/best", "a/worse"]


def test_equal_seeds_have_equal_choices() -> None:
    assert [choice(seed) for seed in range(40)] == [choice(seed) for seed in range(40)]


@pytest.mark.parametrize(
    "fields",
    [
        {"situation": {"pins": {"openrouter/auto": Pin("d/best", "first", NOW)}}},
        {"situation": {"pins": {"openrouter/auto": Pin("gone/model", "first", NOW)}}},
        {
            "messages": (
                Message("user", (Text("Hi"),)),
                Message("assistant", (Text("Hello"),)),
                Message("user", (Text(CODE),)),
            )
        },
    ],
)
def test_a_conversation_under_way_is_not_explored(fields: dict[str, Any]) -> None:
    told = [choice(seed, **fields) for seed in range(60)]
    assert {name for name, _ in told} == {"d/best"}
    assert {data["propensity"] for _, data in told} == {1.0}


def test_what_the_operator_ranks_is_not_explored() -> None:
    ranking = Facts(PEER_FACTS.benchmarks, PEER_FACTS.scores, {"code:general_impl": ("b/near",)})
    router = AutoRouter(WEIGHTS, ranking, explore=0.2)
    assert {choice(seed, router=router)[0] for seed in range(60)} == {"b/near"}


def test_an_explored_log_tells_how_other_facts_would_have_done() -> None:
    log: list[Logged] = []
    for seed in range(2_000):
        name, data = choice(seed)
        ended_well = seed % 10 < (5 if name == "d/best" else 9)
        one = logged_from(data, name, outcome=float(ended_well), prompt_tokens=20, cost=None)
        assert one is not None
        log.append(one)
    otherwise = Facts(PEER_FACTS.benchmarks, {"b/near": (Score("coding", "2026-01-01", 99.0),)})
    judged = judge(log, Field(offers(*PEERS), otherwise))
    assert judged.matched == pytest.approx(0.2, abs=0.03)
    for estimate in (judged.inverse_propensity, judged.doubly_robust):
        assert estimate.value == pytest.approx(0.9, abs=0.06)
    assert judged.logged.value == pytest.approx(0.58, abs=0.04)
