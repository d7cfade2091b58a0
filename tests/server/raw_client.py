"""A client made of a raw socket: it sends exactly what a test says and reads answers one by one."""

import asyncio
import contextlib
import socket
import struct

from msgspec import Struct

READ_SIZE = 64 * 1024


class Answered(Struct):
    """An answer as it came."""

    status: int
    headers: dict[bytes, bytes]
    body: bytes


class RawClient:
    """One connection to a server on loopback."""

    def __init__(self, link: socket.socket) -> None:
        self._link = link
        self._loop = asyncio.get_running_loop()
        self._rest = b""

    async def send(self, data: bytes) -> None:
        """Write all of it."""
        await self._loop.sock_sendall(self._link, data)

    async def answer(self, *, bodiless: bool = False) -> Answered:
        """The next answer; `bodiless`: to a HEAD."""
        head = await self._until(b"\r\n\r\n")
        first, *lines = head[:-4].split(b"\r\n")
        headers = dict(line.split(b": ", 1) for line in lines)
        status = int(first.split(b" ")[1])
        return Answered(
            status, headers, b"" if bodiless or status in {100, 204, 304} else await self._body(headers)
        )

    async def rest(self) -> bytes:
        """All that comes until the server ends its half, or resets."""
        with contextlib.suppress(ConnectionError):
            while True:
                data = await self._loop.sock_recv(self._link, READ_SIZE)
                if not data:
                    break
                self._rest += data
        data, self._rest = self._rest, b""
        return data

    async def read(self) -> bytes:
        """What comes next; b"" at the end."""
        if self._rest:
            data, self._rest = self._rest, b""
            return data
        return await self._loop.sock_recv(self._link, READ_SIZE)

    def half_close(self) -> None:
        """Send the end of the stream, and go on reading."""
        self._link.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Close with a reset."""
        self._link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._link.close()

    def close(self) -> None:
        """Close in good order."""
        self._link.close()

    async def _body(self, headers: dict[bytes, bytes]) -> bytes:
        if headers.get(b"transfer-encoding") == b"chunked":
            pieces = []
            while size := int(await self._until(b"\r\n"), 16):
                pieces.append((await self._exactly(size + 2))[:-2])
            await self._exactly(2)
            return b"".join(pieces)
        if b"content-length" in headers:
            return await self._exactly(int(headers[b"content-length"]))
        return await self.rest()

    async def _until(self, end: bytes) -> bytes:
        while end not in self._rest:
            await self._more()
        data, _, self._rest = self._rest.partition(end)
        return data + end

    async def _exactly(self, size: int) -> bytes:
        while len(self._rest) < size:
            await self._more()
        data, self._rest = self._rest[:size], self._rest[size:]
        return data

    async def _more(self) -> None:
        data = await self._loop.sock_recv(self._link, READ_SIZE)
        if not data:
            raise ConnectionResetError("the server closed in the middle of an answer")
        self._rest += data


async def connect(port: int, *, receive_buffer: int = 0) -> RawClient:
    """Open a connection; `receive_buffer`: so many bytes, for a client that takes little."""
    link = socket.socket()
    link.settimeout(0)
    if receive_buffer:
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    try:
        await asyncio.get_running_loop().sock_connect(link, ("127.0.0.1", port))
    except BaseException:
        link.close()
        raise
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return RawClient(link)
