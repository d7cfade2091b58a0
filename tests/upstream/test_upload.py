"""Requests with bodies: whole ones of every size, streams, and servers that do not want to hear them."""

import asyncio
import hashlib
from collections.abc import AsyncIterator

import pytest

from upstream.conftest import Serve
from upstream.hostile_server import Link, answer, saying, until
from waystation.errors import TimedOut
from waystation.upstream.client import Client, Timeouts

SHORT = 0.05


async def stuck(link: Link) -> None:
    """Read requests, answer none."""
    await link.head()
    await link.gone()


async def test_a_large_body_does_not_pile_up_before_a_slow_server(serve: Serve, client: Client) -> None:
    body = b"0123456789" * 3_000_000
    listen = asyncio.Event()

    async def slow(link: Link) -> None:
        await listen.wait()
        request = await link.request()
        await link.send(answer(hashlib.sha256(request.partition(b"\r\n\r\n")[2]).hexdigest().encode()))
        await link.gone()

    server = serve(slow)
    task = asyncio.create_task(client.send("POST", server.url, [], body))
    await until(lambda: any(connection._upload._paused for connection in client._sockets._open))
    (connection,) = client._sockets._open
    assert connection._transport.get_write_buffer_size() < 1_000_000
    listen.set()
    assert await (await task).read() == hashlib.sha256(body).hexdigest().encode()


@pytest.mark.parametrize("size", [0, 1, 16_384, 16_385, 262_144, 262_145, 1_000_000])
async def test_bodies_of_every_size_arrive_whole(serve: Serve, client: Client, size: int) -> None:
    server = serve(saying(answer()))
    body = bytes(range(256)) * (size // 256 + 1)
    await (await client.send("POST", server.url, [], body[:size])).read()
    assert server.requests[0].partition(b"\r\n\r\n")[2] == body[:size]
    assert b"content-length: %d\r\n" % size in server.requests[0]
    assert b"expect" not in server.requests[0].lower()


async def pieces_of(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def test_a_stream_is_sent_in_chunks(serve: Serve, client: Client) -> None:
    server = serve(saying(answer(), answer()))
    for _ in range(2):
        response = await client.send("POST", server.url, [], pieces_of(b"a", b"", b"bc" * 20))
        assert await response.read() == b"ok"
    assert len(server.links) == 1
    assert server.requests[0].endswith(b"\r\n\r\n1\r\na\r\n28\r\n" + b"bc" * 20 + b"\r\n0\r\n\r\n")


async def test_a_long_stream_waits_for_a_slow_server(serve: Serve, client: Client) -> None:
    server = serve(saying(answer()))
    response = await client.send("POST", server.url, [], pieces_of(*[b"x" * 100_000] * 100))
    assert await response.read() == b"ok"
    assert server.requests[0].count(b"x") == 10_000_000


async def test_a_stream_that_breaks_breaks_the_request(serve: Serve, client: Client) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"a"
        raise ZeroDivisionError

    server = serve(stuck)
    with pytest.raises(ZeroDivisionError):
        await client.send("POST", server.url, [], broken())
    await server.finished()


async def test_a_stream_that_stalls_is_given_up(serve: Serve, client: Client) -> None:
    async def stalled() -> AsyncIterator[bytes]:
        yield b"a"
        await asyncio.Event().wait()

    server = serve(stuck)
    with pytest.raises(TimedOut, match="did not take"):
        await client.send("POST", server.url, [], stalled(), Timeouts(idle=SHORT))


async def test_a_refusal_before_the_end_of_the_upload_is_delivered(serve: Serve, client: Client) -> None:
    async def refuse(link: Link) -> None:
        await link.head()
        await link.send(answer(b"too large", status=b"413 Content Too Large"))
        await link.gone()

    server = serve(refuse, saying(answer(b"fresh")))
    response = await client.send("POST", server.url, [], b"x" * 20_000_000)
    assert response.status == 413
    assert await response.read() == b"too large"
    assert await (await client.send("GET", server.url, [])).read() == b"fresh"


async def test_an_answer_that_grows_with_the_upload_is_read_beside_it(serve: Serve, client: Client) -> None:
    async def echo(link: Link) -> None:
        await link.head()
        await link.send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        for _ in range(80):
            piece = await link.exactly(100_000)
            await link.send(b"%x\r\n%b\r\n" % (len(piece), piece))
        await link.send(b"0\r\n\r\n")
        await link.gone()

    server = serve(echo)
    response = await client.send("POST", server.url, [], b"y" * 8_000_000)
    assert await response.read() == b"y" * 8_000_000


async def test_a_request_that_is_not_taken_is_given_up(serve: Serve, client: Client) -> None:
    never = asyncio.Event()

    async def deaf(_: Link) -> None:
        await never.wait()

    server = serve(deaf)
    with pytest.raises(TimedOut, match="did not take"):
        await client.send("POST", server.url, [], b"x" * 20_000_000, Timeouts(idle=SHORT))


async def test_a_slow_but_steady_upload_is_not_idle(serve: Serve, client: Client) -> None:
    async def slow(link: Link) -> None:
        head = await link.head()
        assert b"content-length: 4000000" in head
        for _ in range(8):
            await link.exactly(500_000)
            await asyncio.sleep(0.2)
        await link.send(answer())
        await link.gone()

    server = serve(slow)
    response = await client.send("POST", server.url, [], b"x" * 4_000_000, Timeouts(idle=1.0))
    assert await response.read() == b"ok"
