"""Arbitrary and nearly right answers over real sockets: the client never hangs, and raises only errors of ours."""

import asyncio
from collections.abc import Callable

import pytest
import uvloop
from hypothesis import given, settings
from hypothesis import strategies as st

from upstream.hostile_server import HostileServer, answer, ending
from waystation.errors import BadResponse, ConnectionFailed
from waystation.upstream.client import Client, Timeouts

GOOD = st.sampled_from(
    [
        answer(b"hello"),
        answer(b"hello", b"connection: close"),
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" + answer(),
        b"HTTP/1.1 200 OK\r\n\r\nhello",
    ]
)


@st.composite
def spoiled(draw: st.DrawFn) -> bytes:
    """A good answer with something in it replaced, inserted or left out."""
    data = draw(GOOD)
    at = draw(st.integers(0, len(data)))
    return data[:at] + draw(st.binary(max_size=12)) + data[at + draw(st.integers(0, 12)) :]


async def attempt(data: bytes) -> None:
    """Get this as an answer; a deadline that passes is a hang."""
    server, client = HostileServer([ending(data)]), Client()
    try:
        response = await client.send("GET", server.url, [], timeouts=Timeouts(first_byte=3, idle=3))
        await response.read()
    except (ConnectionFailed, BadResponse):
        pass
    finally:
        await client.aclose()
        await server.aclose()


@pytest.mark.parametrize(
    "make_loop", [asyncio.SelectorEventLoop, uvloop.new_event_loop], ids=["asyncio", "uvloop"]
)
@settings(max_examples=100, derandomize=True, deadline=None, database=None)
@given(data=st.one_of(st.binary(max_size=80), spoiled()))
def test_no_answer_hangs_the_client_or_raises_what_is_not_ours(
    make_loop: Callable[[], asyncio.AbstractEventLoop], data: bytes
) -> None:
    with asyncio.Runner(loop_factory=make_loop) as runner:
        runner.run(attempt(data))
