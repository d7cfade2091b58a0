"""One request's answer: whole in a single write, or streamed in chunks as the connection takes them.

It knows the framing of HTTP/1.1 and nothing of sockets; what it renders goes to the connection that made it. Its last
bytes leave when its handler is done, so that what a handler notes for good is noted before its client can know.
"""

from collections.abc import Callable
from functools import lru_cache
from http import HTTPStatus
from typing import Protocol

from msgspec import Struct

from waystation.server.request import Headers, Request

_BODILESS = frozenset({204, 304})
_TWICE = "a second answer to one request"
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


class Answer(Struct, eq=False):
    """At most one answer, begun once and finished once. What is said after the client has gone is dropped."""

    _wire: Wire
    _request: Request
    extra: Headers = ()
    """Headers which this answer has whatever it says."""
    started: bool = False
    """The head went out."""
    finished: bool = False
    """All of it went out."""
    _last: bool = False
    _bare: bool = False
    _chunked: bool = False
    _gone: Callable[[], None] | None = None
    _held: bytes = b""
    """What leaves with the next piece, or at the end."""

    @property
    def keep_alive(self) -> bool:
        """Whether another request may follow on the connection."""
        return self._request.keep_alive and not self._last and not self._wire.ending

    @property
    def full(self) -> bool:
        """Whether enough is piled up: the client is slow to take it."""
        return self._wire.full

    def close(self) -> None:
        """Let this be the connection's last answer."""
        self._last = True

    def reply(
        self, status: int, content_type: bytes, headers: Headers, body: bytes, length: int | None = None
    ) -> None:
        """A whole answer at once; no content-type where it is empty. `length`: what the body of an answer to HEAD would have."""
        if self.started:
            raise RuntimeError(_TWICE)
        head = _opening(status, content_type)
        if status in _BODILESS:
            body = b""
        else:
            head = b"%bcontent-length: %d\r\n" % (head, len(body) if length is None else length)
        head = self._head(head, headers)
        self.started = self.finished = True
        if self._request.method == "HEAD":
            self._held = head
        elif len(body) <= _JOIN:
            self._held = head + body
        else:
            self._wire.write(head)
            self._held = body

    def start(self, status: int, content_type: bytes, headers: Headers) -> None:
        """Begin a streamed answer; its head leaves with the first piece."""
        if self.started:
            raise RuntimeError(_TWICE)
        head = _opening(status, content_type)
        self._bare = self._request.method == "HEAD" or status in _BODILESS
        if status not in _BODILESS:
            if self._request.version == "1.0":
                self._last = True
            else:
                head += b"transfer-encoding: chunked\r\n"
                self._chunked = True
        self._held = self._head(head, headers)
        self.started = True

    async def send(self, data: bytes) -> None:
        """One piece of a streamed answer; returns when the connection can take more."""
        if self.finished or not self.started:
            raise RuntimeError("a piece of an answer that is not under way")
        piece, self._held = self._held, b""
        if data and not self._bare:
            piece += b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data
        self._wire.write(piece)
        if self._wire.full:
            await self._wire.drained()

    def finish(self, data: bytes) -> None:
        """The last piece."""
        if self.finished or not self.started:
            raise RuntimeError("the end of an answer that is not under way")
        self.finished = True
        if self._bare:
            return
        if not self._chunked:
            self._held += data
        elif data:
            self._held += b"%x\r\n%b\r\n0\r\n\r\n" % (len(data), data)
        else:
            self._held += b"0\r\n\r\n"

    def flush(self) -> None:
        """Send what is held back: the handler is done."""
        if self._held:
            self._wire.write(self._held)

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

    def _head(self, head: bytes, headers: Headers) -> bytes:
        """The whole head, from its opening on."""
        if headers:
            head += _lines(headers)
        if self.extra:
            head += _lines(self.extra)
        if self._last or self._wire.ending or not self._request.keep_alive:
            return head + b"connection: close\r\n\r\n"
        if self._request.version == "1.0":
            return head + b"connection: keep-alive\r\n\r\n"
        return head + b"\r\n"


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
    text = b""
    for name, value in headers:
        text += b"%b: %b\r\n" % (name, value)
    if text.count(b"\n") != len(headers) or text.count(b"\r") != len(headers):
        raise ValueError("a header of an answer holds a line end")
    return text
