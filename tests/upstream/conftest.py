"""A hostile server and a client that are gone when the test is over; every test runs on asyncio's loop and on uvloop."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack

import pytest
import uvloop

from hanging import cut_off_after
from upstream.authority import Authority
from upstream.hostile_server import HostileServer, Script
from waystation.upstream.client import Client, ClientSettings

Serve = Callable[..., HostileServer]
MakeClient = Callable[..., Client]


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"asyncio": asyncio.SelectorEventLoop, "uvloop": uvloop.new_event_loop}


@pytest.fixture(autouse=True)
def no_test_hangs() -> Iterator[None]:
    """A test that waits for what never comes is cut off, loudly."""
    with cut_off_after(10):
        yield


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    async with AsyncExitStack() as stack:

        def start(*scripts: Script, host: str = "127.0.0.1") -> HostileServer:
            server = HostileServer(scripts, host)
            stack.push_async_callback(server.aclose)
            return server

        yield start


@pytest.fixture
async def make_client() -> AsyncIterator[MakeClient]:
    async with AsyncExitStack() as stack:

        def make(settings: ClientSettings | None = None) -> Client:
            client = Client(settings) if settings else Client()
            stack.push_async_callback(client.aclose)
            return client

        yield make


@pytest.fixture
def client(make_client: MakeClient) -> Client:
    return make_client()


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    if shutil.which("openssl") is None:
        pytest.skip("needs the openssl program")
    return Authority(tmp_path_factory.mktemp("authority"))
