"""Thoughts of one maker in the opaque field of another's wire."""

import base64

from hypothesis import given
from hypothesis import strategies as st

from waystation.codec.carried_reasoning import carried, carry
from waystation.operations.parts import Reasoning

TEXTS = st.none() | st.text(st.characters(exclude_categories=["Cs"]))
DETAILS = st.lists(
    st.builds(
        Reasoning,
        st.sampled_from(["text", "summary", "encrypted", "server_tool_call"]),
        TEXTS,
        TEXTS,
        TEXTS,
        TEXTS,
        TEXTS,
        st.none() | st.integers(0, 9),
        st.booleans(),
        st.none() | st.just({"more": [1, "x", None]}),
    ),
    min_size=1,
    max_size=3,
)


@given(DETAILS)
def test_what_is_carried_comes_back_whole(details: list[Reasoning]) -> None:
    assert carried(carry(details)) == details


@given(DETAILS)
def test_it_is_base64_and_survives_the_alphabet_of_urls(details: list[Reasoning]) -> None:
    text = carry(details)
    assert base64.b64decode(text, validate=True)
    assert carried(text.replace("+", "-").replace("/", "_")) == details


@given(TEXTS)
def test_signatures_of_others_are_left_alone(text: str | None) -> None:
    assert carried(text) == []


def test_what_was_damaged_on_its_way_is_nothing() -> None:
    text = carry([Reasoning("encrypted", data="sealed")])
    for broken in (text[:-5], text + "!", text[:30] + "AAAA" + text[30:]):
        assert carried(broken) == []
