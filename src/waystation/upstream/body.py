"""The body of an answer between the socket that fills it and the one reader that empties it, bounded by pausing the socket.

It knows neither HTTP nor sockets: `feed`, `end` and `fail` come from the connection, the rest belongs to the reader.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Final, Protocol, Self

from waystation.errors import ConnectionFailed, ProviderError

MAX_RELEASED: Final = 64 * 1024
"""Bytes of a released body that are still read before the connection is given up."""


class Source(Protocol):
    """What fills a body."""

    def pause(self) -> None:
        """Stop reading: the reader is slow."""

    def resume(self) -> None:
        """Read on."""

    def abort(self) -> None:
        """Give the rest up: nobody will read it."""


class Body(AsyncIterator[bytes]):
    """Iterates over what arrived since the last read, in one piece each time."""

    __slots__ = (
        "_bound",
        "_ended",
        "_error",
        "_loop",
        "_paused",
        "_pieces",
        "_released",
        "_size",
        "_source",
        "_waiter",
        "arrived",
        "held_up",
    )

    def __init__(self, source: Source, bound: int, loop: asyncio.AbstractEventLoop) -> None:
        self._source: Source | None = source
        self._bound = bound
        self._loop = loop
        self._pieces: list[bytes] = []
        self._size = 0
        self._paused = False
        self._ended = False
        self._released = False
        self._error: ProviderError | None = None
        self._waiter: asyncio.Future[None] | None = None
        self.arrived = 0.0
        """The loop's time at which the last bytes came, as the source says."""
        self.held_up = False
        """Whether the source was ever paused, so that the arrival tells of its reader too."""

    def feed(self, data: bytes) -> None:
        """Add what was read, and wake the reader."""
        if self._released:
            self._size += len(data)
            if self._size > MAX_RELEASED and self._source is not None:
                self._source.abort()
            return
        self._pieces.append(data)
        self._size += len(data)
        if self._size > self._bound and not self._paused and self._source is not None:
            self._paused = self.held_up = True
            self._source.pause()
        self._wake()

    def end(self) -> None:
        """All is here; the source is free again."""
        self._ended = True
        self._source = None
        self._wake()

    def fail(self, error: ProviderError) -> None:
        """No more will come; the reader meets the error after what did come."""
        if not self._ended:
            self._error = error
            self.end()

    def release(self) -> None:
        """Want no more, but let the little that may still come run out, so that the connection can be used again."""
        self._released = True
        self._pieces.clear()
        self._size = 0
        if self._paused and self._source is not None:
            self._paused = False
            self._source.resume()

    def close(self) -> None:
        """Want no more: what is not here yet is given up, what is here is dropped."""
        source = self._source
        if self._released:
            return
        if not self._ended:
            self.fail(ConnectionFailed("The provider's answer was closed before its end."))
        self._pieces.clear()
        self._size = 0
        if source is not None:
            source.abort()

    def here(self, most: int) -> bool:
        """Whether the whole body is here, and no longer than `most` bytes."""
        return self._ended and self._error is None and self._size <= most

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        if not self._pieces and not self._ended:
            self._waiter = self._loop.create_future()
            try:
                await self._waiter
            except asyncio.CancelledError:
                self.close()
                raise
            finally:
                self._waiter = None
        if self._pieces:
            return self.take()
        if self._error is not None:
            raise self._error
        raise StopAsyncIteration

    def take(self) -> bytes:
        """What is here now, without waiting; b"" where nothing is."""
        pieces = self._pieces
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        pieces.clear()
        self._size = 0
        if self._paused:
            self._paused = False
            if self._source is not None:
                self._source.resume()
        return data

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
