"""Writes that leave together, when all that one turn of the event loop set off has run.

A write to a peer that sleeps wakes it, which costs more than the write. Of many connections that are busy at once, each
would be woken alone, between two pieces of our own work; so their writes wait for each other, and the first wakes for all.
It knows transports and nothing of what is written.
"""

import asyncio
from typing import Final

MOST_BYTES: Final = 64 * 1024
"""What may wait: from here on it leaves at once, so that a transport can say that it is full."""


class Outbox:
    """One for a server or a client; belongs to its event loop. What is put leaves in the order it came in."""

    __slots__ = ("_size", "_waiting")

    def __init__(self) -> None:
        self._waiting: list[tuple[asyncio.WriteTransport, bytes]] = []
        self._size = 0

    def put(self, transport: asyncio.WriteTransport, data: bytes) -> None:
        """Write this in a moment. Before anything else is done with the transport but to abort it: `flush`."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self.flush)
        self._waiting.append((transport, data))
        self._size += len(data)
        if self._size > MOST_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write what waits; what is for a transport that was closed meanwhile is dropped."""
        waiting, self._waiting = self._waiting, []
        self._size = 0
        for transport, data in waiting:
            if not transport.is_closing():
                transport.write(data)

    def waiting(self, transport: asyncio.WriteTransport) -> int:
        """Bytes that wait for this transport."""
        return sum(len(data) for other, data in self._waiting if other is transport)
