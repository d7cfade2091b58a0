"""The server: connections from listening sockets, one sweep over all their deadlines, and the drain at the end."""

import asyncio
import contextlib
import socket
from collections.abc import Iterable

from waystation.outbox import Outbox
from waystation.server.connection import Connection
from waystation.server.limits import Limits
from waystation.server.routes import Routes


class HttpServer:
    """Serves `routes`; belongs to one event loop. `start`, then `drain` and `wait_drained`, then `abort` what is left."""

    def __init__(self, routes: Routes, limits: Limits | None = None) -> None:
        self.routes = routes
        self.limits = limits or Limits()
        self.draining = False
        self.outbox = Outbox()
        self._connections: set[Connection] = set()
        self._servers: list[asyncio.Server] = []
        self._sweeping: asyncio.TimerHandle | None = None
        self._empty = asyncio.Event()
        self._empty.set()

    def __len__(self) -> int:
        """Connections that are open, or whose handlers are not done."""
        return len(self._connections)

    async def start(self, sockets: Iterable[socket.socket], backlog: int = 2048) -> None:
        """Accept connections on these bound sockets, which are the server's from now on."""
        loop = asyncio.get_running_loop()
        for listener in sockets:
            server = await loop.create_server(lambda: Connection(self, loop), sock=listener, backlog=backlog)
            self._servers.append(server)

    def drain(self) -> None:
        """Accept no more; close idle connections, and every other one after the answer it waits for."""
        self.draining = True
        for server in self._servers:
            server.close()
        self._servers.clear()
        for connection in tuple(self._connections):
            connection.drain()

    async def wait_drained(self, timeout: float | None = None) -> bool:  # noqa: ASYNC109  callers want an answer, not an exception
        """Whether all connections ended, and their handlers, within so many seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._empty.wait()
        return not self._connections

    def abort(self) -> None:
        """Drain without patience: cut every connection and cancel its handler."""
        self.drain()
        for connection in tuple(self._connections):
            connection.abort()

    def enter(self, connection: Connection) -> None:
        """Look after this connection."""
        self._connections.add(connection)
        self._empty.clear()
        if self._sweeping is None:
            self._sweep_later()

    def leave(self, connection: Connection) -> None:
        """It is closed and its handler is done."""
        self._connections.discard(connection)
        if not self._connections:
            self._empty.set()
            if self.draining and self._sweeping is not None:
                self._sweeping.cancel()
                self._sweeping = None

    def _sweep_later(self) -> None:
        loop = asyncio.get_running_loop()
        self._sweeping = loop.call_later(self.limits.sweep_interval, self._sweep)

    def _sweep(self) -> None:
        self._sweeping = None
        now = asyncio.get_running_loop().time()
        for connection in tuple(self._connections):
            connection.look(now)
        if self._connections:
            self._sweep_later()
