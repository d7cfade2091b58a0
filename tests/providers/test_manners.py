"""The three verbs over a request body."""

import msgspec
import pytest

from waystation.operations.parts import JsonObject
from waystation.providers.manners import Manners, Verbs


def apply(manners: Manners, body: JsonObject) -> list[str]:
    return Verbs(manners).apply(body)


def test_drop_takes_out_only_what_is_there_and_says_so() -> None:
    body: JsonObject = {"model": "m", "logprobs": False}

    dropped = apply(Manners(drop=frozenset({"logprobs", "logit_bias"})), body)

    assert body == {"model": "m"}
    assert dropped == ["logprobs"]


def test_rename_keeps_the_value_even_when_it_is_null() -> None:
    body: JsonObject = {"user": None}

    assert apply(Manners(rename={"user": "user_id", "seed": "random_seed"}), body) == []

    assert body == {"user_id": None}


def test_default_fills_in_but_never_replaces() -> None:
    manners = Manners(default={"reasoning_split": True, "n": 1})
    body: JsonObject = {"reasoning_split": False}

    apply(manners, body)

    assert body == {"reasoning_split": False, "n": 1}


def test_default_speaks_of_the_providers_name_for_a_renamed_key() -> None:
    body: JsonObject = {"seed": 7}

    apply(Manners(rename={"seed": "random_seed"}, default={"random_seed": 0}), body)

    assert body == {"random_seed": 7}


def test_dotted_names_reach_one_level_down() -> None:
    body: JsonObject = {"stream_options": {"include_usage": True, "extra": 1}, "reasoning": {"effort": "low"}}
    manners = Manners(
        rename={"reasoning.effort": "thinking.level"},
        drop=frozenset({"stream_options.extra"}),
        default={"venice_parameters.quiet": True},
    )

    dropped = apply(manners, body)

    assert dropped == ["stream_options.extra"]
    assert body == {
        "stream_options": {"include_usage": True},
        "reasoning": {},
        "thinking": {"level": "low"},
        "venice_parameters": {"quiet": True},
    }


def test_a_plain_value_in_the_way_of_a_nested_one_is_left_alone() -> None:
    body: JsonObject = {"venice_parameters": "mine"}

    apply(Manners(default={"venice_parameters.quiet": True}), body)

    assert body == {"venice_parameters": "mine"}


def test_bodies_never_share_a_default() -> None:
    verbs = Verbs(Manners(default={"options": {"list": [1]}}))
    first: JsonObject = {}
    second: JsonObject = {}

    verbs.apply(first)
    verbs.apply(second)

    assert first["options"] is not second["options"]


def test_a_fourth_verb_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="multiply"):
        msgspec.convert({"multiply": {"temperature": 2}}, Manners)
