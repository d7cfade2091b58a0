"""One client's connection: requests one after the other, each answered by a task before the next is looked at.

It owns the order of things: head, body, handler, answer, and how a connection ends. Deadlines are plain times which the
server's sweep compares, so a request sets no timer. What the bytes of a head or body mean is decided beside it.
"""

import asyncio
import contextlib
import logging
import math
import socket
from typing import Final, Protocol, cast

from waystation.outbox import Outbox
from waystation.server.answer import Answer
from waystation.server.body import ChunkedBody, SizedBody, body_reader, too_large
from waystation.server.head import HeadReader
from waystation.server.limits import Limits
from waystation.server.request import Refused, Reply, Request
from waystation.server.routes import Handler, Route, Routes

log = logging.getLogger(__name__)
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_NEVER: Final = math.inf


class Home(Protocol):
    """The server, as a connection sees it."""

    @property
    def routes(self) -> Routes:
        """Who answers what."""
        ...

    @property
    def limits(self) -> Limits:
        """What a connection may cost."""
        ...

    @property
    def draining(self) -> bool:
        """Whether every answer is its connection's last."""
        ...

    @property
    def outbox(self) -> Outbox:
        """Through which all connections write."""
        ...

    def enter(self, connection: "Connection") -> None:
        """Look after this connection."""

    def leave(self, connection: "Connection") -> None:
        """It is closed and its handler is done."""


class Connection(asyncio.Protocol):
    """Answers to the event loop on one side, to the answer under way on the other."""

    def __init__(self, home: Home, loop: asyncio.AbstractEventLoop) -> None:
        self._home = home
        self._routes = home.routes
        self._limits = home.limits
        self._loop = loop
        self._outbox = home.outbox
        self._head = HeadReader(home.limits)
        self._transport: asyncio.Transport
        self._client: tuple[str, int] | None = None
        self._request: Request | None = None
        self._route: Route | None = None
        self._body: SizedBody | ChunkedBody | None = None
        self._answer: Answer | None = None
        self._task: asyncio.Task[None] | None = None
        self._ahead = bytearray()
        self._reading = True
        self._open = False
        self._lost = False
        self._lingering = False
        self._waiters: list[asyncio.Future[None]] = []
        self._deadline = _NEVER
        self._unsent = 0
        self._moved_at = 0.0
        self.left = False
        self.full = False

    @property
    def ending(self) -> bool:
        """Whether the answer under way is the last: the server drains, or the client has sent its end and no more before it."""
        return self._home.draining or (self.left and not self._ahead)

    def write(self, data: bytes) -> None:
        """Send this with what others send in this turn; a closed connection drops it."""
        if self._open:
            self._outbox.put(self._transport, data)

    async def drained(self) -> None:
        """Return when the client took what was piled up, or has gone."""
        if self.full and not self._lost:
            waiter = self._loop.create_future()
            self._waiters.append(waiter)
            await waiter

    def drain(self) -> None:
        """End as soon as nothing is under way; a request that has begun to come is still answered."""
        if self._answer is None and self._request is None and not self._head.begun and not self._ahead:
            self._close()

    def abort(self) -> None:
        """End now, whatever is under way."""
        if not self._lost:
            self._hang_up()
        if self._task is not None:
            self._task.add_done_callback(self._aborted)
            self._task.cancel()

    def look(self, now: float) -> None:
        """Act on deadlines that have passed."""
        if self._lost:
            return
        unsent = self._transport.get_write_buffer_size()
        if unsent == 0 or unsent < self._unsent:
            self._moved_at = now
        elif now - self._moved_at >= self._limits.write_timeout:
            self._hang_up()
            return
        self._unsent = unsent
        if now < self._deadline:
            return
        if self._lingering:
            self._hang_up()
        elif self._request is not None:
            self._refuse(Refused(408, "The body of the request did not arrive in time."))
        elif self._head.begun:
            self._refuse(Refused(408, "The request did not arrive in time."))
        else:
            self._close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin; Nagle's delay is off."""
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=self._limits.high_water_bytes)
        link = transport.get_extra_info("socket")
        with contextlib.suppress(OSError):
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        peer = transport.get_extra_info("peername")
        self._client = (str(peer[0]), int(peer[1])) if isinstance(peer, tuple) else None
        self._open = True
        self._moved_at = self._loop.time()
        self._deadline = self._moved_at + self._limits.idle_timeout
        self._home.enter(self)
        if self._home.draining:
            self._close()

    def data_received(self, data: bytes) -> None:
        """Take what was read, now or after the answer that is under way."""
        if self._answer is not None or self.full:
            self._keep(data)
        elif self._open:
            self._take(data)

    def eof_received(self) -> bool:
        """Take the client's end as hanging up, but still write what is answered: it may have closed one half only."""
        if not self._open:
            return False
        self.left = True
        if self._answer is not None:
            self._answer.tell_gone()
            return True
        self._open = bool(self._ahead)
        return self._open

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is gone, and why makes no difference."""
        del exc
        self._open = False
        self._lost = self.left = True
        self._wake()
        if self._answer is None:
            self._home.leave(self)
        else:
            self._answer.tell_gone()

    def pause_writing(self) -> None:
        """The client is slow: whoever sends waits, and no later request is looked at."""
        self.full = True

    def resume_writing(self) -> None:
        """The client took most of it."""
        self.full = False
        self._wake()
        if self._answer is None and self._open:
            self._next()

    def _take(self, data: bytes) -> None:
        """Move on with the request that is coming, up to its handler."""
        try:
            if self._body is None:
                self._take_head(data)
            else:
                self._gather(self._body, data)
        except Refused as refused:
            self._refuse(refused)

    def _take_head(self, data: bytes) -> None:
        begun = self._head.begun
        found = self._head.feed(data)
        if found is None:
            if not begun:
                self._deadline = self._loop.time() + self._limits.head_timeout
            return
        request, rest = found
        request.client = self._client
        self._request = request
        route = self._routes.find(request.path)
        length = request.length
        if not 0 <= length <= len(rest):
            self._await_body(request, route, rest)
            return
        if length > route.max_body_bytes:
            raise too_large()
        if length == len(rest):
            request.body = rest
        else:
            request.body = rest[:length]
            self._keep(rest[length:])
        self._start(request, route.handler)

    def _await_body(self, request: Request, route: Route, rest: bytes) -> None:
        """Gather a body that is not here yet, if it may come."""
        refusal = route.admit(request) if route.admit is not None else None
        if refusal is not None:
            self._end_with(refusal)
            return
        body = body_reader(request.length, route.max_body_bytes, self._limits.max_head_bytes)
        self._route, self._body = route, body
        if request.awaits_continue and not rest:
            self.write(_CONTINUE)
        self._gather(body, rest)

    def _gather(self, body: SizedBody | ChunkedBody, data: bytes) -> None:
        surplus = body.feed(data)
        if surplus is None:
            self._deadline = self._loop.time() + self._limits.body_timeout
            return
        request, route = self._request, self._route
        if request is None or route is None:
            raise RuntimeError("a body is gathered for a request")
        request.body = body.whole()
        self._route = self._body = None
        if surplus:
            self._keep(surplus)
        self._start(request, route.handler)

    def _start(self, request: Request, handler: Handler) -> None:
        self._deadline = _NEVER
        answer = self._answer = Answer(self, request)
        self._task = self._loop.create_task(self._serve(handler, request, answer))

    async def _serve(self, handler: Handler, request: Request, answer: Answer) -> None:
        """Run a handler; whatever becomes of it, the connection goes on or ends."""
        try:
            await handler(request, answer)
        except Exception:
            log.exception("a request's handler failed", extra={"path": request.path})
        finally:
            self._finish(request, answer)

    def _finish(self, request: Request, answer: Answer) -> None:
        if not answer.started and not self._lost:
            refusal = self._routes.refuse(500, "Internal Server Error", request)
            answer.close()
            answer.reply(refusal.status, refusal.content_type, refusal.headers, refusal.body)
        answer.flush()
        self._answer = self._task = self._request = None
        if self._lost:
            self._home.leave(self)
        elif not answer.finished:
            self._hang_up()
        elif not answer.keep_alive:
            self._close()
        else:
            self._next()

    def _aborted(self, task: asyncio.Task[None]) -> None:
        """Clear up after a task that was cancelled before its first step, whose `finally` never ran."""
        if self._task is task and self._request is not None and self._answer is not None:
            self._finish(self._request, self._answer)

    def _next(self) -> None:
        """Look at what came ahead, else wait for the next request."""
        self._deadline = self._loop.time() + self._limits.idle_timeout
        if self.full:
            return
        if self._ahead:
            data = bytes(self._ahead)
            self._ahead.clear()
            self._take(data)
        if self._answer is None and self.left:
            self._close()
        elif not self._reading and len(self._ahead) <= self._limits.max_ahead_bytes:
            self._resume()

    def _keep(self, data: bytes) -> None:
        """Put what came of later requests aside, and read no more where it is much."""
        self._ahead += data
        if self._reading and self._open and len(self._ahead) > self._limits.max_ahead_bytes:
            self._reading = False
            self._transport.pause_reading()

    def _resume(self) -> None:
        if not self._reading and not self._lost:
            self._reading = True
            self._transport.resume_reading()

    def _refuse(self, refused: Refused) -> None:
        self._end_with(self._routes.refuse(refused.status, refused.reason, self._request))

    def _end_with(self, reply: Reply) -> None:
        """Answer without a handler, and end: what else was sent on this connection is not read as requests."""
        request = self._request or Request("", b"", "", b"", "1.1", {}, [])
        answer = Answer(self, request)
        answer.close()
        answer.reply(reply.status, reply.content_type, reply.headers, reply.body)
        answer.flush()
        self._linger()

    def _close(self) -> None:
        """End after what was answered is sent."""
        if self._ahead or not self._reading:
            self._linger()
        elif self._open:
            self._open = False
            self._deadline = _NEVER
            self._outbox.flush()
            self._transport.close()

    def _linger(self) -> None:
        """End our half and drop what still comes for a while: a close over unread bytes would be a reset, and lose the answer."""
        if not self._open:
            return
        self._open = False
        self._outbox.flush()
        if self.left:
            self._deadline = _NEVER
            self._transport.close()
            return
        self._lingering = True
        self._body = None
        self._ahead.clear()
        self._deadline = self._loop.time() + self._limits.linger_timeout
        self._transport.write_eof()
        self._resume()

    def _hang_up(self) -> None:
        """End at once, with what the socket did not take."""
        self._open = False
        self._outbox.flush()
        self._deadline = _NEVER
        self._transport.abort()

    def _wake(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)
