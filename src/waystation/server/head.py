"""The bytes of a connection as request heads: a push parser over httptools that ends each head at a boundary of our own.

llhttp judges syntax; where a head ends is judged twice, by it and by the first empty line, and a disagreement is
refused. Framing that two readers could read differently is refused, too. It knows no sockets; httptools is used here only.
"""

import re
from functools import lru_cache
from typing import Final

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

from waystation.server.limits import Limits
from waystation.server.request import CHUNKED, Refused, Request
from waystation.server.target import is_host, split_target

_END: Final = b"\r\n\r\n"
_LINE_ENDS: Final = b"\r\n"
_METHODS: Final = {
    name.encode(): name for name in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
}
_ONCE: Final = frozenset({b"host", b"content-length", b"transfer-encoding"})
"""Headers of which a second line would let two readers see two requests."""
_CODINGS: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+([ \t]*,[ \t]*[!#$%&'*+.^_`|~0-9A-Za-z-]+)*")
_MALFORMED: Final = "The request is not well-formed HTTP."


class HeadReader:
    """Reads the heads of one connection's requests, one after the other."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._parser: HttpRequestParser | None = None
        self._tail = b""
        self._begin()

    @property
    def begun(self) -> bool:
        """Whether part of a head is here."""
        return self._parser is not None

    def feed(self, data: bytes) -> tuple[Request, bytes] | None:
        """Take what was read: a request and the bytes after its head, or None where more is wanted; else `Refused`."""
        if self._parser is None:
            if data[0] in _LINE_ENDS:
                data = data.lstrip(_LINE_ENDS)
                if not data:
                    return None
            self._parser = HttpRequestParser(self)
            end = data.find(_END) + 4
        else:
            end = (self._tail + data).find(_END) + 4
            if end > 3:
                end -= len(self._tail)
        ended = end > 3
        piece = data[:end] if ended and end < len(data) else data
        self._parse(self._parser, piece, ended=ended)
        if not ended:
            self._tail = (self._tail + data)[-3:]
            return None
        request = self._judge(self._parser)
        self._parser = None
        self._begin()
        return request, data[end:] if end < len(data) else b""

    def on_url(self, piece: bytes) -> None:
        """Keep a piece of the target."""
        self._target += piece

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep one header."""
        lower = name.lower()
        if lower in self._headers:
            self._repeated.append((lower, value.rstrip(b" \t")))
        else:
            self._headers[lower] = value.rstrip(b" \t")

    def on_headers_complete(self) -> None:
        """Note that llhttp sees the end here."""
        self._headed = True

    def _begin(self) -> None:
        self._target = b""
        self._headers: dict[bytes, bytes] = {}
        self._repeated: list[tuple[bytes, bytes]] = []
        self._headed = False
        self._size = 0
        self._tail = b""

    def _parse(self, parser: HttpRequestParser, piece: bytes, *, ended: bool) -> None:
        problem = False
        try:
            parser.feed_data(piece)
        except HttpParserUpgrade:
            pass
        except HttpParserError:
            problem = True
        self._size += len(piece)
        if len(self._target) > self._limits.max_target_bytes:
            raise Refused(414, "The request target is too long.")
        if self._size > self._limits.max_head_bytes:
            raise Refused(431, "The head of the request is too large.")
        if self._headed and parser.get_http_version() not in {"1.1", "1.0"}:
            raise Refused(505, "Only HTTP/1.1 and HTTP/1.0 are spoken here.")
        if problem and self._headed:
            raise self._framing_problem() or Refused(400, _MALFORMED)
        if problem or self._headed is not ended:
            raise Refused(400, _MALFORMED)

    def _judge(self, parser: HttpRequestParser) -> Request:
        """The request of a whole head, its framing decided."""
        headers = self._headers
        if len(headers) + len(self._repeated) > self._limits.max_headers:
            raise Refused(431, "The request has too many headers.")
        method = _METHODS.get(parser.get_method())
        if method is None:
            raise Refused(501, "The request method is not known here.")
        if self._repeated and not _ONCE.isdisjoint([name for name, _ in self._repeated]):
            raise Refused(400, "A header that may come once came twice.")
        request = Request(method, self._target, headers, self._repeated)
        request.version = parser.get_http_version()
        request.keep_alive = parser.should_keep_alive()
        self._judge_host(request)
        if b"transfer-encoding" in headers or b"content-length" in headers:
            request.length = self._length(request.version)
        if b"expect" in headers and request.version == "1.1":
            request.awaits_continue = _expects(headers[b"expect"])
        return request

    def _judge_host(self, request: Request) -> None:
        """Take the target apart; an absolute one names the host in place of the header (RFC 9112 3.2.2)."""
        authority, request.target, request.path, request.query = split_target(request.target)
        if request.path == "*" and request.method != "OPTIONS":
            raise Refused(400, "The request target is not valid.")
        if authority is not None:
            request.headers[b"host"] = authority
        host = request.headers.get(b"host")
        if host is None:
            if request.version == "1.1":
                raise Refused(400, "The request has no Host header.")
        elif not is_host(host):
            raise Refused(400, "The Host header is not a host.")

    def _length(self, version: str) -> int:
        """Bytes of the body to come, or `CHUNKED`."""
        if b"transfer-encoding" not in self._headers:
            return _declared(self._headers[b"content-length"])
        problem = self._framing_problem()
        if problem is not None:
            raise problem
        if version == "1.0":
            raise Refused(400, "HTTP/1.0 knows no transfer codings.")
        return CHUNKED

    def _framing_problem(self) -> Refused | None:
        """Why the transfer coding is not taken: beside a length, or other than plain `chunked`."""
        coding = self._headers.get(b"transfer-encoding")
        if coding is None:
            return None
        if b"content-length" in self._headers or not _CODINGS.fullmatch(coding):
            return Refused(400, _MALFORMED)
        if coding.lower() != b"chunked":
            return Refused(501, "No transfer coding but chunked is known here.")
        return None


@lru_cache(maxsize=256)
def _declared(value: bytes) -> int:
    if not value.isdigit() or len(value) > 18:
        raise Refused(400, _MALFORMED)
    return int(value)


def _expects(value: bytes) -> bool:
    if value.lower() != b"100-continue":
        raise Refused(417, "No expectation but 100-continue is met here.")
    return True
