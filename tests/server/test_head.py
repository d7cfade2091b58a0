"""Heads: any split gives the same request; what two readers could read differently is refused."""

import pytest

from waystation.server.head import HeadReader
from waystation.server.limits import Limits
from waystation.server.request import CHUNKED, Refused, Request

GOOD = (
    b"POST /v1/chat/completions?a=b%20c HTTP/1.1\r\nHost: localhost:8787\r\nContent-Length: 12\r\n"
    b"X-Note: one \t\r\nx-note:two\r\nAuthorization: Bearer  key\r\nExpect: 100-Continue\r\n\r\n"
)


def read(data: bytes, limits: Limits | None = None) -> tuple[Request, bytes] | None:
    return HeadReader(limits or Limits()).feed(data)


def read_one(data: bytes) -> Request:
    found = read(data)
    assert found is not None
    return found[0]


def status_of(data: bytes, limits: Limits | None = None) -> int:
    with pytest.raises(Refused) as refused:
        read(data, limits)
    return refused.value.status


def fields(request: Request) -> list[object]:
    return [getattr(request, name) for name in request.__struct_fields__]


def test_a_head_is_taken_apart() -> None:
    request = read_one(GOOD)
    assert (request.method, request.path, request.query) == ("POST", "/v1/chat/completions", b"a=b%20c")
    assert request.headers[b"x-note"] == b"one"
    assert request.repeated == [(b"x-note", b"two")]
    assert request.headers[b"authorization"] == b"Bearer  key"
    assert (request.length, request.keep_alive, request.awaits_continue) == (12, True, True)


def test_a_head_cut_anywhere_is_the_same_request() -> None:
    whole = fields(read_one(GOOD))
    for cut in range(1, len(GOOD)):
        reader = HeadReader(Limits())
        assert reader.feed(GOOD[:cut]) is None
        assert reader.begun
        found = reader.feed(GOOD[cut:] + b"rest")
        assert found is not None
        assert fields(found[0]) == whole
        assert found[1] == b"rest"
        assert not reader.begun


def test_a_head_byte_by_byte_is_the_same_request() -> None:
    reader = HeadReader(Limits())
    for at in range(len(GOOD) - 1):
        assert reader.feed(GOOD[at : at + 1]) is None
    found = reader.feed(GOOD[-1:])
    assert found is not None
    assert fields(found[0]) == fields(read_one(GOOD))


def test_empty_lines_before_a_request_are_skipped() -> None:
    reader = HeadReader(Limits())
    assert reader.feed(b"\r\n\r\n") is None
    assert not reader.begun
    assert reader.feed(b"\r\n" + GOOD) is not None


@pytest.mark.parametrize(
    ("target", "path", "host"),
    [
        (b"/a%2Fb%20c", "/a/b c", b"h"),
        (b"http://other:81/x?y", "/x", b"other:81"),
        (b"HTTP://other", "/", b"other"),
        (b"http://other?q", "/", b"other"),
        (b"//double/slash", "//double/slash", b"h"),
    ],
)
def test_targets_have_a_path_and_absolute_ones_name_the_host(target: bytes, path: str, host: bytes) -> None:
    request = read_one(b"GET " + target + b" HTTP/1.1\r\nHost: h\r\n\r\n")
    assert request.path == path
    assert request.headers[b"host"] == host


def test_options_may_ask_for_the_server_as_a_whole() -> None:
    assert read_one(b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n").path == "*"


@pytest.mark.parametrize(
    ("lines", "version", "keeps"),
    [
        (b"", b"1.1", True),
        (b"Connection: close\r\n", b"1.1", False),
        (b"Connection: x, Close\r\n", b"1.1", False),
        (b"", b"1.0", False),
        (b"Connection: keep-alive\r\n", b"1.0", True),
    ],
)
def test_whether_the_connection_goes_on(lines: bytes, version: bytes, keeps: bool) -> None:  # noqa: FBT001
    head = b"GET / HTTP/" + version + b"\r\nHost: h\r\n" + lines + b"\r\n"
    assert read_one(head).keep_alive is keeps


def test_an_upgrade_is_not_taken_up() -> None:
    request = read_one(
        b"GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n"
    )
    assert (request.method, request.length) == ("GET", 0)


def test_chunked_in_any_case_is_chunked() -> None:
    assert read_one(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n").length == CHUNKED


SMUGGLED = {
    "length and coding": b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
    "coding and length": b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
    "two lengths": b"Content-Length: 3\r\nContent-Length: 4\r\n",
    "the same length twice": b"Content-Length: 3\r\ncontent-length: 3\r\n",
    "a list of lengths": b"Content-Length: 3, 3\r\n",
    "a signed length": b"Content-Length: +3\r\n",
    "a negative length": b"Content-Length: -3\r\n",
    "a hexadecimal length": b"Content-Length: 0x3\r\n",
    "an empty length": b"Content-Length:\r\n",
    "a length with a space in it": b"Content-Length: 3 3\r\n",
    "a length beyond all": b"Content-Length: 99999999999999999999\r\n",
    "chunked twice": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
    "chunked not last": b"Transfer-Encoding: chunked, gzip\r\n",
    "a coding behind a vertical tab": b"Transfer-Encoding: \x0bchunked\r\n",
    "a space before the colon": b"Transfer-Encoding : chunked\r\n",
    "a tab before the colon": b"Content-Length\t: 3\r\n",
    "a space in a name": b"X Y: 3\r\n",
    "an empty name": b": 3\r\n",
    "no colon": b"nothing\r\n",
    "a folded line": b"X: a\r\n b\r\n",
    "a folded line with a tab": b"X: a\r\n\tb\r\n",
    "a bare CR": b"X: a\rContent-Length: 3\r\n",
    "a bare LF": b"X: a\nContent-Length: 3\r\n",
    "CR CR LF": b"X: a\r\r\n",
    "a zero byte": b"X: a\0b\r\n",
    "a control character": b"X: a\x01b\r\n",
    "two hosts": b"Host: other\r\n",
    "two same hosts": b"host: h\r\n",
}


@pytest.mark.parametrize("lines", SMUGGLED.values(), ids=SMUGGLED.keys())
def test_what_two_readers_could_read_differently_is_refused(lines: bytes) -> None:
    assert status_of(b"POST / HTTP/1.1\r\nHost: h\r\n" + lines + b"\r\n") == 400


@pytest.mark.parametrize("lines", SMUGGLED.values(), ids=SMUGGLED.keys())
def test_it_is_refused_byte_by_byte_too(lines: bytes) -> None:
    reader = HeadReader(Limits())
    with pytest.raises(Refused) as refused:  # noqa: PT012
        for byte in b"POST / HTTP/1.1\r\nHost: h\r\n" + lines + b"\r\n":
            reader.feed(bytes([byte]))
    assert refused.value.status == 400


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\nHost: h\n\n", 400),
        (b"GET / HTTP/1.1\r\nHost: h\n\n", 400),
        (b"GET  / HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        (b"GET /  HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        (b"GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        (b"get / HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        (b"GET nowhere HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        (b"GET /\xff HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        (b"GET /a\x01 HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        (b"GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        (b"GET * HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        (b"GET ftp://h/ HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        (b"GET http://user@h/ HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400),
        (b"GET /\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00", 400),
        (b"PRI * HTTP/2.0\r\n\r\n", 505),
        (b"GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505),
        (b"GET / HTTP/1.2\r\nHost: h\r\n\r\n", 505),
        (b"GET / HTTP/0.9\r\nHost: h\r\n\r\n", 505),
        (b"SOURCE / ICE/1.0\r\nHost: h\r\n\r\n", 505),
        (b"PROPFIND / HTTP/1.1\r\nHost: h\r\n\r\n", 501),
        (b"CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n", 501),
        (b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
        (b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n", 501),
        (b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: h\r\nExpect: a miracle\r\n\r\n", 417),
    ],
)
def test_each_wrong_head_has_its_status(head: bytes, status: int) -> None:
    assert status_of(head) == status


def test_a_long_target_is_414_however_it_comes() -> None:
    limits = Limits(max_target_bytes=100)
    head = b"GET /" + b"a" * 100 + b" HTTP/1.1\r\nHost: h\r\n\r\n"
    assert status_of(head, limits) == 414
    assert status_of(head[:103] + b"a" * 50, limits) == 414
    assert read(head.replace(b"/a", b"/"), limits) is not None


def test_a_large_head_is_431_before_it_ends() -> None:
    limits = Limits(max_head_bytes=300, max_target_bytes=100)
    reader = HeadReader(limits)
    assert reader.feed(b"GET / HTTP/1.1\r\nHost: h\r\nX: ") is None
    with pytest.raises(Refused) as refused:
        reader.feed(b"a" * 300)
    assert refused.value.status == 431


def test_many_headers_are_431() -> None:
    lines = b"".join(b"x-%d: 1\r\n" % number for number in range(128))
    assert status_of(b"GET / HTTP/1.1\r\nHost: h\r\n" + lines + b"\r\n") == 431
    assert status_of(b"GET / HTTP/1.1\r\nHost: h\r\n" + b"x: 1\r\n" * 128 + b"\r\n") == 431
