"""Servers that are slow, cut their answers, lie, or do not listen; and callers who go away."""

import asyncio

import pytest

from upstream.conftest import MakeClient, Serve
from upstream.hostile_server import HostileServer, Link, Script, answer, ending, saying, until
from waystation.errors import BadResponse, ConnectionFailed, GatewayError, TimedOut
from waystation.upstream.client import Client, ClientSettings, Response, Timeouts

CHUNKED_HEAD = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
SHORT = 0.05


def stuck(data: bytes) -> Script:
    """Send this in answer to a request, then say nothing until the client goes."""

    async def script(link: Link) -> None:
        await link.request()
        await link.send(data)
        await link.gone()

    return script


async def get(client: Client, server: HostileServer, timeouts: Timeouts | None = None) -> Response:
    return await client.send("GET", server.url, [], timeouts=timeouts or Timeouts())


@pytest.mark.parametrize("data", [b"", b"HTTP/1.1 200 OK\r\ncontent-", b"HTTP/1.1 100 Continue\r\n\r\n"])
async def test_a_server_that_does_not_begin_its_answer_is_given_up(
    serve: Serve, client: Client, data: bytes
) -> None:
    server = serve(stuck(data))
    with pytest.raises(TimedOut, match="did not begin"):
        await get(client, server, Timeouts(first_byte=SHORT))
    await server.finished()


async def test_an_answer_begins_with_its_body_not_with_its_head(serve: Serve, client: Client) -> None:
    server = serve(stuck(answer(b"hello")[:-5]))
    response = await get(client, server, Timeouts(first_byte=3 * SHORT, idle=SHORT))
    with pytest.raises(TimedOut, match="did not begin"):
        await anext(aiter(response))
    await server.finished()


async def test_a_server_that_falls_silent_is_given_up(serve: Serve, client: Client) -> None:
    server = serve(stuck(answer(b"hello")[:-1]))
    response = await get(client, server, Timeouts(idle=SHORT))
    assert await anext(aiter(response)) == b"hell"
    with pytest.raises(TimedOut, match="fell silent"):
        await anext(aiter(response))
    await server.finished()


async def test_a_server_that_trickles_for_ever_is_given_up_in_total(serve: Serve, client: Client) -> None:
    async def trickle(link: Link) -> None:
        await link.request()
        await link.send(CHUNKED_HEAD)
        while True:
            await link.send(b"1\r\nx\r\n")
            await asyncio.sleep(0.005)

    server = serve(trickle)
    with pytest.raises(TimedOut, match="did not end"):
        await (await get(client, server, Timeouts(idle=5, total=0.2))).read()


async def test_a_handshake_that_does_not_come_is_a_connect_timeout(
    serve: Serve, make_client: MakeClient
) -> None:
    async def silent(link: Link) -> None:
        await link.gone()

    server = serve(silent)
    client = make_client(ClientSettings(verify=False))
    with pytest.raises(TimedOut, match="connect deadline"):
        await client.send("GET", server.url.replace("http:", "https:"), [], timeouts=Timeouts(connect=SHORT))
    assert not client._pools


async def test_a_deadline_looks_at_the_request_in_hand_not_at_the_one_before(
    serve: Serve, client: Client
) -> None:
    server = serve(saying(answer(), b""))
    await (await get(client, server, Timeouts(first_byte=100, idle=100))).read()
    with pytest.raises(TimedOut, match="did not begin"):
        await get(client, server, Timeouts(first_byte=SHORT))


@pytest.mark.parametrize("data", [b"", b"HTTP", b"HTTP/1.1 200 OK\r\nx-a", b"HTTP/1.1 103 Hints\r\n\r\n"])
async def test_an_answer_cut_in_its_head_is_a_failed_connection(
    serve: Serve, client: Client, data: bytes
) -> None:
    server = serve(ending(data))
    with pytest.raises(ConnectionFailed):
        await get(client, server)
    assert len(server.links) == 1


@pytest.mark.parametrize(
    "data",
    [
        answer(b"hello")[:-1],
        answer(b"hello")[:-5],
        CHUNKED_HEAD,
        CHUNKED_HEAD + b"5\r\nhel",
        CHUNKED_HEAD + b"5\r\nhello\r\n",
        CHUNKED_HEAD + b"5\r\nhello\r\n0\r\n",
    ],
)
async def test_an_answer_cut_in_its_body_is_a_bad_response(serve: Serve, client: Client, data: bytes) -> None:
    server = serve(ending(data))
    response = await get(client, server)
    with pytest.raises(BadResponse, match="cut"):
        await response.read()


async def test_what_came_before_the_cut_is_delivered_first(serve: Serve, client: Client) -> None:
    server = serve(ending(CHUNKED_HEAD + b"5\r\nhello\r\n"))
    response = await get(client, server)
    pieces = aiter(response)
    assert await anext(pieces) == b"hello"
    with pytest.raises(BadResponse):
        await anext(pieces)


@pytest.mark.parametrize(("data", "error"), [(b"", ConnectionFailed), (answer(b"hello")[:-1], BadResponse)])
async def test_a_reset_is_told_by_where_it_happened(
    serve: Serve, client: Client, data: bytes, error: type[GatewayError]
) -> None:
    read = asyncio.Event()

    async def script(link: Link) -> None:
        await link.request()
        await link.send(data)
        if data:
            await read.wait()
        link.reset()

    server = serve(script)
    if error is ConnectionFailed:
        with pytest.raises(ConnectionFailed):
            await get(client, server)
        return
    response = await get(client, server)
    pieces = aiter(response)
    assert await anext(pieces) == b"hell"
    read.set()
    with pytest.raises(error):
        await anext(pieces)


async def test_a_body_without_length_ends_with_the_connection(serve: Serve, client: Client) -> None:
    server = serve(ending(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 100_000))
    assert len(await (await get(client, server)).read()) == 100_000


async def test_a_server_that_half_closes_after_its_answer_is_understood(serve: Serve, client: Client) -> None:
    async def script(link: Link) -> None:
        await link.request()
        await link.send(b"HTTP/1.1 200 OK\r\n\r\nhello")
        link.half_close()
        await link.gone()

    server = serve(script)
    assert await (await get(client, server)).read() == b"hello"
    await server.finished()


async def test_a_server_that_half_closes_instead_of_answering_is_a_failed_connection(
    serve: Serve, client: Client
) -> None:
    async def script(link: Link) -> None:
        await link.request()
        link.half_close()
        await link.gone()

    server = serve(script)
    with pytest.raises(ConnectionFailed):
        await get(client, server)
    await server.finished()


@pytest.mark.parametrize("junk", [b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil", b"junk"])
async def test_a_connection_with_bytes_after_the_answer_is_never_reused(
    serve: Serve, client: Client, junk: bytes
) -> None:
    server = serve(stuck(answer() + junk), saying(answer(b"fresh")))
    assert await (await get(client, server)).read() == b"ok"
    assert await (await get(client, server)).read() == b"fresh"


async def test_a_connection_on_which_an_idle_server_speaks_is_never_reused(
    serve: Serve, client: Client
) -> None:
    async def script(link: Link) -> None:
        await link.request()
        await link.send(answer())
        await release.wait()
        await link.send(b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n")
        await link.gone()

    release = asyncio.Event()
    server = serve(script, saying(answer(b"fresh")))
    assert await (await get(client, server)).read() == b"ok"
    release.set()
    await server.finished()
    assert await (await get(client, server)).read() == b"fresh"


async def test_heads_over_the_limit_are_refused(serve: Serve, make_client: MakeClient) -> None:
    server = serve(ending(b"HTTP/1.1 200 OK\r\nx-a: " + b"b" * 1_000_000 + b"\r\n\r\n"))
    with pytest.raises(BadResponse, match="too large"):
        await get(make_client(), server)


async def test_cancelling_a_request_closes_its_connection(serve: Serve, client: Client) -> None:
    server = serve(stuck(b""))
    task = asyncio.create_task(get(client, server))
    await server.asked()
    task.cancel()
    await server.finished()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_cancelling_a_reader_closes_its_connection(serve: Serve, client: Client) -> None:
    server = serve(stuck(answer(b"hello")[:-1]))
    response = await get(client, server)
    task = asyncio.create_task(response.read())
    await asyncio.sleep(0)
    task.cancel()
    await server.finished()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_closing_a_response_closes_its_connection(serve: Serve, client: Client) -> None:
    server = serve(stuck(answer(b"hello")[:-1]))
    response = await get(client, server)
    response.close()
    await server.finished()
    with pytest.raises(ConnectionFailed):
        await response.read()


async def test_closing_a_response_wakes_its_reader(serve: Serve, client: Client) -> None:
    server = serve(stuck(answer(b"hello")[:-5]))
    response = await get(client, server)
    task = asyncio.create_task(response.read())
    await asyncio.sleep(0)
    response.close()
    with pytest.raises(ConnectionFailed):
        await task


async def test_cancelling_after_the_answer_leaves_the_connection_to_others(
    serve: Serve, client: Client
) -> None:
    server = serve(saying(answer(), answer()))
    task = asyncio.create_task(get(client, server))
    await until(lambda: any(pool._idle for pool in client._pools.values()))
    task.cancel()
    await asyncio.wait([task])
    assert await (await get(client, server)).read() == b"ok"
    assert len(server.links) == 1


async def test_a_slow_reader_makes_the_socket_wait(serve: Serve, make_client: MakeClient) -> None:
    size = 30_000_000

    async def flood(link: Link) -> None:
        await link.request()
        await link.send(answer(b"x" * size))
        await link.gone()

    server = serve(flood)
    client = make_client(ClientSettings(max_buffered_bytes=100_000))
    response = await get(client, server)
    (connection,) = client._sockets._open
    await until(lambda: not connection._transport.is_reading())
    assert response._body._size < 100_000 + 512 * 1024
    assert response.arrived is None
    assert len(await response.read()) == size
    assert connection._transport.is_reading()
    assert len(await response.read()) == 0


async def test_an_answer_has_arrived_before_a_slow_reader_takes_it(serve: Serve, client: Client) -> None:
    loop = asyncio.get_running_loop()
    response = await get(client, serve(saying(answer(b"hello"))))
    await until(lambda: response._body._ended)
    came = loop.time()
    await asyncio.sleep(0.05)
    assert await response.read() == b"hello"
    assert response.arrived is not None
    assert response.arrived <= came


async def test_an_idle_deadline_does_not_blame_the_server_for_a_slow_reader(
    serve: Serve, make_client: MakeClient
) -> None:
    server = serve(saying(answer(b"x" * 3_000_000)))
    client = make_client(ClientSettings(max_buffered_bytes=1000))
    response = await get(client, server, Timeouts(idle=SHORT))
    await asyncio.sleep(SHORT * 3)
    assert len(await response.read()) == 3_000_000
