"""A server and its raw clients, gone when the test is over; every test runs on asyncio's loop and on uvloop."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack

import pytest
import uvloop

from hanging import cut_off_after
from server.raw_client import RawClient, connect
from waystation.server.answer import Answer
from waystation.server.limits import Limits
from waystation.server.request import Reply, Request
from waystation.server.routes import Route, Routes, refuse_plainly
from waystation.server.server import HttpServer


class Served:
    """A server under test: what its handlers were given, and connections to it."""

    def __init__(self, server: HttpServer, port: int, stack: AsyncExitStack, requests: list[Request]) -> None:
        self.server = server
        self.port = port
        self.requests = requests
        self._stack = stack

    async def connect(self, *, receive_buffer: int = 0) -> RawClient:
        """A client of this server."""
        client = await connect(self.port, receive_buffer=receive_buffer)
        self._stack.callback(client.close)
        return client


Serve = Callable[..., Awaitable[Served]]


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"asyncio": asyncio.SelectorEventLoop, "uvloop": uvloop.new_event_loop}


@pytest.fixture(autouse=True)
def no_test_hangs() -> Iterator[None]:
    """A test that waits for what never comes is cut off, loudly."""
    with cut_off_after(20):
        yield


async def echo(request: Request, answer: Answer) -> None:
    """Say what was asked."""
    said = f"{request.method} {request.path} {request.query.decode()} ".encode() + request.body
    answer.reply(200, b"text/plain", (), said)


def listener() -> tuple[socket.socket, int]:
    """A socket to serve on, and its port."""
    listening = socket.create_server(("127.0.0.1", 0))
    listening.settimeout(0)
    return listening, listening.getsockname()[1]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Start a server: `exact` routes, `other` for all other paths, `limits`."""
    async with AsyncExitStack() as stack:

        async def start(
            other: Route | None = None,
            exact: Mapping[str, Route] | None = None,
            limits: Limits | None = None,
            refuse: Callable[[int, str, Request | None], Reply] = refuse_plainly,
        ) -> Served:
            requests: list[Request] = []

            def noting(route: Route) -> Route:
                async def handler(request: Request, answer: Answer) -> None:
                    requests.append(request)
                    await route.handler(request, answer)

                return Route(handler, route.max_body_bytes, route.admit)

            routes = Routes(
                {path: noting(route) for path, route in (exact or {}).items()},
                noting(other or Route(echo)),
                refuse,
            )
            server = HttpServer(routes, limits)
            listening, port = listener()
            await server.start([listening])

            async def stop() -> None:
                server.abort()
                assert await server.wait_drained(5)

            stack.push_async_callback(stop)
            return Served(server, port, stack, requests)

        yield start
