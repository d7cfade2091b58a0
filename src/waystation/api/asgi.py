"""The thin seam between the server and the data plane: one ASGI connection as a body to read and an answer to give.

Everything of ASGI that the data plane knows is in this file, so that another server protocol can take its place.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, TypeAlias

from waystation.errors import PayloadTooLarge
from waystation.pipeline.caller import Headers

Message: TypeAlias = MutableMapping[str, Any]
Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]


LINGER = 10.0
"""Seconds for which the rest of a body that was refused is read and dropped."""


class ClientGone(Exception):
    """The client hung up before its request was read."""


class Connection:
    """One request's connection to its client; a `pipeline.caller.Caller`."""

    __slots__ = ("_extra", "_finished", "_listener", "_receive", "_send", "_unread", "started")

    def __init__(self, receive: Receive, send: Send, extra: Headers) -> None:
        self._receive = receive
        self._send = send
        self._extra = extra
        self._listener: asyncio.Task[None] | None = None
        self._finished = False
        self._unread = True
        self.started = False

    async def body(self, limit: int, declared: bytes | None) -> bytes:
        """The whole request body; `PayloadTooLarge` over `limit` bytes, before reading where the length is declared."""
        if declared is not None and declared.isdigit() and int(declared) > limit:
            raise _too_large(limit)
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        first: bytes = message.get("body", b"")
        if not message.get("more_body"):
            self._unread = False
            if len(first) > limit:
                raise _too_large(limit)
            return first
        pieces, size = [first], len(first)
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            piece: bytes = message.get("body", b"")
            pieces.append(piece)
            size += len(piece)
            self._unread = bool(message.get("more_body"))
            if size > limit:
                raise _too_large(limit)
            if not self._unread:
                return b"".join(pieces)

    async def reply(self, status: int, content_type: bytes, headers: Headers, body: bytes) -> None:
        """A whole answer at once."""
        self.started = self._finished = True
        length = (b"content-length", str(len(body)).encode())
        named = [(b"content-type", content_type), length, *headers, *self._extra]
        await self._send({"type": "http.response.start", "status": status, "headers": named})
        await self._send({"type": "http.response.body", "body": body})
        self._hush()

    async def refuse(self, status: int, content_type: bytes, body: bytes, *, is_sending: bool) -> None:
        """A whole answer to a body that is not wanted, which is the connection's last.

        While the client is sending, what comes is dropped for a while: cut off, it would never read its answer.
        """
        self.started = self._finished = True
        length = (b"content-length", str(len(body)).encode())
        close = (b"connection", b"close")
        named = [(b"content-type", content_type), length, close, *self._extra]
        await self._send({"type": "http.response.start", "status": status, "headers": named})
        await self._send({"type": "http.response.body", "body": body, "more_body": True})
        try:
            async with asyncio.timeout(LINGER):
                while is_sending and self._unread:
                    self._unread = bool((await self._receive()).get("more_body"))
        except TimeoutError:
            pass
        await self._send({"type": "http.response.body", "body": b""})

    async def start(self, status: int, content_type: bytes, headers: Headers) -> None:
        """Begin a streamed answer."""
        self.started = True
        named = [(b"content-type", content_type), (b"cache-control", b"no-cache"), *headers, *self._extra]
        await self._send({"type": "http.response.start", "status": status, "headers": named})

    async def send(self, data: bytes) -> None:
        """One piece of a streamed answer."""
        await self._send({"type": "http.response.body", "body": data, "more_body": True})

    async def finish(self, data: bytes) -> None:
        """The last piece."""
        self._finished = True
        await self._send({"type": "http.response.body", "body": data})
        self._hush()

    def listen(self, gone: Callable[[], None]) -> None:
        """Call `gone` when the client hangs up before its answer is finished."""
        if not self._finished:
            self._listener = asyncio.get_running_loop().create_task(self._listen(gone))

    async def _listen(self, gone: Callable[[], None]) -> None:
        message = await self._receive()
        if message["type"] == "http.disconnect" and not self._finished:
            gone()

    def _hush(self) -> None:
        if self._listener is not None:
            self._listener.cancel()
            self._listener = None


def header(scope: Scope, name: bytes) -> bytes | None:
    """The first value of a request header (name in lower case), or None."""
    headers: Iterable[tuple[bytes, bytes]] = scope["headers"]
    for key, value in headers:
        if key == name:
            return value
    return None


def _too_large(limit: int) -> PayloadTooLarge:
    return PayloadTooLarge(f"The request body is over the limit of {limit // 2**20} MB.")
