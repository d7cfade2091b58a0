"""The answer parser alone: the same answer however its bytes are cut, and no answer where two readers could disagree."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from waystation.errors import BadResponse
from waystation.upstream.answer import AnswerParser

LENGTH = b"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\ncontent-length: 11\r\n\r\nhello world"
CHUNKED = (
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nx-a:  b \t\r\n\r\n"
    b"5;ext=1\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n0\r\nx-trailer: t\r\n\r\n"
)
INTERIM = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" + LENGTH
EMPTY = b"HTTP/1.1 204 No Content\r\nx-a: b\r\n\r\n"


def parse(*pieces: bytes, bodiless: bool = False, max_head_bytes: int = 1024) -> tuple[AnswerParser, bytes]:
    """Feed an answer; the parser and the body."""
    parser = AnswerParser(max_head_bytes)
    parser.expect(bodiless=bodiless)
    return parser, b"".join([parser.feed(piece) for piece in pieces])


@pytest.mark.parametrize(
    "data", [LENGTH, CHUNKED, INTERIM, EMPTY], ids=["length", "chunked", "interim", "empty"]
)
def test_an_answer_cut_anywhere_is_the_same_answer(data: bytes) -> None:
    whole, body = parse(data)
    assert whole.ended
    assert whole.reusable
    for cut in range(1, len(data)):
        parser, cut_body = parse(data[:cut], data[cut:])
        assert (parser.status, parser.headers, cut_body) == (whole.status, whole.headers, body)
        assert (parser.ended, parser.reusable) == (True, True)
    single, single_body = parse(*[data[at : at + 1] for at in range(len(data))])
    assert (single.status, single.headers, single_body, single.ended) == (
        whole.status,
        whole.headers,
        body,
        True,
    )


def test_interim_answers_are_skipped() -> None:
    parser, body = parse(INTERIM)
    assert parser.status == 200
    assert parser.headers == [(b"content-type", b"a/b"), (b"content-length", b"11")]
    assert body == b"hello world"


def test_white_space_around_a_value_is_not_part_of_it() -> None:
    assert (b"x-a", b"b") in parse(CHUNKED)[0].headers


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 2\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2, 3\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\ncontent-length: +2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\ncontent-length: -2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\ncontent-length: 0x2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\ncontent-length:\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\ncontent-length : 2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nx-a: b\r\n c\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx-a: b\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx-a: b\rcontent-length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx-a: \0\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n: b\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nab\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-1\r\nab\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2 \r\nab\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\nab\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\nab\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: xchunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked, identity\r\n\r\n2\r\nab\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\ncontent-length: 2\r\n\r\nabHTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 099 Early\r\n\r\n",
        b"HTTP/1.1 600 Late\r\n\r\n",
        b"HTTP/1.1 2x0 OK\r\n\r\n",
        b"HTTP/3.1 200 OK\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"GET / HTTP/1.1\r\nhost: a\r\n\r\n",
        b"\x16\x03\x01\x02\x00",
    ],
)
def test_an_answer_that_two_readers_could_read_differently_is_refused(data: bytes) -> None:
    with pytest.raises(BadResponse):
        parse(data)
    with pytest.raises(BadResponse):
        parse(*[data[at : at + 1] for at in range(len(data))])


@pytest.mark.parametrize("junk", [b"H", b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", b"\0", LENGTH])
@pytest.mark.parametrize("data", [LENGTH, CHUNKED, EMPTY])
def test_bytes_after_the_end_spoil_the_connection_not_the_answer(data: bytes, junk: bytes) -> None:
    expected = parse(data)
    parser, body = parse(data + junk)
    assert (parser.status, parser.headers, body) == (expected[0].status, expected[0].headers, expected[1])
    assert parser.ended
    assert not parser.reusable


def test_an_answer_to_head_has_no_body_whatever_it_says() -> None:
    parser, body = parse(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n", bodiless=True)
    assert (parser.ended, parser.reusable, body) == (True, True, b"")
    parser.expect(bodiless=False)
    assert parser.feed(LENGTH) == b"hello world"
    assert parser.ended


def test_a_body_after_head_spoils_the_connection() -> None:
    parser, body = parse(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello", bodiless=True)
    assert (parser.ended, parser.reusable, body) == (True, False, b"")


def test_not_modified_has_no_body_and_keeps_the_connection() -> None:
    parser, _ = parse(b"HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n")
    assert (parser.ended, parser.reusable) == (True, True)
    parser.expect(bodiless=False)
    assert parser.feed(LENGTH) == b"hello world"


def test_without_length_or_chunks_only_the_close_ends_the_body() -> None:
    parser, body = parse(b"HTTP/1.1 200 OK\r\n\r\nab", b"c")
    assert (parser.until_close, parser.ended, parser.reusable, body) == (True, False, False, b"abc")


@pytest.mark.parametrize("version_and_header", [(b"1.1", b"connection: close"), (b"1.0", b"x: y")])
def test_a_connection_that_will_be_closed_is_not_reusable(version_and_header: tuple[bytes, bytes]) -> None:
    version, header = version_and_header
    parser, _ = parse(b"HTTP/%b 200 OK\r\ncontent-length: 0\r\n%b\r\n\r\n" % (version, header))
    assert (parser.ended, parser.reusable) == (True, False)


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\nx-a: " + b"b" * 2000,
        b"HTTP/1.1 200 " + b"b" * 2000,
        b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 400 + b"\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 100,
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;" + b"b" * 2000,
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\nx-a: " + b"b" * 2000,
    ],
    ids=["header", "reason", "headers", "interim answers", "chunk extension", "trailer"],
)
def test_what_brings_no_body_is_bounded(data: bytes) -> None:
    with pytest.raises(BadResponse, match="too large"):
        parse(*[data[at : at + 100] for at in range(0, len(data), 100)])


def test_a_head_at_once_with_a_large_body_is_not_too_large() -> None:
    assert len(parse(b"HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n" + b"x" * 5000)[1]) == 5000


def test_a_large_head_in_one_read_with_its_end_is_refused() -> None:
    with pytest.raises(BadResponse, match="too large"):
        parse(b"HTTP/1.1 200 OK\r\nx-a: " + b"b" * 2000 + b"\r\ncontent-length: 0\r\n\r\n")


FRAGMENTS = st.sampled_from(
    [
        LENGTH,
        CHUNKED,
        INTERIM,
        EMPTY,
        b"HTTP/1.1 200 OK\r\n",
        b"\r\n",
        b"content-length: 1\r\n",
        b"0\r\n\r\n",
        b"\xff",
    ]
)


@settings(max_examples=300, derandomize=True, deadline=None, database=None)
@given(st.lists(st.one_of(FRAGMENTS, st.binary(max_size=40)), max_size=8), st.booleans())
def test_no_bytes_break_the_parser(pieces: list[bytes], bodiless: bool) -> None:  # noqa: FBT001  drawn by hypothesis
    parser = AnswerParser(1024)
    parser.expect(bodiless=bodiless)
    for piece in pieces:
        try:
            parser.feed(piece)
        except BadResponse:
            return
