"""Arbitrary and nearly right bytes over real sockets: whatever comes, the connection ends and the server serves on."""

import asyncio
from collections.abc import Callable

import pytest
import uvloop
from hypothesis import given, settings
from hypothesis import strategies as st

from server.conftest import echo, listener
from server.raw_client import connect
from waystation.server.limits import Limits
from waystation.server.routes import Route, Routes, refuse_plainly
from waystation.server.server import HttpServer

GOOD = st.sampled_from(
    [
        b"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
        b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello",
        b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5;x\r\nhello\r\n0\r\nT: x\r\n\r\n",
        b"POST /a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nok",
        b"HEAD http://h/a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    ]
)


@st.composite
def spoiled(draw: st.DrawFn) -> bytes:
    """Good requests with something in them replaced, inserted or left out."""
    data = b"".join(draw(st.lists(GOOD, min_size=1, max_size=3)))
    at = draw(st.integers(0, len(data)))
    return data[:at] + draw(st.binary(max_size=12)) + data[at + draw(st.integers(0, 12)) :]


async def attempt(data: bytes, cut: int) -> None:
    """Send this in two pieces and the end; then ask something right."""
    problems: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: problems.append(context))
    server = HttpServer(Routes({}, Route(echo, max_body_bytes=1000), refuse_plainly), Limits())
    listening, port = listener()
    await server.start([listening])
    client = await connect(port)
    try:
        async with asyncio.timeout(30):
            await client.send(data[:cut])
            await asyncio.sleep(0)
            await client.send(data[cut:])
            client.half_close()
            await client.rest()
            again = await connect(port)
            await again.send(b"GET /again HTTP/1.1\r\nHost: h\r\n\r\n")
            assert (await again.answer()).body == b"GET /again  "
            again.close()
    except ConnectionError:
        pass
    finally:
        client.close()
        server.abort()
        assert await server.wait_drained(5)
    assert not problems


@pytest.mark.parametrize(
    "make_loop", [asyncio.SelectorEventLoop, uvloop.new_event_loop], ids=["asyncio", "uvloop"]
)
@settings(max_examples=150, derandomize=True, deadline=None, database=None)
@given(data=st.one_of(st.binary(min_size=1, max_size=80), spoiled()), cut=st.integers(0, 120))
def test_no_bytes_hang_or_break_the_server(
    make_loop: Callable[[], asyncio.AbstractEventLoop], data: bytes, cut: int
) -> None:
    with asyncio.Runner(loop_factory=make_loop) as runner:
        runner.run(attempt(data, cut))
