"""How the workers of one machine tell each other of endpoints: datagrams over sockets that they inherit when they are forked."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable, Sequence
from typing import Final, Self

import msgspec

from waystation.routing.news import News

log = logging.getLogger(__name__)
ROOM: Final = 256 * 1024
"""Bytes that one datagram, and what a worker has not read yet, may have."""
TOLD_TOGETHER: Final = 64
"""Endpoints in one datagram, at 2 KB each at the very most."""
_ENCODE: Final = msgspec.msgpack.Encoder().encode
_DECODE: Final = msgspec.msgpack.Decoder(list[News]).decode


class Street:
    """A mailbox for each worker, made before they are forked. A worker that is started again takes over its predecessor's."""

    def __init__(self, workers: int) -> None:
        self._boxes = [socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(workers)]
        for pair in self._boxes:
            for end in pair:
                end.settimeout(0)
                end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, ROOM)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for pair in self._boxes:
            for end in pair:
                end.close()

    def at(self, worker: int) -> "SocketNeighbours":
        """The others, as this worker (from 0) sees them."""
        others = [slot for number, (_, slot) in enumerate(self._boxes) if number != worker]
        return SocketNeighbours(self._boxes[worker][0], others)


class SocketNeighbours:
    """`Neighbours` on one machine. A mailbox that is full loses what more comes: its worker is busy ending, or beginning."""

    def __init__(self, mailbox: socket.socket, others: Sequence[socket.socket]) -> None:
        self._mailbox = mailbox
        self._others = others
        self._hear: Callable[[Sequence[News]], None] | None = None

    def tell(self, news: Sequence[News]) -> None:
        """Pass this on to all others, without waiting."""
        for first in range(0, len(news), TOLD_TOGETHER):
            letter = _ENCODE(news[first : first + TOLD_TOGETHER])
            for slot in self._others:
                with contextlib.suppress(BlockingIOError):
                    slot.send(letter)

    def listen(self, hear: Callable[[Sequence[News]], None]) -> None:
        """Call this with whatever the others tell from now on."""
        self._hear = hear
        asyncio.get_running_loop().add_reader(self._mailbox, self._read)

    def leave(self) -> None:
        """Listen no more."""
        self._hear = None
        asyncio.get_running_loop().remove_reader(self._mailbox)

    def _read(self) -> None:
        try:
            letter = self._mailbox.recv(ROOM)
        except BlockingIOError:
            return
        if self._hear is not None:
            self._hear(_DECODE(letter))
