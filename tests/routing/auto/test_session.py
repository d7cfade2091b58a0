"""A conversation's model: kept while the task stays, left when it changes, unless what its cache saves is worth more."""

from decimal import Decimal
from typing import Any

import pytest

from auto_questions import CODE, FACTS, SMALL_TALK, WEIGHTS, candidates, chosen
from routing_questions import NOW, endpoint, model
from waystation.catalog.model import Model
from waystation.catalog.pricing import Pricing
from waystation.routing.auto.priors import Facts, Score
from waystation.routing.auto.reading import Reading
from waystation.routing.auto.router import AutoRouter
from waystation.routing.auto.session import NOWHERE, Option, Session, Stay, judged
from waystation.routing.plan import Candidate
from waystation.routing.sticky import Pin

BEST = ("a/coder", "b/talker")
TALK = Reading("conversational_reply", "talk", 0.9, 0.5, 0.5)
GOOD, BETTER = Option(0.90, 0.010), Option(0.92, 0.011)


def at(task: str, cached: float = 0.0) -> Stay:
    return Stay(session="a/coder", task=task, cached=cached)


def reason(stay: Stay, reading: Reading = TALK, here: Option = GOOD, there: Option = BETTER) -> str:
    found = judged(stay, BEST, reading, here, there)
    assert found is not None
    assert found.stays == (found.reason in {"same_task", "cache"})
    return found.reason


def test_without_a_session_there_is_nothing_to_judge() -> None:
    assert judged(NOWHERE, BEST, TALK, GOOD, BETTER) is None


def test_the_same_task_stays_and_another_leaves() -> None:
    assert reason(at("talk")) == "same_task"
    assert reason(at("code")) == "task_changed"


@pytest.mark.parametrize(
    ("task", "reading"),
    [
        ("", TALK),
        ("other", TALK),
        ("code", Reading("other", "other", 0.1, 0.5, 0.5)),
        ("code", Reading("conversational_reply", "talk", 0.2, 0.5, 0.5)),
        ("code", Reading("conversational_reply", "talk", 0.9, 0.5, 0.5, brief=True)),
    ],
)
def test_a_guess_moves_no_conversation(task: str, reading: Reading) -> None:
    assert reason(at(task), reading) == "same_task"


def test_a_model_that_is_no_longer_among_the_best_is_left() -> None:
    elsewhere = Stay(session="c/dear", task="talk")
    assert judged(elsewhere, BEST, TALK, GOOD, BETTER) == Session(
        "c/dear", stays=False, reason="not_among_best", last_task="talk", cached=0.0
    )


@pytest.mark.parametrize(
    ("cached", "better", "expected"),
    [
        (0.000, 0.905, "task_changed"),  # nothing is lost by moving
        (0.005, 0.915, "cache"),  # moving costs 2.2 times as much, and 2.2 times .01 may be lost
        (0.005, 0.930, "task_changed"),
        (0.010, 0.945, "cache"),  # staying is free, but no more than .05 may be lost for that
        (0.010, 0.960, "task_changed"),
    ],
)
def test_a_cache_keeps_a_conversation_while_moving_gains_less_than_it_costs(
    cached: float, better: float, expected: str
) -> None:
    assert reason(at("code", cached), there=Option(better, 0.011)) == expected


def turn(text: str, pin: Pin, **fields: Any) -> tuple[Candidate, dict[str, Any]]:
    first = candidates(text, situation={"pins": {"openrouter/auto": pin}}, **fields)[0]
    assert first.stage is not None
    return first, first.stage.data


def test_a_conversation_moves_to_the_model_of_its_new_task_and_says_so() -> None:
    first, told = turn(SMALL_TALK, Pin("a/coder", "first", NOW, explicit=True, task="code"))
    assert first.model.id == "b/talker"
    assert first.leaves
    assert first.task == "talk"
    assert told["decided_by"] in {"default", "better", "cheaper"}
    assert told["session"] == {
        "model": "a/coder",
        "stays": False,
        "reason": "task_changed",
        "last_task": "code",
        "cache_usd": 0.0,
    }


def test_a_conversation_stays_for_another_turn_of_its_task() -> None:
    first, told = turn(CODE, Pin("b/talker", "second", NOW, task="code"))
    assert first.model.id == "b/talker"
    assert not first.leaves
    assert told["decided_by"] == "session"
    assert told["session"]["reason"] == "same_task"


@pytest.mark.parametrize("text", ["ok", "Thanks!", "Why?", "And the other one?", "Make it shorter."])
def test_a_few_words_change_no_task(text: str) -> None:
    first, told = turn(text, Pin("a/coder", "first", NOW, task="code"))
    assert first.model.id == "a/coder"
    assert told["session"]["reason"] == "same_task"


def test_a_long_cached_prompt_is_a_reason_to_stay() -> None:
    def caching(name: str, provider: str) -> Model:
        priced = Pricing(Decimal("0.000001"), Decimal("0.000001"), input_cache_read=Decimal("0.0000001"))
        return model(endpoint(provider, None, name, pricing=priced))

    score = (Score("coding", "2026-01-01", 80), Score("talking", "2026-01-01", 80))
    equals = Facts(FACTS.benchmarks, {"d/one": score, "e/two": score})
    router, both = AutoRouter(WEIGHTS, equals), [caching("d/one", "first"), caching("e/two", "second")]
    long = SMALL_TALK + " " * 400_000
    usual = chosen(long, models=both, router=router)[0]
    other, provider = ("e/two", "second") if usual == "d/one" else ("d/one", "first")

    for cached, expected, reason in ((100_000, other, "cache"), (0, usual, "task_changed")):
        pin = Pin(other, provider, NOW, task="code", cached_tokens=cached)
        first, told = turn(long, pin, models=both, router=router)
        assert first.model.id == expected
        assert told["session"]["reason"] == reason
        assert told["session"]["cache_usd"] == pytest.approx(cached * 0.0000009)


def test_a_conversation_whose_weights_are_missing_is_not_moved() -> None:
    pin = Pin("b/talker", "second", NOW, task="code")
    assert turn(SMALL_TALK, pin, router=AutoRouter(None, FACTS))[0].model.id == "b/talker"
