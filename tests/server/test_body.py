"""Bodies: any split gives the same bytes; chunks that two readers could read differently are refused."""

import pytest

from waystation.server.body import ChunkedBody, SizedBody, body_reader
from waystation.server.request import Refused

CHUNKS = b'4\r\nWiki\r\n00b;x="y"\r\n\r\npedia\r\nab\r\n0\r\nTrailer: x\r\nOther:\r\n\r\n'
DECODED = b"Wiki\r\npedia\r\nab"


def chunked(limit: int = 1000, extra: int = 1000) -> ChunkedBody:
    return ChunkedBody(limit, extra)


def status_of(data: bytes, reader: ChunkedBody) -> int:
    with pytest.raises(Refused) as refused:
        reader.feed(data)
    return refused.value.status


def test_a_chunked_body_cut_anywhere_is_the_same() -> None:
    for first in range(1, len(CHUNKS)):
        reader = chunked()
        assert reader.feed(CHUNKS[:first]) is None
        assert reader.feed(CHUNKS[first:] + b"next") == b"next"
        assert reader.whole() == DECODED


def test_a_chunked_body_byte_by_byte_is_the_same() -> None:
    reader = chunked()
    results = [reader.feed(bytes([byte])) for byte in CHUNKS]
    assert results[:-1] == [None] * (len(CHUNKS) - 1)
    assert results[-1] == b""
    assert reader.whole() == DECODED


def test_a_sized_body_cut_anywhere_is_the_same() -> None:
    for cut in range(6):
        reader = SizedBody(6)
        assert reader.feed(b"abcdef"[:cut]) is None
        assert reader.feed(b"abcdef"[cut:] + b"next") == b"next"
        assert reader.whole() == b"abcdef"


@pytest.mark.parametrize(
    "data",
    [
        b"g\r\n",
        b"\r\n",
        b"-1\r\n",
        b"+1\r\n",
        b"0x1\r\n",
        b" 1\r\n",
        b"1 \r\n",
        b"1\n",
        b"1\ra",
        b"1;a\nb\r\n",
        b"1" * 16 + b"\r\n",
        b"1\r\nabc",
        b"1\r\na\n",
        b"1\r\na\r\r\n",
        b"0\r\nno colon\r\n",
        b"0\r\n folded: x\r\n",
        b"0\r\nx : y\r\n",
        b"0\r\nx: \0\r\n",
        b"1;" + b"x" * 5000,
    ],
)
def test_bad_chunks_are_refused(data: bytes) -> None:
    assert status_of(data, chunked(extra=10**6)) == 400


def test_a_body_over_its_limit_is_refused_when_its_size_is_known() -> None:
    assert status_of(b"3e9\r\n", chunked(1000)) == 413
    assert status_of(b"3e8\r\n" + b"a" * 1000 + b"\r\n1\r\n", chunked(1000)) == 413
    with pytest.raises(Refused):
        body_reader(1001, 1000, 1000)


def test_extensions_and_trailers_are_bounded() -> None:
    assert status_of(b"1;xxxxxxxx\r\na\r\n" * 200, chunked(extra=1000)) == 431
    assert status_of(b"0\r\n" + b"x: y\r\n" * 200, chunked(extra=1000)) == 431
