"""The bytes of a connection as answers: a push parser over httptools that adds what llhttp leaves to its user.

Interim answers are skipped, the head is bounded, framing that two readers could read differently is refused, and
bytes past the end are noticed. It knows no sockets; httptools is used here only.
"""

from typing import Final

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from waystation.errors import BadResponse

_NOT_HTTP: Final = "The provider's answer is not well-formed HTTP."
_FRAMING: Final = frozenset({b"transfer-encoding", b"content-length", b"content-encoding"})
_LINE: Final = 4
"""Bytes which each header spends on its colon, space and line end."""


class AnswerParser:
    """Parses the answers of one connection, one after the other; `expect` before each."""

    def __init__(self, max_head_bytes: int) -> None:
        self._max_head_bytes = max_head_bytes
        self._parser = HttpResponseParser(self)
        self._pieces: list[bytes] = []
        self._stale = False
        self.expect(bodiless=False)

    def expect(self, *, bodiless: bool) -> None:
        """Get ready for the next answer; `bodiless`: to a HEAD, whose answer has headers only."""
        if self._stale:
            self._parser = HttpResponseParser(self)
            self._stale = False
        self._bodiless = bodiless
        self._spent = self._fed = 0
        self._problem: BadResponse | None = None
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.headed = False
        """The head of the final answer is whole: `status` and `headers` are it."""
        self.ended = False
        """The whole answer is here."""
        self.coding: bytes | None = None
        """The value of `content-encoding`, None without one."""
        self.until_close = False
        """Only the end of the connection ends the body."""
        self.surplus = False
        """There were bytes after the end."""
        self.reusable = False
        """Another request may follow on this connection."""

    def feed(self, data: bytes) -> bytes:
        """Take what was read, give the body bytes in it; BadResponse where it is not an answer."""
        self._fed = len(data)
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade):
            self.reusable = False
            self.surplus = True
            if not self.ended:
                raise (self._problem or BadResponse(_NOT_HTTP)) from None
        pieces = self._pieces
        if not pieces:
            if not self.ended:
                self._spend(self._fed)
            return b""
        self._spent = 0
        body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        pieces.clear()
        return body

    def on_message_begin(self) -> None:
        """Begin an answer, interim or final; one after the end was never asked for."""
        if self.ended:
            raise BadResponse(_NOT_HTTP)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep one header; trailers are dropped."""
        if not self.headed:
            self.headers.append((name.lower(), value.rstrip(b" \t")))

    def on_headers_complete(self) -> None:
        """Judge a head: skip it when interim, else decide how its body ends."""
        status = self._parser.get_status_code()
        if status < 200:
            if status < 100 or status == 101:
                self._refuse(BadResponse("The provider answered with a status that makes no sense here."))
            self.headers.clear()
            return
        if status > 599:
            self._refuse(BadResponse("The provider answered with a status that makes no sense here."))
        if self._spent + self._fed > self._max_head_bytes:
            self._refuse_large_head()
        self.status = status
        self.headed = True
        self._spent = 0
        self.reusable = self._parser.should_keep_alive()
        self.until_close = not self._framed(status)
        if self._bodiless:
            self.ended = self._stale = True

    def on_body(self, data: bytes) -> None:
        """Keep a piece of the body."""
        if self.ended or not self.headed:
            self._refuse(BadResponse(_NOT_HTTP))
        self._pieces.append(data)

    def on_message_complete(self) -> None:
        """End the answer, unless it was an interim one."""
        if self.headed:
            self.ended = True
            self._stale = False

    def _framed(self, status: int) -> bool:
        """Whether the answer tells its own end. Codings other than plain `chunked` are refused: nobody agrees on them."""
        framed = self._bodiless or status in {204, 304}
        chunked = False
        for name, value in self.headers:
            if name not in _FRAMING:
                continue
            if name == b"transfer-encoding":
                if chunked or value.lower() != b"chunked":
                    self._refuse(BadResponse("The provider used a transfer coding other than chunked."))
                chunked = True
            elif name == b"content-length":
                framed = True
            else:
                self.coding = value if self.coding is None else self.coding + b", " + value
        return framed or chunked

    def _spend(self, size: int) -> None:
        """Bound what brings no body: heads, interim answers, chunk extensions, trailers."""
        self._spent += size
        if self._spent > self._max_head_bytes:
            raise self._too_large()

    def _refuse_large_head(self) -> None:
        """Count exactly: the read that completed the head may hold much of the body."""
        if sum(len(name) + len(value) + _LINE for name, value in self.headers) > self._max_head_bytes:
            self._refuse(self._too_large())

    def _too_large(self) -> BadResponse:
        return BadResponse("The head of the provider's answer is too large.")

    def _refuse(self, problem: BadResponse) -> None:
        """Stop the parser: it turns what a callback raises into its own error, and `feed` back into this one."""
        self._problem = problem
        raise problem
