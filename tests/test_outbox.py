import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from waystation.outbox import MOST_BYTES, Outbox

Ends = tuple[asyncio.Transport, socket.socket]


@pytest.fixture
async def ends() -> AsyncIterator[list[Ends]]:
    """Two connections, each with its peer's end."""
    made: list[Ends] = []
    for _ in range(2):
        ours, theirs = socket.socketpair()
        theirs.settimeout(0)
        transport, _protocol = await asyncio.get_running_loop().create_connection(asyncio.Protocol, sock=ours)
        made.append((transport, theirs))
    yield made
    for transport, theirs in made:
        transport.abort()
        theirs.close()
    await asyncio.sleep(0)


def came(peer: socket.socket) -> bytes:
    """What the kernel has for this end."""
    try:
        return peer.recv(1_000_000)
    except BlockingIOError:
        return b""


async def test_what_one_turn_of_the_loop_writes_leaves_when_the_turn_is_over(ends: list[Ends]) -> None:
    (first, to_first), (second, to_second) = ends
    outbox = Outbox()
    outbox.put(first, b"a")
    outbox.put(second, b"b")
    outbox.put(first, b"c")
    assert (came(to_first), came(to_second)) == (b"", b"")
    assert (outbox.waiting(first), outbox.waiting(second)) == (2, 1)
    await asyncio.sleep(0)
    assert (came(to_first), came(to_second)) == (b"ac", b"b")
    assert outbox.waiting(first) == 0


async def test_what_is_put_after_a_flush_leaves_by_itself_too(ends: list[Ends]) -> None:
    transport, peer = ends[0]
    outbox = Outbox()
    outbox.put(transport, b"a")
    outbox.flush()
    assert came(peer) == b"a"
    outbox.put(transport, b"b")
    await asyncio.sleep(0)
    assert came(peer) == b"b"


async def test_much_does_not_wait(ends: list[Ends]) -> None:
    (small, to_small), (large, to_large) = ends
    outbox = Outbox()
    outbox.put(small, b"a")
    outbox.put(large, bytes(MOST_BYTES))
    assert came(to_small) == b"a"
    assert came(to_large)
    assert outbox.waiting(large) == 0


async def test_what_is_for_a_closed_connection_is_dropped_and_others_lose_nothing(ends: list[Ends]) -> None:
    (gone, _), (other, to_other) = ends
    outbox = Outbox()
    outbox.put(gone, b"a")
    outbox.put(other, b"b")
    gone.abort()
    await asyncio.sleep(0)
    assert came(to_other) == b"b"
