"""A request on its way out: small ones in one write with others', large ones slice by slice as the socket drains, streams by a task.

Bytes are sliced without copies and never pile up in the transport. It does not know what the answer is.
"""

import asyncio
from collections.abc import AsyncIterable, Callable
from typing import Final

from waystation.outbox import Outbox
from waystation.upstream.request import Body

_JOIN: Final = 16 * 1024
"""Up to this many bytes a copy into one write is cheaper than a second write."""
_SLICE: Final = 256 * 1024


class Upload:
    """Writes one request to a transport; `progressed` is called after every write, `done` is True after the last."""

    __slots__ = (
        "_drained",
        "_outbox",
        "_paused",
        "_progressed",
        "_rest",
        "_task",
        "_transport",
        "consumed",
        "done",
    )

    def __init__(
        self,
        transport: asyncio.WriteTransport,
        outbox: Outbox,
        progressed: Callable[[BaseException | None], None],
    ) -> None:
        self._transport = transport
        self._outbox = outbox
        self._progressed = progressed
        self._rest = memoryview(b"")
        self._paused = False
        self._drained: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None
        self.done = True
        self.consumed = False
        """A stream was read from: the request cannot be sent a second time."""

    def start(self, head: bytes, body: Body) -> None:
        """Write the head and as much of the body as the socket takes."""
        self.consumed = False
        if isinstance(body, bytes) and len(body) <= _JOIN:
            self._outbox.put(self._transport, head + body)
            return
        self._outbox.flush()
        if not isinstance(body, bytes):
            self.done = False
            self._transport.write(head)
            self._task = asyncio.get_running_loop().create_task(self._stream(body))
        elif len(body) <= _SLICE:
            self._transport.writelines((head, body))
        else:
            self.done = False
            self._rest = memoryview(body)
            self._transport.write(head)
            self._pump()

    def pause(self) -> None:
        """Write nothing more: the socket is full."""
        self._paused = True

    def resume(self) -> None:
        """Write on."""
        self._paused = False
        if self._rest:
            self._pump()
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)

    def stop(self) -> None:
        """Give the rest up."""
        self._rest = memoryview(b"")
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def _pump(self) -> None:
        while self._rest and not self._paused:
            piece, self._rest = self._rest[:_SLICE], self._rest[_SLICE:]
            self._transport.write(piece)
        self.done = not self._rest
        self._progressed(None)

    async def _stream(self, body: AsyncIterable[bytes]) -> None:
        """Write a stream as chunks (RFC 9112 7.1)."""
        try:
            self.consumed = True
            async for piece in body:
                if piece:
                    self._transport.writelines((b"%x\r\n" % len(piece), piece, b"\r\n"))
                    self._progressed(None)
                if self._paused:
                    self._drained = asyncio.get_running_loop().create_future()
                    await self._drained
                    self._progressed(None)
            self._transport.write(b"0\r\n\r\n")
        except Exception as error:  # noqa: BLE001  whatever the caller's stream raises is the caller's to meet
            self._progressed(error)
        else:
            self.done = True
            self._task = None
            self._progressed(None)
