"""Counters of what came of choices: how they fade, how little a little moves, and where a lot leads."""

import pytest

from auto_questions import CODE, FACTS, SMALL_TALK, WEIGHTS, candidates, chosen
from waystation.routing.auto.outcomes import HALF_LIFE, UNTOLD, Ending, Experience, Outcomes, Tally, folded
from waystation.routing.auto.router import AutoRouter

NOW = 1_800_000_000.0


def failures(count: int, family: str = "code", model: str = "a/coder") -> Outcomes:
    return Outcomes(NOW, {(family, model): Tally(failed=float(count))})


def router_after(outcomes: Outcomes) -> AutoRouter:
    experience = Experience()
    experience.outcomes = outcomes
    return AutoRouter(WEIGHTS, FACTS, experience=experience)


def test_an_ending_counts_half_after_each_half_life() -> None:
    endings = [Ending("code", "m", NOW - age * HALF_LIFE, "good") for age in (0, 1, 2)]
    once = folded(UNTOLD, endings, NOW)
    assert once.tallies[("code", "m")].good == pytest.approx(1.75)
    later = folded(once, [Ending("code", "m", NOW + HALF_LIFE, "failed")], NOW + HALF_LIFE)
    assert later.tallies[("code", "m")].good == pytest.approx(0.875)
    assert later.tallies[("code", "m")].failed == 1.0


def test_it_is_the_same_whether_endings_are_counted_together_or_one_after_another() -> None:
    endings = [Ending("code", "m", NOW - day * 86_400, "blamed") for day in range(20)]
    together = folded(UNTOLD, endings, NOW)
    apart = folded(folded(UNTOLD, endings[10:], NOW - 9 * 86_400), endings[:10], NOW)
    assert apart.tallies[("code", "m")].blamed == pytest.approx(together.tallies[("code", "m")].blamed)


def test_what_has_faded_is_forgotten() -> None:
    known = folded(UNTOLD, [Ending("code", "m", NOW, "good")], NOW)
    assert folded(known, (), NOW + 7 * HALF_LIFE).tallies == {}


@pytest.mark.parametrize(
    ("tally", "least", "most"),
    [
        (Tally(), 0.0, 0.0),
        (Tally(failed=1), -0.08, -0.07),
        (Tally(blamed=1), -0.08, -0.07),
        (Tally(good=97, failed=3), -0.001, 0.001),
        (Tally(good=100_000), 0.11, 0.12),
        (Tally(failed=50), -1.95, -1.93),
        (Tally(failed=100_000), -3.88, -3.8),
    ],
)
def test_little_moves_little_and_nothing_moves_without_bound(tally: Tally, least: float, most: float) -> None:
    assert least - 1e-9 <= tally.shift <= most + 1e-9


def test_one_failure_changes_no_choice_and_many_do_in_their_family_alone() -> None:
    assert chosen(CODE, router=router_after(failures(1)))[0] == "a/coder"
    assert chosen(CODE, router=router_after(failures(300)))[0] == "b/talker"
    assert chosen(SMALL_TALK, router=router_after(failures(300, "talk", "b/talker")))[0] == "a/coder"
    assert chosen(CODE, router=router_after(failures(300, "talk", "b/talker")))[0] == "a/coder"


def test_what_is_learnt_later_counts_at_once_and_is_shown() -> None:
    experience = Experience()
    router = AutoRouter(WEIGHTS, FACTS, experience=experience)
    before = candidates(CODE, router=router)[0]
    assert before.stage is not None
    assert before.stage.data["outcomes"] is None
    experience.outcomes = Outcomes(NOW, {("code", "a/coder"): Tally(8.0, 1.5, 0.25)})
    after = candidates(CODE, router=router)[0]
    assert after.stage is not None
    assert after.stage.data["outcomes"] == {"good": 8.0, "failed": 1.5, "blamed": 0.25, "shift": -0.0976}
    experience.outcomes = UNTOLD
    assert candidates(CODE, router=router)[0] == before


def test_models_that_are_gone_and_families_that_nobody_knows_are_passed_over() -> None:
    outcomes = Outcomes(NOW, {("code", "gone/model"): Tally(failed=9), ("other", "a/coder"): Tally(failed=9)})
    assert chosen(CODE, router=router_after(outcomes))[0] == "a/coder"
