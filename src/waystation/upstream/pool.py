"""The connections to one origin: the last one freed is taken first, so that those not needed grow old and are closed."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from typing import Final

from waystation.errors import ConnectionFailed
from waystation.upstream.connection import Connection
from waystation.upstream.limits import ClientSettings

_FAREWELL: Final = 2.0
"""Seconds that aborted sockets have to be closed."""


class Sockets:
    """Every socket of one client, until it is really closed."""

    def __init__(self) -> None:
        self._open: set[Connection] = set()
        self._none: asyncio.Future[None] | None = None

    def add(self, connection: Connection) -> None:
        """Note an open socket."""
        self._open.add(connection)

    def discard(self, connection: Connection) -> None:
        """Note a closed one."""
        self._open.discard(connection)
        if not self._open and self._none is not None and not self._none.done():
            self._none.set_result(None)

    async def abort(self) -> None:
        """Abort all, and wait until none is left; not for ever, should the loop never say so."""
        for connection in list(self._open):
            connection.abort()
        if self._open:
            self._none = asyncio.get_running_loop().create_future()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_FAREWELL):
                    await self._none


class Pool:
    """Counts what is open, keeps what is idle, and lets requests wait where the number is limited."""

    def __init__(
        self,
        settings: ClientSettings,
        loop: asyncio.AbstractEventLoop,
        sockets: Sockets,
        emptied: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._loop = loop
        self._sockets = sockets
        self._emptied = emptied
        self._idle: dict[Connection, None] = {}
        self._waiting: deque[asyncio.Future[Connection | None]] = deque()
        self._sweep_timer: asyncio.TimerHandle | None = None
        self._open = 0
        self._closed = False

    def take(self) -> Connection | None:
        """The connection freed last, None where none is idle."""
        while self._idle:
            connection, _ = self._idle.popitem()
            if self._loop.time() - connection.idle_since < self._settings.keepalive_expiry:
                return connection
            connection.abort()
        return None

    async def slot(self) -> Connection | None:
        """Wait for leave to open one more (None, whose closing ends the leave), or for a connection that came free."""
        if not self._settings.max_connections or self._open < self._settings.max_connections:
            self._open += 1
            return None
        turn: asyncio.Future[Connection | None] = self._loop.create_future()
        self._waiting.append(turn)
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                connection = turn.result()
                if connection is None:
                    self.vacate()
                else:
                    self.release(connection)
            raise

    def vacate(self) -> None:
        """One fewer is open: the next in line may open one."""
        self._open -= 1
        turn = self._next()
        if turn is not None:
            self._open += 1
            turn.set_result(None)
        elif not self._open:
            self._stop_sweeping()
            self._emptied()

    def release(self, connection: Connection) -> None:
        """Take a connection back: hand it to the next in line, else keep it."""
        if connection.closed:
            return
        turn = self._next()
        if turn is not None:
            turn.set_result(connection)
            return
        if self._closed or len(self._idle) >= self._settings.max_idle:
            connection.abort()
            return
        connection.idle_since = self._loop.time()
        self._idle[connection] = None
        if self._sweep_timer is None:
            self._sweep_timer = self._loop.call_later(self._settings.keepalive_expiry, self._sweep)

    def forget(self, connection: Connection) -> None:
        """Strike a connection out that is closed."""
        self._idle.pop(connection, None)
        self.vacate()

    def made(self, connection: Connection) -> None:
        """It has a socket."""
        self._sockets.add(connection)

    def lost(self, connection: Connection) -> None:
        """Its socket is gone."""
        self._sockets.discard(connection)

    def close(self) -> None:
        """Keep nothing from now on, and send those away who wait."""
        self._closed = True
        self._stop_sweeping()
        while (turn := self._next()) is not None:
            turn.set_exception(ConnectionFailed("The upstream client is closed."))
        for connection in list(self._idle):
            connection.abort()

    def _next(self) -> "asyncio.Future[Connection | None] | None":
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                return turn
        return None

    def _sweep(self) -> None:
        """Close what has been idle for too long; the oldest stand first."""
        self._sweep_timer = None
        now = self._loop.time()
        for connection in list(self._idle):
            rest = connection.idle_since + self._settings.keepalive_expiry - now
            if rest > 0:
                self._sweep_timer = self._loop.call_later(max(rest, 1.0), self._sweep)
                return
            connection.abort()

    def _stop_sweeping(self) -> None:
        if self._sweep_timer is not None:
            self._sweep_timer.cancel()
            self._sweep_timer = None
