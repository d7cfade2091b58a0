"""Offline evaluation: estimates that are known from how the log was made."""

import math
import random

import pytest

from auto_questions import EVERYBODY, FACTS
from routing_questions import offers
from waystation.routing.auto.field import Field
from waystation.routing.auto.reading import Reading
from waystation.routing.auto.replay import Logged, judge, logged_from

CODE = Reading("code:general_impl", "code", 0.9, 0.5, 0.0)
FIELD = Field(offers(*EVERYBODY), FACTS)
"""For code, these facts choose a/coder."""


def logged(model: str, outcome: float, propensity: float = 1.0) -> Logged:
    return Logged(CODE, "low", model, outcome, propensity=propensity)


def test_a_log_of_the_same_choices_is_its_own_estimate() -> None:
    judged = judge([logged("a/coder", 1.0)] * 30 + [logged("a/coder", 0.0)] * 10, FIELD)
    assert judged.matched == 1.0
    assert judged.inverse_propensity.value == pytest.approx(0.75)
    assert judged.doubly_robust.value == pytest.approx(0.75)
    assert judged.doubly_robust.low < 0.75 < judged.doubly_robust.high


def test_a_random_log_tells_how_good_the_new_choice_would_have_been() -> None:
    draw = random.Random(7)
    log = []
    for _ in range(2000):
        model = draw.choice(["a/coder", "b/talker"])
        good = draw.random() < (0.9 if model == "a/coder" else 0.3)
        log.append(logged(model, float(good), 0.5))
    judged = judge(log, FIELD)
    assert judged.logged.value == pytest.approx(0.6, abs=0.05)
    for estimate in (judged.inverse_propensity, judged.doubly_robust):
        assert estimate.value == pytest.approx(0.9, abs=0.05)


def test_where_no_choice_is_the_same_only_the_prediction_is_left() -> None:
    judged = judge([logged("b/talker", 1.0)] * 5, FIELD)
    assert judged.matched == 0
    assert math.isnan(judged.inverse_propensity.value)
    assert 0 < judged.doubly_robust.value < 1


def test_a_stage_is_read_as_it_was_kept_and_one_without_a_choice_is_left_out() -> None:
    data: dict[str, object] = {"task_type": "math", "difficulty": 0.4, "cost_tier": "high", "confidence": 0.5}
    found = logged_from(data, "m", outcome=1.0, prompt_tokens=5, cost=None)
    assert found is not None
    assert (found.reading.family, found.tier, found.propensity) == ("numbers", "high", 1.0)
    spoilt_ones: list[dict[str, object]] = [
        {"difficulty": "hard"},
        {"cost_tier": "huge"},
        {"task_type": None},
        {"propensity": 0},
        {"decided_by": "session"},
        {"decided_by": "pinned"},
    ]
    for spoilt in spoilt_ones:
        assert logged_from(data | spoilt, "m", outcome=1.0, prompt_tokens=5, cost=None) is None
