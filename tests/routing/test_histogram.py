"""Percentiles of bucketed counts: the error that is stated, and the memory."""

from math import ceil

from hypothesis import given, settings
from hypothesis import strategies as st

from waystation.routing.histogram import (
    GREATEST,
    LEAST,
    MAX_BUCKETS,
    MAX_ERROR,
    Histogram,
    add_all,
    bucket_of,
    percentiles,
)

VALUES = st.lists(st.floats(LEAST * 1.1, GREATEST), min_size=1, max_size=200)


def counted(values: list[float]) -> Histogram:
    counts: Histogram = {}
    for value in values:
        add_all(counts, {bucket_of(value): 1})
    return counts


@settings(derandomize=True, max_examples=100, deadline=None)
@given(VALUES, st.floats(0.01, 1))
def test_a_percentile_is_within_the_stated_error_of_the_true_one(values: list[float], share: float) -> None:
    (found,) = percentiles(counted(values), (share,))
    true = sorted(values)[max(ceil(share * len(values)) - 1, 0)]
    assert abs(found / true - 1) <= MAX_ERROR + 1e-9
    assert MAX_ERROR < 0.05


def test_what_is_out_of_range_falls_into_the_outermost_buckets() -> None:
    assert bucket_of(-1) == bucket_of(0) == bucket_of(LEAST)
    assert bucket_of(1e300) == bucket_of(GREATEST * 2)
    assert bucket_of(1e300) - bucket_of(0) < MAX_BUCKETS


def test_nothing_counted_has_no_percentiles() -> None:
    assert percentiles({}, (0.5,)) == ()


def test_counts_add_up() -> None:
    both = counted([1.0, 2.0])
    add_all(both, counted([2.0, 3.0]))
    assert both == counted([1.0, 2.0, 2.0, 3.0])
