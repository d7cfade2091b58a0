"""A stream's message can be complete before its body is: then the connection is kept if the rest soon comes."""

import asyncio

from waystation.upstream.client import Client, Timeouts

CHUNK = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n"


class Server:
    """Answers each request with one chunk; `finish` sends the rest of the answer. Counts connections."""

    def __init__(self) -> None:
        self.connections = 0
        self.finish = asyncio.Event()
        self.rest = b"0\r\n\r\n"
        self.closed = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(CHUNK)
                await self.finish.wait()
                writer.write(self.rest)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.closed.set()
            writer.close()


async def ask(client: Client, port: int) -> bytes:
    response = await client.send("GET", f"http://127.0.0.1:{port}/", [], b"", Timeouts())
    piece = await anext(response)
    response.release()
    response.close()
    return piece


async def test_a_released_connection_is_used_again_once_its_body_ended() -> None:
    server, client = Server(), Client()
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    try:
        assert await ask(client, port) == b"hello"
        server.finish.set()
        await until_idle(client)
        assert await ask(client, port) == b"hello"
        assert server.connections == 1
    finally:
        await client.aclose()
        listener.close()
        await listener.wait_closed()


async def test_a_released_body_that_goes_on_is_cut_off() -> None:
    server, client = Server(), Client()
    server.rest = b"%x\r\n%b\r\n" % (200_000, bytes(200_000))
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    try:
        assert await ask(client, port) == b"hello"
        server.finish.set()
        await asyncio.wait_for(server.closed.wait(), 5)
    finally:
        await client.aclose()
        listener.close()
        await listener.wait_closed()


async def until_idle(client: Client) -> None:
    """Give the loop its turns until a connection lies in the pool; bounded by turns."""
    for _ in range(100_000):
        if any(pool._idle for pool in client._pools.values()):
            return
        await asyncio.sleep(0)
    raise AssertionError("the connection never came back")
