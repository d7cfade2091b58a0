"""One connection to an origin, carrying one request after the other: the deadlines, the verdict on how an answer ended,
and the evidence whether a request may be sent again. It knows nothing of URLs, TLS or proxies.
"""

import asyncio
import contextlib
import socket
from typing import Final, Protocol, cast

from waystation.errors import BadResponse, ConnectionFailed, ProviderError, TimedOut
from waystation.outbox import Outbox
from waystation.upstream.answer import AnswerParser
from waystation.upstream.body import Body as AnswerBody
from waystation.upstream.limits import ClientSettings, Timeouts
from waystation.upstream.request import Body
from waystation.upstream.response import Response
from waystation.upstream.send_queue import SendQueue
from waystation.upstream.upload import Upload

_IDEMPOTENT: Final = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"})
"""RFC 9110 9.2.2: doing it twice is as good as once."""
_TICK: Final = 0.001
"""Seconds by which a timer may fire early (uvloop's clock has milliseconds)."""


class Home(Protocol):
    """Whom a connection tells that it is free again, or gone."""

    def release(self, connection: "Connection") -> None:
        """Take it back: another request may use it."""

    def forget(self, connection: "Connection") -> None:
        """Strike it out: it is closed, or about to be."""

    def made(self, connection: "Connection") -> None:
        """It has a socket."""

    def lost(self, connection: "Connection") -> None:
        """Its socket is gone."""


class Connection(asyncio.Protocol):
    """An open connection. `exchange` sends one request; everything else answers to the event loop."""

    def __init__(
        self, home: Home, settings: ClientSettings, loop: asyncio.AbstractEventLoop, outbox: Outbox
    ) -> None:
        self._home = home
        self._outbox = outbox
        self._settings = settings
        self._loop = loop
        self._parser = AnswerParser(settings.max_head_bytes)
        self._made = False
        self._transport: asyncio.Transport
        self._upload: Upload
        self._timer: asyncio.TimerHandle | None = None
        self._timeouts = Timeouts()
        self._total = self._shortest = 0.0
        self._sent_at = self._read_at = 0.0
        self._body: AnswerBody | None = None
        self._started: asyncio.Future[Response] | None = None
        self._written = 0
        self._paused = False
        self._answered = self._flowing = False
        self._reused = False
        self._idempotent = False
        self.closed = False
        self.may_repeat = False
        """After a failure: the peer cannot have acted on the request, so it may be sent again elsewhere."""
        self.idle_since = 0.0

    async def exchange(
        self, method: str, head: bytes, body: Body, timeouts: Timeouts, total: float
    ) -> Response:
        """Send a request and wait for the head of its answer; `total` is the loop's time at which all must be over."""
        self._parser.expect(bodiless=method == "HEAD")
        answer = self._body = AnswerBody(self, self._settings.max_buffered_bytes, self._loop)
        started: asyncio.Future[Response] = self._loop.create_future()
        self._started = started
        self._idempotent = method in _IDEMPOTENT
        self._answered = self._flowing = False
        self._timeouts, self._total = timeouts, total
        self._shortest = min(timeouts.first_byte, timeouts.idle)
        self._sent_at = self._loop.time()
        self._written = len(head) + len(body) if isinstance(body, bytes) else 0
        self._upload.start(head, body)
        self._arm(self._sent_at)
        try:
            return await started
        except asyncio.CancelledError:
            answer.close()
            raise

    def abort(self) -> None:
        """Close at once, or as soon as it opens; an exchange under way fails."""
        self._fail(ConnectionFailed("The connection to the provider was closed by the gateway."))

    def pause(self) -> None:
        """Read nothing more: the body's reader is slow."""
        if not self.closed:
            self._paused = True
            self._transport.pause_reading()

    def resume(self) -> None:
        """Read on."""
        if self._paused and not self.closed:
            self._paused = False
            self._read_at = self._loop.time()
            self._transport.resume_reading()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin; Nagle's delay is off, and the kernel asks after a peer that is silent for long."""
        self._made = True
        self._home.made(self)
        self._transport = cast(asyncio.Transport, transport)
        self._upload = Upload(self._transport, self._outbox, self._progressed)
        link = transport.get_extra_info("socket")
        self._queue = SendQueue(link.fileno())
        with contextlib.suppress(OSError):
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            link.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if self.closed:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Take what was read to the body; bytes that nobody asked for end the connection."""
        body = self._body
        if body is None:
            self._shut()
            return
        self._answered = True
        self._read_at = body.arrived = self._loop.time()
        parser = self._parser
        try:
            piece = parser.feed(data)
            if self._started is not None and parser.headed:
                self._begin_answer(self._started, body)
        except BadResponse as problem:
            self._fail(problem)
            return
        if piece:
            self._flowing = True
            body.feed(piece)
        if parser.ended:
            self._finish(body)

    def eof_received(self) -> None:
        """Take the peer's end of sending as the end of all; the transport closes."""
        self._ended_by_peer(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is gone."""
        self._ended_by_peer(exc)
        self._home.lost(self)

    def pause_writing(self) -> None:
        """The socket is full."""
        self._upload.pause()

    def resume_writing(self) -> None:
        """The socket drains."""
        self._upload.resume()

    def _begin_answer(self, started: asyncio.Future[Response], body: AnswerBody) -> None:
        parser = self._parser
        response = Response(
            parser.status, parser.headers, body, self._settings.max_response_bytes, parser.coding
        )
        self._started = None
        if not self._upload.done and parser.status >= 300:
            self._upload.stop()
        if not started.done():
            started.set_result(response)

    def _finish(self, body: AnswerBody) -> None:
        """Free the connection after a whole answer, unless it or the upload says that it is spent."""
        self._body = None
        body.end()
        if self._parser.reusable and self._upload.done:
            self._reused = True
            self.resume()
            self._home.release(self)
        else:
            self._shut()

    def _ended_by_peer(self, problem: Exception | None) -> None:
        body = self._body
        if body is None:
            self._shut()
        elif self._started is not None:
            self.may_repeat = self._reused and not self._answered and self._untouched(problem)
            self._fail(ConnectionFailed("The provider closed the connection before its answer."), problem)
        elif self._parser.until_close and problem is None:
            self._finish(body)
        else:
            self._fail(BadResponse("The provider's answer was cut before its end."), problem)

    def _untouched(self, problem: Exception | None) -> bool:
        """Whether the peer cannot have acted on the request, or would do no harm by acting twice.

        The proof is the peer's FIN (an orderly end, or the broken pipe of a write after it): its acknowledgement
        covers all that had arrived. While the socket counts every byte of the request as unacknowledged, the peer
        had closed before any arrived. A reset proves nothing: it may overtake the acknowledgement of a request
        that was read. Under TLS the ciphertext is longer than what we count, by less than one record, so the peer
        lacks at least part of the first.
        """
        if self._upload.consumed:
            return False
        if self._idempotent:
            return True
        if problem is not None and not isinstance(problem, BrokenPipeError):
            return False
        held = (
            self._outbox.waiting(self._transport)
            + self._transport.get_write_buffer_size()
            + self._queue.unacknowledged()
        )
        return 0 < self._written <= held

    def _fail(self, error: ProviderError, cause: BaseException | None = None) -> None:
        """End the exchange with an error and the connection with it."""
        error.__cause__ = cause
        started, body = self._started, self._body
        self._started = self._body = None
        if started is not None and not started.done():
            started.set_exception(error)
        if body is not None:
            body.fail(error)
        self._shut()

    def _shut(self) -> None:
        """Give the socket up without waiting for what is still to be written."""
        if self.closed:
            return
        self.closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._made:
            self._upload.stop()
            self._transport.abort()
        self._home.forget(self)

    def _progressed(self, error: BaseException | None) -> None:
        """Note that the upload moved on, or that the caller's stream broke."""
        self._sent_at = self._loop.time()
        if error is None:
            return
        started, self._started = self._started, None
        if started is not None and not started.done():
            started.set_exception(error)
        self._fail(BadResponse("The request's body broke off while the answer came."), error)

    def _arm(self, now: float) -> None:
        """See to it that the timer fires before any deadline this request can have.

        It is left alone where it fires early: then it looks and goes on. So a busy connection touches the
        loop's timers once a minute, not once a request.
        """
        due = min(now + self._shortest, self._total)
        if self._timer is not None:
            if self._timer.when() <= due:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(due, self._look)

    def _look(self) -> None:
        """Fail the exchange if its deadline has passed, else look again no later than the next one can be."""
        self._timer = None
        if self._body is None or self.closed:
            return
        now = self._loop.time()
        deadline, message = self._deadline()
        if now + _TICK >= deadline:
            self._fail(TimedOut(message))
        else:
            self._timer = self._loop.call_at(min(deadline, now + self._shortest), self._look)

    def _deadline(self) -> tuple[float, str]:
        """The deadline in force and what to say when it passes."""
        if not self._upload.done and not self._answered:
            phase = self._sent_at + self._timeouts.idle, "The provider did not take the request in time."
        elif not self._flowing:
            phase = (
                self._sent_at + self._timeouts.first_byte,
                "The provider did not begin its answer in time.",
            )
        elif self._paused:
            phase = self._total, ""
        else:
            phase = (
                self._read_at + self._timeouts.idle,
                "The provider fell silent in the middle of its answer.",
            )
        return (
            phase if phase[0] < self._total else (self._total, "The provider did not end its answer in time.")
        )
