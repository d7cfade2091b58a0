"""Server-sent events: how frames are cut, for any split of the bytes."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from waystation.codec.framing import Frame, SseParser
from waystation.errors import BadResponse

LINE_ENDS = (b"\n", b"\r\n", b"\r")


def parse(*pieces: bytes) -> list[Frame]:
    parser = SseParser()
    frames = [frame for piece in pieces for frame in parser.feed(piece)]
    return frames + parser.close()


@pytest.mark.parametrize("end", LINE_ENDS)
def test_each_kind_of_line_end_separates_events(end: bytes) -> None:
    stream = end.join([b"data: a", b"", b"data: b", b"", b""])
    assert parse(stream) == [Frame(b"a"), Frame(b"b")]


def test_data_lines_are_joined_with_line_feeds() -> None:
    assert parse(b"data: a\ndata:b\ndata:  c\ndata\n\n") == [Frame(b"a\nb\n c\n")]


def test_comments_ids_and_retry_hints_are_no_frames() -> None:
    assert parse(b": ping\n\nid: 1\nretry: 10\n\n:\n\ndata: a\n\n") == [Frame(b"a")]


def test_a_comment_within_an_event_does_not_end_it() -> None:
    assert parse(b"data: a\n: ping\ndata: b\n\n") == [Frame(b"a\nb")]


def test_the_event_name_is_kept() -> None:
    assert parse(b"event: error\ndata: {}\n\ndata: a\n\n") == [Frame(b"{}", "error"), Frame(b"a")]


@pytest.mark.parametrize("cut", range(7))
def test_a_byte_order_mark_is_skipped_wherever_it_is_cut(cut: int) -> None:
    stream = b"\xef\xbb\xbfdata: a\n\n"
    assert parse(stream[:cut], stream[cut:]) == [Frame(b"a")]


def test_a_byte_order_mark_later_on_is_part_of_the_stream() -> None:
    assert parse(b"data: a\n\n\xef\xbb\xbfdata: b\n\n") == [Frame(b"a")]


def test_an_event_without_a_blank_line_after_it_counts_at_the_end() -> None:
    assert parse(b"data: a\n\ndata: [DONE]") == [Frame(b"a"), Frame(b"[DONE]")]


def test_an_indented_field_is_read() -> None:
    assert parse(b" data: a\n\n") == [Frame(b"a")]


def test_more_blank_lines_than_needed_make_no_frames() -> None:
    assert parse(b"\n\n\ndata: a\n\n\n\n\ndata: b\n\n\n") == [Frame(b"a"), Frame(b"b")]


def test_an_event_is_told_as_soon_as_its_blank_line_came() -> None:
    parser = SseParser()
    assert parser.feed(b"data: a\r\n\r") == [Frame(b"a")]
    assert parser.feed(b"\ndata: b\n") == []
    assert parser.feed(b"\n") == [Frame(b"b")]


def test_an_event_beyond_the_limit_is_an_error() -> None:
    parser = SseParser(max_frame_bytes=100)
    parser.feed(b"data: " + b"x" * 90)
    with pytest.raises(BadResponse):
        parser.feed(b"x" * 20)


def test_many_events_beyond_the_limit_together_are_none() -> None:
    parser = SseParser(max_frame_bytes=100)
    assert len(parser.feed(b"data: " + b"x" * 60 + b"\n\ndata: " + b"y" * 60 + b"\n\n")) == 2


_LINES = st.sampled_from(
    [b"data: a", b"data: \xc3\xa9", b"data:", b"data", b"event: e", b": c", b"", b"", b"id: 1", b" data: x"]
)


@settings(max_examples=150, derandomize=True, deadline=None)
@given(
    st.lists(st.tuples(_LINES, st.sampled_from(LINE_ENDS)), max_size=12), st.randoms(use_true_random=False)
)
def test_frames_do_not_depend_on_where_the_bytes_are_cut(
    lines: list[tuple[bytes, bytes]], chance: random.Random
) -> None:
    stream = b"".join(text + end for text, end in lines)
    whole = parse(stream)
    assert parse(*[stream[at : at + 1] for at in range(len(stream))]) == whole
    cuts = sorted(chance.choices(range(len(stream) + 1), k=3))
    assert parse(*[stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]) == whole


def test_a_frame_of_many_small_pieces_is_not_searched_again_and_again() -> None:
    parser = SseParser()
    for _ in range(20_000):
        assert parser.feed(b"x" * 50) == []
    parser = SseParser()
    pieces = [b"data: ", *[b"y" * 50] * 20_000, b"\n\n"]
    frames = [frame for piece in pieces for frame in parser.feed(piece)]
    assert [len(frame.data) for frame in frames] == [1_000_000]
