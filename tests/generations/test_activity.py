"""Which rows of sums a range of time is read from."""

from hypothesis import given
from hypothesis import strategies as st

from waystation.generations.activity import DAY, HOUR, KEPT, MINUTE, Granularity, Piece, range_of

NOW = 20_000 * DAY + 13 * HOUR + 5 * MINUTE + 7
_moments = st.integers(NOW - 200 * DAY, NOW + 3 * DAY)
_granularities = st.sampled_from([None, "minute", "hour", "day", "week", "month"])


@given(_moments, _moments, _granularities)
def test_a_range_is_covered_once_and_without_a_gap(
    start: int, end: int, granularity: Granularity | None
) -> None:
    found = range_of(start, end, NOW, granularity)

    for piece in found.pieces:
        assert piece.start < piece.end
        assert piece.start % piece.span == piece.end % piece.span == 0
    for one, next_one in zip(found.pieces, found.pieces[1:], strict=False):
        assert one.end == next_one.start
    if start < min(end, NOW):
        assert found.pieces[0].start <= start
        assert found.pieces[-1].end >= min(end, NOW)


@given(_moments, _moments, _granularities)
def test_rows_that_are_kept_no_more_are_not_read(
    start: int, end: int, granularity: Granularity | None
) -> None:
    for piece in range_of(start, end, NOW, granularity).pieces:
        if granularity not in ("minute", "hour"):
            assert piece.start >= NOW - KEPT.get(piece.span, 10**9) - piece.span


def test_whole_days_are_read_as_days() -> None:
    found = range_of(NOW // DAY * DAY - 30 * DAY, NOW + 1, NOW, "day")

    assert found.pieces == (Piece(DAY, NOW // DAY * DAY - 30 * DAY, NOW // DAY * DAY + DAY),)
    assert not found.widened


def test_the_ends_of_a_range_are_read_from_finer_sums() -> None:
    start = NOW - DAY - 7 - 5 * MINUTE
    found = range_of(start, NOW - 7, NOW, None)

    assert [(piece.span, piece.end - piece.start) for piece in found.pieces] == [
        (HOUR, DAY),
        (MINUTE, 5 * MINUTE),
    ]
    assert not found.widened
