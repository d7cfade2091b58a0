"""The bytes of a connection as request heads: a push parser over httptools that adds what llhttp leaves to its user.

Where a head ends is judged twice, by llhttp and by the first empty line, and a disagreement is refused. Framing that
two readers could read differently is refused, too. It knows no sockets; httptools is used here only.
"""

import re
from functools import lru_cache
from typing import Final

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

from waystation.server.limits import Limits
from waystation.server.request import CHUNKED, Refused, Request
from waystation.server.target import Target, is_host, parse_target

_END: Final = b"\r\n\r\n"
_LINE_ENDS: Final = b"\r\n"
_METHODS: Final = {
    name.encode(): name for name in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
}
_VERSIONS: Final = {b"HTTP/1.1": "1.1", b"HTTP/1.0": "1.0"}
_OTHER_VERSION: Final = re.compile(rb"[^ \r\n]+ [^ \r\n]+ HTTP/(?!1\.[01]\r)[0-9]\.[0-9]\r\n")
_ONCE: Final = frozenset({b"host", b"content-length", b"transfer-encoding"})
"""Headers of which a second line would let two readers see two requests."""
_CODINGS: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+([ \t]*,[ \t]*[!#$%&'*+.^_`|~0-9A-Za-z-]+)*")
_DIGITS: Final = 18
_SHORT: Final = 256
"""Request lines up to this length are remembered once understood: clients ask for the same few things all day."""
_MALFORMED: Final = "The request is not well-formed HTTP."
_VERSION: Final = "Only HTTP/1.1 and HTTP/1.0 are spoken here."


class HeadReader:
    """Reads the heads of one connection's requests, one after the other."""

    __slots__ = ("_data", "_headed", "_headers", "_keep_alive", "_limits", "_parser", "_repeated", "begun")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._parser: HttpRequestParser | None = None
        self._data = b""
        self._headed = False
        self._keep_alive = False
        self._headers: dict[bytes, bytes] = {}
        self._repeated: list[tuple[bytes, bytes]] = []
        self.begun = False
        """Part of a head is here."""

    def feed(self, data: bytes) -> tuple[Request, bytes] | None:
        """Take what was read: a request and the bytes after its head, or None where more is wanted; else `Refused`."""
        parser = self._parser
        before = len(self._data)
        if parser is not None:
            data = self._data + data
        else:
            if data[0] in _LINE_ENDS:
                data = data.lstrip(_LINE_ENDS)
                if not data:
                    return None
            self._headed = False
            self._headers, self._repeated = {}, []
            parser = self._parser = HttpRequestParser(self)
        end = data.find(_END, before - 3 if before > 3 else 0) + 4
        if end < 4:
            self._check(parser, data, before, ended=False)
            self._data, self.begun = data, True
            return None
        head, rest = (data, b"") if end == len(data) else (data[:end], data[end:])
        self._check(parser, head, before, ended=True)
        self._parser = None
        if before:
            self._data, self.begun = b"", False
        request = self._request(head)
        request.keep_alive = self._keep_alive
        return request, rest

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep one header."""
        name = name.lower()
        if name in self._headers:
            self._repeated.append((name, value.rstrip()))
        else:
            self._headers[name] = value.rstrip()

    def on_headers_complete(self) -> None:
        """Note that llhttp sees the end here; it forgets at once what it knows of a request without a body."""
        self._headed = True
        self._keep_alive = self._parser is not None and self._parser.should_keep_alive()

    def _check(self, parser: HttpRequestParser, head: bytes, before: int, *, ended: bool) -> None:
        """Feed llhttp what it has not seen of the head: all from `before` on."""
        if len(head) > self._limits.max_target_bytes:
            _check_size(head, self._limits)
        try:
            parser.feed_data(head[before:] if before else head)
        except HttpParserUpgrade:
            pass
        except HttpParserError:
            if self._headed and ended:
                self._request(head)
            raise _why_malformed(head) from None
        if self._headed is not ended:
            raise _why_malformed(head)

    def _request(self, head: bytes) -> Request:
        """The request of a whole head, its framing decided."""
        headers, repeated = self._headers, self._repeated
        if len(headers) + len(repeated) > self._limits.max_headers:
            raise Refused(431, "The request has too many headers.")
        if repeated and not _ONCE.isdisjoint([name for name, _ in repeated]):
            raise Refused(400, "A header that may come once came twice.")
        line = head[: head.find(b"\r\n")]
        read_line = _request_line if len(line) <= _SHORT else _request_line.__wrapped__
        method, version, target = read_line(line)
        if target.authority is not None:
            headers[b"host"] = target.authority
        _check_host(headers.get(b"host"), version)
        length = 0
        if b"content-length" in headers or b"transfer-encoding" in headers:
            length = _length(headers, version)
        request = Request(
            method, target.raw_path, target.path, target.query, version, headers, repeated, length
        )
        if b"expect" in headers:
            request.awaits_continue = _expects(headers[b"expect"], version)
        return request


@lru_cache(maxsize=256)
def _request_line(line: bytes) -> tuple[str, str, Target]:
    """Method, version and target; stricter than llhttp, which lets spaces be repeated and other protocols be named."""
    parts = line.split(b" ")
    if len(parts) != 3:
        raise Refused(400, _MALFORMED)
    method, target, version = parts
    if version not in _VERSIONS:
        raise Refused(505, _VERSION)
    if method not in _METHODS:
        raise Refused(501, "The request method is not known here.")
    return _METHODS[method], _VERSIONS[version], parse_target(target, wild=method == b"OPTIONS")


def _check_host(host: bytes | None, version: str) -> None:
    if host is None:
        if version == "1.1":
            raise Refused(400, "The request has no Host header.")
    elif not is_host(host):
        raise Refused(400, "The Host header is not a host.")


def _length(headers: dict[bytes, bytes], version: str) -> int:
    """Bytes of the body to come, or `CHUNKED`. A coding beside a length, or other than plain `chunked`, is not taken."""
    coding = headers.get(b"transfer-encoding")
    length = headers.get(b"content-length")
    if coding is None:
        if length is None or not length.isdigit() or len(length) > _DIGITS:
            raise Refused(400, _MALFORMED)
        return int(length)
    if length is not None or version == "1.0" or not _CODINGS.fullmatch(coding):
        raise Refused(400, "The framing of the request can be read in more than one way.")
    if coding.lower() != b"chunked":
        raise Refused(501, "No transfer coding but chunked is known here.")
    return CHUNKED


def _expects(value: bytes, version: str) -> bool:
    """Whether the client waits to be told to go on; HTTP/1.0 has no such thing (RFC 9110 10.1.1)."""
    if version == "1.0":
        return False
    if value.lower() != b"100-continue":
        raise Refused(417, "No expectation but 100-continue is met here.")
    return True


def _check_size(head: bytes, limits: Limits) -> None:
    target = head.partition(b"\r\n")[0].split(b" ", 2)[1:2]
    if target and len(target[0]) > limits.max_target_bytes:
        raise Refused(414, "The request target is too long.")
    if len(head) > limits.max_head_bytes:
        raise Refused(431, "The head of the request is too large.")


def _why_malformed(head: bytes) -> Refused:
    return Refused(505, _VERSION) if _OTHER_VERSION.match(head) else Refused(400, _MALFORMED)
