"""A loopback server made of raw sockets that does exactly what a script says, one script per connection, in order.

A script is a coroutine function of one `Link`; when it returns, the connection is closed. A client that goes ends
the script; what else a script raises is raised again when the server is closed.
"""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Awaitable, Callable, Sequence

READ_SIZE = 64 * 1024


class Link:
    """The server's end of one connection."""

    def __init__(self, link: socket.socket) -> None:
        self._socket = link
        self._loop = asyncio.get_running_loop()
        self._rest = b""
        self.requests: list[bytes] = []
        self.asked = asyncio.Event()

    async def send(self, data: bytes) -> None:
        """Write all of it."""
        await self._loop.sock_sendall(self._socket, data)

    async def head(self) -> bytes:
        """The head of the next request."""
        while b"\r\n\r\n" not in self._rest:
            self._rest += await self._read()
        head, _, self._rest = self._rest.partition(b"\r\n\r\n")
        self.asked.set()
        return head

    async def request(self) -> bytes:
        """The next request, whole: its head, an empty line and its body as it came over the wire."""
        head = await self.head()
        body = b""
        if b"transfer-encoding: chunked" in head:
            while not self._rest.endswith(b"0\r\n\r\n"):
                self._rest += await self._read()
            body, self._rest = self._rest, b""
        elif b"content-length: " in head:
            length = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
            body = await self.exactly(length)
        self.requests.append(head + b"\r\n\r\n" + body)
        return self.requests[-1]

    async def exactly(self, length: int) -> bytes:
        """So many bytes."""
        pieces = [self._rest]
        missing = length - len(self._rest)
        while missing > 0:
            pieces.append(await self._read())
            missing -= len(pieces[-1])
        data = b"".join(pieces)
        self._rest = data[length:]
        return data[:length]

    def take(self) -> bytes:
        """What was read and not asked for yet."""
        data, self._rest = self._rest, b""
        return data

    async def gone(self) -> None:
        """Wait until the client has closed its end."""
        with contextlib.suppress(ConnectionError):
            while await self._loop.sock_recv(self._socket, READ_SIZE):
                pass

    def half_close(self) -> None:
        """Send the end of the stream, and go on reading."""
        self._socket.shutdown(socket.SHUT_WR)

    def drop(self) -> None:
        """Close both directions at once, as a server does with an idle connection; its script reads the end."""
        self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close in good order."""
        self._socket.close()

    def reset(self) -> None:
        """Close with a reset."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    async def _read(self) -> bytes:
        data = await self._loop.sock_recv(self._socket, READ_SIZE)
        if not data:
            raise ConnectionResetError("the client closed early")
        return data


Script = Callable[[Link], Awaitable[None]]


class HostileServer:
    """Listens on loopback; connection number n is served by script number n, and the last script serves all later ones."""

    def __init__(self, scripts: Sequence[Script], host: str = "127.0.0.1") -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, 0), family=family)
        self._listener.settimeout(0)
        self._scripts = scripts
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"
        self.links: list[Link] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._connected = asyncio.Event()
        self._accepting = asyncio.get_running_loop().create_task(self._accept())

    @property
    def requests(self) -> list[bytes]:
        """All requests read so far, over all connections."""
        return [request for link in self.links for request in link.requests]

    async def asked(self) -> None:
        """Wait until a request has come on the first connection."""
        await self._connected.wait()
        await self.links[0].asked.wait()

    async def finished(self) -> None:
        """Wait until the first connection's script is over: for most scripts, until the client has gone."""
        await self._connected.wait()
        await asyncio.wait([self._tasks[0]])

    async def aclose(self) -> None:
        """Stop; raises what a script raised."""
        self._accepting.cancel()
        for task in self._tasks:
            task.cancel()
        results = await asyncio.gather(self._accepting, *self._tasks, return_exceptions=True)
        self._listener.close()
        for link in self.links:
            link.close()
        for result in results:
            if isinstance(result, Exception) and not isinstance(result, ConnectionError):
                raise result

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            accepted, _ = await loop.sock_accept(self._listener)
            accepted.settimeout(0)
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            link = Link(accepted)
            script = self._scripts[min(len(self.links), len(self._scripts) - 1)]
            self.links.append(link)
            self._tasks.append(loop.create_task(self._serve(script, link)))
            self._connected.set()

    async def _serve(self, script: Script, link: Link) -> None:
        try:
            await script(link)
        finally:
            link.close()


async def until(condition: Callable[[], object]) -> None:
    """Let the loop turn until something holds that nobody announces."""
    while not condition():  # noqa: ASYNC110  there is no event for it
        await asyncio.sleep(0)


def answer(body: bytes = b"ok", *headers: bytes, status: bytes = b"200 OK") -> bytes:
    """A well-formed answer with a length."""
    lines = [b"HTTP/1.1 " + status, b"content-length: %d" % len(body), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def saying(*answers: bytes) -> Script:
    """Read a request and send an answer, for each answer; then wait until the client goes."""

    async def script(link: Link) -> None:
        for data in answers:
            await link.request()
            await link.send(data)
        await link.gone()

    return script


def ending(data: bytes) -> Script:
    """Read a request, send this, close."""

    async def script(link: Link) -> None:
        await link.request()
        await link.send(data)

    return script
