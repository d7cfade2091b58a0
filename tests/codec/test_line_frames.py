"""Lines of a stream, whatever the pieces they come in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waystation.codec.line_frames import LineParser
from waystation.errors import BadResponse

STREAM = b'\xef\xbb\xbf{"a":1}\r\n\n  {"b":2}\n{"c":3}'


def lines_of(*pieces: bytes) -> list[bytes]:
    parser = LineParser()
    lines = [line for piece in pieces for line in parser.feed(piece)]
    return lines + parser.close()


def test_lines_without_blank_ones_and_the_last_without_a_line_feed() -> None:
    assert lines_of(STREAM) == [b'{"a":1}', b'{"b":2}', b'{"c":3}']


@given(st.lists(st.integers(0, len(STREAM)), max_size=6))
def test_the_same_however_the_bytes_are_cut(cuts: list[int]) -> None:
    ends = [*sorted(cuts), len(STREAM)]
    pieces = [STREAM[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    assert lines_of(*pieces) == lines_of(STREAM)


def test_a_line_without_end_is_an_error() -> None:
    parser = LineParser(max_line_bytes=10)
    parser.feed(b"12345\n1234567890")
    with pytest.raises(BadResponse):
        parser.feed(b"1")
