"""The upstream HTTP/1.1 client: one `send` over pooled connections, its deadlines, and the one retry that is safe.

A request is sent a second time only when a pooled connection died before any byte of an answer and the peer cannot have
acted on the request (docs/decisions/0003-upstream-client.md); and then on a fresh connection, once. What an answer means, and whether
another provider should be asked, is the pipeline's affair.
"""

import asyncio
import ssl
from typing import Final

from msgspec import Struct

from waystation.errors import ConnectionFailed, TimedOut
from waystation.outbox import Outbox
from waystation.upstream.connection import Connection
from waystation.upstream.dial import dial
from waystation.upstream.limits import DEFAULT_SETTINGS, DEFAULT_TIMEOUTS, ClientSettings, Timeouts
from waystation.upstream.origin import Target, parse_target
from waystation.upstream.pool import Pool, Sockets
from waystation.upstream.proxy import Proxies, Proxy
from waystation.upstream.request import Body, Headers, render_head
from waystation.upstream.response import Response
from waystation.upstream.tls import tls_context

__all__ = ["Client", "ClientSettings", "Response", "Timeouts"]

_REMEMBERED: Final = 1024
"""URLs whose parts are remembered: a gateway calls few, again and again."""
_CLOSED: Final = "The upstream client is closed."


class _Way(Struct, frozen=True):
    """How to reach a URL: what to ask for, through which proxy, over the connections of which pool."""

    target: Target
    proxy: Proxy | None
    pool: str
    proxied: str | None


class Client:
    """Sends requests to providers; belongs to one event loop, and to be closed with `aclose`."""

    def __init__(self, settings: ClientSettings = DEFAULT_SETTINGS) -> None:
        self._settings = settings
        self._proxies = Proxies(settings)
        self._ways: dict[str, _Way] = {}
        self._pools: dict[str, Pool] = {}
        self._sockets = Sockets()
        self._outbox = Outbox()
        self._trust: ssl.SSLContext | None = None
        self._closed = False

    async def send(
        self,
        method: str,
        url: str,
        headers: Headers,
        body: Body = b"",
        timeouts: Timeouts = DEFAULT_TIMEOUTS,
    ) -> Response:
        """Send one request and wait for the head of its answer; ConnectionFailed, TimedOut or BadResponse otherwise."""
        way = self._ways.get(url) or self._find_way(url)
        head = render_head(method, way.target, headers, body, way.proxied)
        total = asyncio.get_running_loop().time() + timeouts.total
        pool = self._pools.get(way.pool)
        connection = pool.take() if pool is not None else None
        if connection is None:
            connection = await self._open(way, timeouts, total, fresh=False)
        try:
            return await connection.exchange(method, head, body, timeouts, total)
        except ConnectionFailed:
            if not connection.may_repeat:
                raise
        connection = await self._open(way, timeouts, total, fresh=True)
        return await connection.exchange(method, head, body, timeouts, total)

    async def aclose(self) -> None:
        """Abort every connection, and wait until the sockets are closed."""
        self._closed = True
        for pool in list(self._pools.values()):
            pool.close()
        await self._sockets.abort()

    def _find_way(self, url: str) -> _Way:
        target = parse_target(url)
        proxy = self._proxies.choose(target.origin)
        plain = proxy is not None and not target.origin.secure
        way = _Way(
            target=target,
            proxy=proxy,
            pool=f"proxy {proxy.origin.address}"
            if proxy and plain
            else f"{target.origin.scheme} {target.origin.address}",
            proxied=proxy.authorization if proxy and plain else None,
        )
        if len(self._ways) >= _REMEMBERED:
            self._ways.clear()
        self._ways[url] = way
        return way

    async def _open(self, way: _Way, timeouts: Timeouts, total: float, *, fresh: bool) -> Connection:
        """A connection ready for a request: one that came free while waiting, or (if `fresh`, always) a new one."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout_at(min(loop.time() + timeouts.connect, total)):
                while True:
                    pool = self._pool(way.pool, loop)
                    connection = await pool.slot()
                    if connection is None:
                        return await self._dial(way, pool, loop)
                    if not connection.closed and not fresh:
                        return connection
                    connection.abort()
        except TimeoutError:
            raise TimedOut("No connection to the provider within the connect deadline.") from None

    async def _dial(self, way: _Way, pool: Pool, loop: asyncio.AbstractEventLoop) -> Connection:
        connection = Connection(pool, self._settings, loop, self._outbox)
        try:
            await dial(
                connection,
                way.target.origin,
                way.proxy,
                self._tls,
                self._settings.max_head_bytes,
                guard=self._settings.guard,
            )
        except BaseException:
            connection.abort()
            raise
        if self._closed:
            connection.abort()
            raise ConnectionFailed(_CLOSED)
        return connection

    def _pool(self, name: str, loop: asyncio.AbstractEventLoop) -> Pool:
        if self._closed:
            raise ConnectionFailed(_CLOSED)
        pool = self._pools.get(name)
        if pool is None:
            pool = Pool(self._settings, loop, self._sockets, lambda: self._drop(name))
            self._pools[name] = pool
        return pool

    def _drop(self, name: str) -> None:
        del self._pools[name]

    def _tls(self) -> ssl.SSLContext:
        """Made at the first `https` origin: loading the authorities takes a while."""
        if self._trust is None:
            self._trust = tls_context(self._settings)
        return self._trust
