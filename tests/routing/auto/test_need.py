"""The need for a strong model: which of two prompts has more of it."""

import pytest

from auto_questions import WEIGHTS, asking
from waystation.routing.auto.reading import read
from waystation.routing.auto.two_models import TwoModels

TOLD = (
    "Hi, how was your weekend?",
    "Write a short poem about the first snow.",
    "You are a grumpy lighthouse keeper. Greet me in character.",
    "What is the capital of Peru, and what is it known for?",
)
WORKED = (
    "Find all real x with x^4 - 5x^2 + 4 = 0.",
    "Write a function in Go that merges overlapping intervals.",
    "Tom is older than Eva, Eva is older than Jo, and Max is the youngest. Who is the second oldest?",
)


def need(text: str) -> float:
    return read(text, WEIGHTS).need


@pytest.mark.parametrize("worked", WORKED)
@pytest.mark.parametrize("told", TOLD)
def test_what_must_be_worked_out_needs_a_strong_model_more_than_what_is_told(worked: str, told: str) -> None:
    assert 0 < need(told) < need(worked) < 1


def test_padding_moves_no_need() -> None:
    padding = (
        "The evening was mild and somebody had left a chair on the pavement. A cat lay on it and slept. " * 8
    )
    assert need(f"{padding}\n\n{WORKED[0]}") == need(WORKED[0])


@pytest.mark.parametrize("text", ["", "\n", "A. \nB. ", "0" * 9000, "Pick one.\nA. red\nB. blue\nC. green"])
def test_every_text_has_a_need(text: str) -> None:
    assert 0 < need(text) < 1


def test_two_models_tell_the_whole_need_and_go_by_it() -> None:
    for text in (TOLD[0], WORKED[0]):
        wishes = {"id": "two-models", "strong": "c/dear", "weak": "a/coder"}
        found = TwoModels(WEIGHTS)(asking(text, plugins=(wishes,)), "waystation/two-models", None)
        assert found[0].stage is not None
        assert found[0].stage.data["need"] == need(text)
        assert found[0].model.id == ("c/dear" if need(text) >= 0.5 else "a/coder")
