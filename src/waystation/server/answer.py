"""One request's answer: whole in a single write, or streamed in chunks as the connection takes them.

It knows the framing of HTTP/1.1 and nothing of sockets; what it renders goes to the connection that made it.
"""

from collections.abc import Callable
from functools import lru_cache
from http import HTTPStatus
from typing import Protocol

from waystation.server.request import Headers, Request

_EVENT_STREAM = b"text/event-stream"
_BODILESS = frozenset({204, 304})
_JOIN = 256 * 1024
"""Up to this many bytes a copy into one write is cheaper than a second write."""


class Wire(Protocol):
    """The connection as an answer sees it."""

    @property
    def ending(self) -> bool:
        """Whether this answer is the connection's last."""
        ...

    @property
    def left(self) -> bool:
        """Whether the client hung up, or at least sent its end."""
        ...

    @property
    def full(self) -> bool:
        """Whether enough is piled up."""
        ...

    def write(self, data: bytes) -> None:
        """Send this; a closed connection drops it."""

    async def drained(self) -> None:
        """Return when more can be taken, or nothing ever will."""


class Answer:
    """At most one answer, begun once and finished once. What is said after the client has gone is dropped."""

    __slots__ = ("_bare", "_chunked", "_gone", "_keep_alive", "_old", "_wire", "extra", "finished", "started")

    def __init__(self, wire: Wire, request: Request) -> None:
        self._wire = wire
        self._bare = request.method == "HEAD"
        self._old = request.version == "1.0"
        self._keep_alive = request.keep_alive
        self._chunked = False
        self._gone: Callable[[], None] | None = None
        self.extra: Headers = ()
        """Headers which this answer has whatever it says."""
        self.started = False
        """The head went out."""
        self.finished = False
        """All of it went out."""

    @property
    def keep_alive(self) -> bool:
        """Whether another request may follow on the connection."""
        return self._keep_alive and not self._wire.ending

    def close(self) -> None:
        """Let this be the connection's last answer."""
        self._keep_alive = False

    async def reply(self, status: int, content_type: bytes, headers: Headers, body: bytes) -> None:
        """A whole answer at once; no content-type where it is empty."""
        self.whole(status, content_type, headers, body)

    def whole(
        self, status: int, content_type: bytes, headers: Headers, body: bytes, length: int | None = None
    ) -> None:
        """The same without waiting; `length`: what the body of an answer to HEAD would have."""
        self._check_unanswered()
        head = _opening(status, content_type)
        if status not in _BODILESS:
            head += b"content-length: %d\r\n" % (len(body) if length is None else length)
        head = self._head(head, headers)
        self.started = self.finished = True
        if self._bare or status in _BODILESS:
            self._wire.write(head)
        elif len(body) <= _JOIN:
            self._wire.write(head + body)
        else:
            self._wire.write(head)
            self._wire.write(body)

    async def start(self, status: int, content_type: bytes, headers: Headers) -> None:
        """Begin a streamed answer; an event stream says that no cache may replay it."""
        if content_type == _EVENT_STREAM:
            headers = ((b"cache-control", b"no-cache"), *headers)
        self.open(status, content_type, headers)

    def open(self, status: int, content_type: bytes, headers: Headers) -> None:
        """The same without waiting, and with these headers only."""
        self._check_unanswered()
        head = _opening(status, content_type)
        if status in _BODILESS:
            self._bare = True
        elif self._old:
            self._keep_alive = False
        else:
            self._chunked = True
            head += b"transfer-encoding: chunked\r\n"
        head = self._head(head, headers)
        self.started = True
        self._wire.write(head)

    async def send(self, data: bytes) -> None:
        """One piece of a streamed answer; returns when the connection can take more."""
        if self.finished or not self.started:
            raise RuntimeError("a piece of an answer that is not under way")
        if data and not self._bare:
            self._wire.write(b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data)
        if self._wire.full:
            await self._wire.drained()

    async def finish(self, data: bytes) -> None:
        """The last piece."""
        if self.finished or not self.started:
            raise RuntimeError("the end of an answer that is not under way")
        self.finished = True
        if self._bare:
            return
        if not self._chunked:
            self._wire.write(data)
        elif data:
            self._wire.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(data), data))
        else:
            self._wire.write(b"0\r\n\r\n")

    def listen(self, gone: Callable[[], None]) -> None:
        """Call `gone` when the client hangs up before its answer is finished; at once where it has. Costs nothing."""
        if self._wire.left and not self.finished:
            gone()
        else:
            self._gone = gone

    def tell_gone(self) -> None:
        """The client hung up: say so to who listens, once."""
        gone, self._gone = self._gone, None
        if gone is not None and not self.finished:
            gone()

    def _check_unanswered(self) -> None:
        if self.started:
            raise RuntimeError("a second answer to one request")

    def _head(self, opening: bytes, headers: Headers) -> bytes:
        if self.extra:
            headers = (*headers, *self.extra)
        lines = _lines(headers) if headers else b""
        if not self.keep_alive:
            return b"%b%bconnection: close\r\n\r\n" % (opening, lines)
        if self._old:
            return b"%b%bconnection: keep-alive\r\n\r\n" % (opening, lines)
        return b"%b%b\r\n" % (opening, lines)


@lru_cache(maxsize=256)
def _opening(status: int, content_type: bytes) -> bytes:
    """Status line and content-type, which an application has few of."""
    if not 200 <= status <= 599:
        raise ValueError(f"{status} is not the status of a final answer")
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = ""
    named = _lines(((b"content-type", content_type),)) if content_type else b""
    return f"HTTP/1.1 {status} {phrase}\r\n".encode() + named


def _lines(headers: Headers) -> bytes:
    """Header lines; a line end inside a value would be a header that nobody meant."""
    text = b"".join([b"%b: %b\r\n" % header for header in headers])
    if text.count(b"\n") != len(headers) or text.count(b"\r") != len(headers) or b"\0" in text:
        raise ValueError("a header of an answer holds a line end")
    return text
