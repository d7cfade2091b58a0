"""Whose turn it is among a provider's keys."""

from waystation.providers.key_turns import KeyTurns


class Clock:
    """Seconds that a test sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_keys_are_taken_in_turn() -> None:
    turns = KeyTurns(3)
    assert [turns.next() for _ in range(4)] == [0, 1, 2, 0]


def test_no_key_and_one_key_are_always_the_first() -> None:
    for size in (0, 1):
        turns = KeyTurns(size)
        turns.rest(0, 60)
        assert [turns.next(), turns.next([0])] == [0, 0]


def test_a_tried_key_is_passed_over() -> None:
    turns = KeyTurns(3)
    assert turns.next([0, 1]) == 2


def test_a_resting_key_comes_back_after_its_time() -> None:
    clock = Clock()
    turns = KeyTurns(2, clock)
    turns.rest(0, 10)
    assert [turns.next() for _ in range(3)] == [1, 1, 1]
    assert turns.is_resting(0)
    clock.now += 10
    assert not turns.is_resting(0)
    assert {turns.next(), turns.next()} == {0, 1}


def test_where_all_rest_the_first_to_be_ready_is_used() -> None:
    turns = KeyTurns(3, Clock())
    for position, seconds in ((0, 30), (1, 10), (2, 20)):
        turns.rest(position, seconds)
    assert [turns.next() for _ in range(3)] == [1, 1, 1]
    assert turns.next([1]) == 2
