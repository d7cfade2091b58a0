"""What facts and prices say of models."""

from pathlib import Path

import numpy as np
import pytest

from auto_questions import FACTS
from waystation.catalog.load import load
from waystation.routing.auto.priors import BadPriors, abilities, read_facts, starting_points
from waystation.routing.auto.slugs import OVERRIDES, usable_facts
from waystation.routing.auto.tags import FAMILIES

CODE, TALK = (list(FAMILIES).index(family) for family in ("code", "talk"))


def test_the_packaged_facts_are_of_models_that_exist() -> None:
    catalog = load()
    facts = read_facts()
    assert [model for model in facts.scores if catalog.get(model) is None] == []
    assert {family for one in facts.benchmarks.values() for family in one.families} <= set(FAMILIES)


def test_a_dearer_or_newer_model_starts_higher() -> None:
    starts = starting_points(np.array([1.0, 2.0, 3.0]), np.array([1.0, 1.0, 1.0]))
    assert list(starts) == sorted(starts)
    older, newer = starting_points(np.array([1.0, 1.0]), np.array([2.0, 0.0]))
    assert newer > older


def test_scores_raise_a_model_in_the_families_they_tell_of() -> None:
    found = abilities(["a/coder", "b/talker", "c/other"], np.zeros(3), FACTS)
    assert found.ability[0, CODE] > found.ability[1, CODE]
    assert found.ability[1, TALK] > found.ability[0, TALK]
    assert found.error[0, CODE] < found.error[2, CODE]


def test_an_operators_file_replaces_and_adds(tmp_path: Path) -> None:
    (tmp_path / OVERRIDES).write_text(
        '[scores]\n"openai/gpt-5" = [{ benchmark = "aider_polyglot", date = "2026-01-01", score = 1.0 }]\n'
        '[ranking]\nmath = ["x/y"]\n'
    )
    facts = usable_facts(tmp_path)
    assert facts.scores["openai/gpt-5"][0].score == 1.0
    assert len(facts.scores) == len(read_facts().scores)
    assert facts.ranking == {"math": ("x/y",)}


@pytest.mark.parametrize(
    "text", ["[scores", "[scores]\na = 1\n", '[scores]\na = [{ benchmark = "x", date = "", score = 1.0 }]\n']
)
def test_a_wrong_file_of_the_operators_is_told_of_and_done_without(
    tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / OVERRIDES
    path.write_text(text)
    with pytest.raises(BadPriors):
        read_facts((path,))
    assert usable_facts(tmp_path) == read_facts()
    assert "left out" in caplog.text
