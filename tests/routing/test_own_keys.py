"""Contract 8.2, steps 5 and 7a: where a caller's own keys stand among the attempts."""

import pytest

from routing_questions import endpoint, plan
from waystation.operations.preferences import ProviderPreferences, Sort
from waystation.routing.access import Access, OwnKey

AB = [endpoint("a", "0.000001"), endpoint("b", "0.000002")]


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ((), [("a", None), ("b", None)]),
        ((OwnKey("k", "b"),), [("b", "k"), ("a", None), ("b", None)]),
        ((OwnKey("k", "b", is_fallback=True),), [("a", None), ("b", None), ("b", "k")]),
        ((OwnKey("k", "b", always=True),), [("b", "k"), ("a", None)]),
        ((OwnKey("k", "b", models=frozenset({"acme/m2"})),), [("a", None), ("b", None)]),
        ((OwnKey("k", "c"),), [("a", None), ("b", None)]),
        (
            (OwnKey("second", "a", 2), OwnKey("first", "b", 1)),
            [("b", "first"), ("a", "second"), ("a", None), ("b", None)],
        ),
        (
            (OwnKey("one", "b"), OwnKey("other", "a")),
            [("a", "other"), ("b", "one"), ("a", None), ("b", None)],
        ),
    ],
)
def test_own_keys_come_first_fallback_keys_last(
    keys: tuple[OwnKey, ...], expected: list[tuple[str, str | None]]
) -> None:
    for wants in (None, ProviderPreferences(sort=Sort("price", "none"))):
        decided = plan(AB, wants, situation={"access": Access(own_keys=keys)})
        assert [(attempt.endpoint.tag, attempt.own_key) for attempt in decided.attempts] == expected


def test_data_policies_apply_to_own_keys_too() -> None:
    access = Access(own_keys=(OwnKey("k", "b"),))
    decided = plan(AB, ProviderPreferences(ignore=("b",)), situation={"access": access})
    assert [attempt.endpoint.tag for attempt in decided.attempts] == ["a"]
