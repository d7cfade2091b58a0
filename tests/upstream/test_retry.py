"""The one retry: only on a reused connection that died before any byte of an answer, and only where no harm can come of it."""

import asyncio
import contextlib
import socket
import ssl
import sys
import threading
from collections.abc import AsyncIterator

import pytest

from upstream.authority import Authority
from upstream.conftest import MakeClient, Serve
from upstream.hostile_server import Link, Script, answer, saying, until
from waystation.errors import ConnectionFailed
from waystation.upstream.client import Client, ClientSettings

only_where_the_kernel_tells = pytest.mark.skipif(sys.platform != "linux", reason="needs SIOCOUTQ")


def once_then(end: bytes, *, reset: bool = False) -> Script:
    """Answer one request; read the next one whole, send this, and close."""

    async def script(link: Link) -> None:
        await link.request()
        await link.send(answer(b"first"))
        await link.request()
        await link.send(end)
        if reset:
            link.reset()

    return script


async def pieces() -> AsyncIterator[bytes]:
    yield b"a"


@only_where_the_kernel_tells
@pytest.mark.parametrize("body", [b"{}", b"x" * 100_000], ids=["small", "large"])
async def test_a_post_that_met_a_closed_connection_is_sent_again(
    serve: Serve, client: Client, body: bytes
) -> None:
    server = serve(saying(answer(b"first")), saying(answer(b"second")))
    await (await client.send("POST", server.url, [], b"{}")).read()
    server.links[0].drop()  # and no turn of the loop before the request goes out: the client cannot know yet
    assert await (await client.send("POST", server.url, [], body)).read() == b"second"
    assert len(server.requests) == 2


async def test_a_connection_closed_while_idle_is_not_tried_at_all(serve: Serve, client: Client) -> None:
    server = serve(saying(answer(b"first")), saying(answer(b"second")))
    await (await client.send("POST", server.url, [], b"{}")).read()
    server.links[0].half_close()
    await until(lambda: not client._pools)
    assert await (await client.send("POST", server.url, [], pieces())).read() == b"second"


@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
async def test_a_post_that_the_server_has_read_is_never_sent_again(
    serve: Serve, client: Client, *, reset: bool
) -> None:
    server = serve(once_then(b"", reset=reset), saying(answer(b"again")))
    await (await client.send("POST", server.url, [], b"{}")).read()
    with pytest.raises(ConnectionFailed):
        await client.send("POST", server.url, [], b"{}")
    assert len(server.links) == 1
    assert len(server.requests) == 2


async def test_a_get_that_the_server_has_read_may_be_sent_again(serve: Serve, client: Client) -> None:
    server = serve(once_then(b""), saying(answer(b"again")))
    await (await client.send("GET", server.url, [])).read()
    assert await (await client.send("GET", server.url, [])).read() == b"again"


@pytest.mark.parametrize("begun", [b"H", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 200 OK\r\n"])
async def test_a_request_whose_answer_began_is_never_sent_again(
    serve: Serve, client: Client, begun: bytes
) -> None:
    server = serve(once_then(begun), saying(answer(b"again")))
    await (await client.send("GET", server.url, [])).read()
    with pytest.raises(ConnectionFailed):
        await client.send("GET", server.url, [])
    assert len(server.links) == 1


async def test_a_consumed_stream_is_never_sent_again(serve: Serve, client: Client) -> None:
    server = serve(once_then(b""), saying(answer(b"again")))
    await (await client.send("PUT", server.url, [], b"{}")).read()
    with pytest.raises(ConnectionFailed):
        await client.send("PUT", server.url, [], pieces())
    assert len(server.links) == 1


async def test_a_fresh_connection_that_dies_is_not_retried(serve: Serve, client: Client) -> None:
    async def rude(link: Link) -> None:
        await link.request()

    server = serve(rude)
    with pytest.raises(ConnectionFailed):
        await client.send("GET", server.url, [])
    assert len(server.links) == 1


async def test_there_is_one_retry_and_it_is_on_a_fresh_connection(
    serve: Serve, make_client: MakeClient
) -> None:
    async def rude(link: Link) -> None:
        await link.request()

    server = serve(saying(answer(b"first")), saying(answer(b"first")), rude)
    client = make_client()
    held = await asyncio.gather(*[client.send("GET", server.url, []) for _ in range(2)])
    assert [await response.read() for response in held] == [b"first"] * 2
    for link in server.links:
        link.drop()
    with pytest.raises(ConnectionFailed):
        await client.send("GET", server.url, [])
    assert len(server.links) == 3


async def test_a_retry_under_a_limit_of_one_connection_finds_its_place(
    serve: Serve, make_client: MakeClient
) -> None:
    server = serve(once_then(b""), saying(answer(b"again")))
    client = make_client(ClientSettings(max_connections=1))
    await (await client.send("GET", server.url, [])).read()
    assert await (await client.send("GET", server.url, [])).read() == b"again"


class Departing:
    """A TLS server in a thread: it answers one request a connection and, when told, says farewell and closes."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(30)
        self.url = f"https://127.0.0.1:{self._listener.getsockname()[1]}/"
        self.requests: list[bytes] = []
        self.go, self.gone = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def join(self) -> None:
        """Wait until both connections are over."""
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        for number in (1, 2):
            link, _ = self._listener.accept()
            arrived, leaving = ssl.MemoryBIO(), ssl.MemoryBIO()
            session = self._context.wrap_bio(arrived, leaving, server_side=True)
            while len(self.requests) < number:
                try:
                    self.requests.append(session.read(65536))
                except ssl.SSLWantReadError:
                    link.sendall(leaving.read())
                    arrived.write(link.recv(65536))
            session.write(answer(b"%d" % number))
            link.sendall(leaving.read())
            self.go.wait()
            with contextlib.suppress(ssl.SSLWantReadError):
                session.unwrap()
            link.sendall(leaving.read())
            link.close()
            self.gone.set()


@only_where_the_kernel_tells
async def test_a_post_over_tls_that_met_a_closed_connection_is_sent_again(
    authority: Authority, make_client: MakeClient
) -> None:
    server = Departing(authority.server("127.0.0.1"))
    client = make_client(ClientSettings(ca_file=str(authority.certificate)))
    assert await (await client.send("POST", server.url, [], b"{}")).read() == b"1"
    server.go.set()
    server.gone.wait()  # the loop stands still meanwhile: the client cannot know yet
    assert await (await client.send("POST", server.url, [], b"{}")).read() == b"2"
    server.join()
    assert len(server.requests) == 2
