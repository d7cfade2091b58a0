"""Clients that are slow, large, gone, or close one half only; and servers that drain."""

import asyncio
import contextlib
from collections.abc import Callable

import pytest

from server.conftest import Serve
from waystation.server.answer import Answer
from waystation.server.limits import Limits
from waystation.server.request import Reply, Request
from waystation.server.routes import Route

GET = b"GET /%b HTTP/1.1\r\nHost: h\r\n\r\n"
SOON = 0.05
QUICK = Limits(
    sweep_interval=0.01, head_timeout=SOON, body_timeout=SOON, idle_timeout=SOON, linger_timeout=SOON
)


async def until(condition: Callable[[], object]) -> None:
    """Let the loop turn until something holds that nobody announces."""
    while not condition():  # noqa: ASYNC110  there is no event for it
        await asyncio.sleep(0)


class Waiting:
    """A handler that waits, and notes who goes."""

    def __init__(self, *, stream: bool = False) -> None:
        self.begun = asyncio.Event()
        self.gone = asyncio.Event()
        self.go_on = asyncio.Event()
        self.cancelled = False
        self._stream = stream

    async def __call__(self, _: Request, answer: Answer) -> None:
        answer.listen(self.gone.set)
        if self._stream:
            answer.start(200, b"text/event-stream", ())
            await answer.send(b"first")
        self.begun.set()
        try:
            await self.go_on.wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        if self._stream:
            answer.finish(b"last")
        else:
            answer.reply(200, b"", (), b"done")


@pytest.mark.parametrize(
    "begun", [b"GET / HTTP/1.1\r\n", b"G", b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nab"]
)
async def test_a_request_that_does_not_arrive_is_408(serve: Serve, begun: bytes) -> None:
    served = await serve(limits=QUICK)
    client = await served.connect()
    await client.send(begun)
    answered = await client.answer()
    assert (answered.status, answered.headers[b"connection"]) == (408, b"close")
    assert await client.rest() == b""
    await until(lambda: len(served.server) == 0)


async def test_a_trickled_head_is_given_no_more_time_than_a_stalled_one(serve: Serve) -> None:
    served = await serve(limits=Limits(sweep_interval=0.01, head_timeout=SOON))
    client = await served.connect()

    async def trickle() -> None:
        with contextlib.suppress(ConnectionError):
            await client.send(b"GET / HTTP/1.1\r\nX: ")
            while True:
                await client.send(b"a")
                await asyncio.sleep(0.005)

    trickling = asyncio.ensure_future(trickle())
    assert (await client.answer()).status == 408
    trickling.cancel()


@pytest.mark.parametrize("said", [b"", b"\r\n"])
async def test_an_idle_connection_is_closed_without_a_word(serve: Serve, said: bytes) -> None:
    served = await serve(limits=QUICK)
    client = await served.connect()
    if said:
        await client.send(GET % b"a")
        await client.answer()
    assert await client.rest() == b""
    await until(lambda: len(served.server) == 0)


async def test_an_answer_that_takes_long_has_no_deadline_here(serve: Serve) -> None:
    handler = Waiting()
    served = await serve(Route(handler), limits=QUICK)
    client = await served.connect()
    await client.send(GET % b"")
    await handler.begun.wait()
    (connection,) = served.server._connections
    connection.look(asyncio.get_running_loop().time() + 10**6)
    handler.go_on.set()
    assert (await client.answer()).body == b"done"


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: h\r\nX: " + b"a" * 70_000, 431),
        (b"GET /" + b"a" * 17_000, 414),
        (b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2000\r\n\r\n" + b"a" * 2000, 413),
        (b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 999999999\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nfff\r\n", 413),
        (b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
    ],
)
async def test_what_is_over_a_limit_is_refused_in_the_words_of_the_owner(
    serve: Serve, head: bytes, status: int
) -> None:
    def refuse(status: int, reason: str, request: Request | None) -> Reply:
        return Reply(
            status, b"application/json", b'{"no":true}', [(b"x-path", request.target if request else b"?")]
        )

    served = await serve(Route(Waiting(), max_body_bytes=1000), limits=Limits(), refuse=refuse)
    client = await served.connect()
    await client.send(head)
    answered = await client.answer()
    assert (answered.status, answered.body) == (status, b'{"no":true}')
    assert answered.headers[b"x-path"] == (b"/" if head.startswith(b"POST") else b"?")
    assert await client.rest() == b""
    assert not served.requests


async def test_the_answer_to_a_refused_upload_outlives_the_upload(serve: Serve) -> None:
    served = await serve(Route(Waiting(), max_body_bytes=1000))
    client = await served.connect()
    size = 20 * 2**20
    await client.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % size)
    await client.send(bytes(size))
    assert (await client.answer()).status == 413
    client.close()
    await until(lambda: len(served.server) == 0)


async def test_a_client_that_ignores_its_refusal_is_cut_off(serve: Serve) -> None:
    served = await serve(limits=QUICK)
    client = await served.connect()
    await client.send(b"nonsense\r\n\r\n")
    assert (await client.answer()).status == 400
    await until(lambda: len(served.server) == 0)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("how", ["close", "reset"])
async def test_a_client_that_hangs_up_is_noticed(serve: Serve, how: str, stream: bool) -> None:  # noqa: FBT001
    handler = Waiting(stream=stream)
    served = await serve(Route(handler))
    client = await served.connect()
    await client.send(GET % b"")
    await handler.begun.wait()
    getattr(client, how)()
    await handler.gone.wait()
    handler.go_on.set()
    await until(lambda: len(served.server) == 0)


async def test_who_listens_after_the_client_has_gone_is_told_at_once(serve: Serve) -> None:
    told = asyncio.Event()

    async def late(request: Request, answer: Answer) -> None:
        await until(lambda: answer._wire.left)
        answer.listen(told.set)

    served = await serve(Route(late))
    client = await served.connect()
    await client.send(GET % b"")
    client.close()
    await told.wait()


async def test_who_listens_is_not_told_after_the_answer(serve: Serve) -> None:
    handler = Waiting()
    handler.go_on.set()
    served = await serve(Route(handler))
    client = await served.connect()
    await client.send(GET % b"")
    await client.answer()
    client.close()
    await until(lambda: len(served.server) == 0)
    assert not handler.gone.is_set()


async def test_a_half_closed_client_still_gets_its_answers(serve: Serve) -> None:
    served = await serve()
    client = await served.connect()
    await client.send(GET % b"a" + GET % b"b")
    client.half_close()
    assert (await client.answer()).body == b"GET /a  "
    assert (await client.answer()).body == b"GET /b  "
    assert await client.rest() == b""


@pytest.mark.parametrize(
    "data", [b"", b"GET / HT", b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\na"]
)
async def test_a_half_closed_client_that_asked_nothing_whole_is_closed(serve: Serve, data: bytes) -> None:
    served = await serve()
    client = await served.connect()
    await client.send(data)
    client.half_close()
    assert await client.rest() == b""
    assert not served.requests


async def pour(request: Request, answer: Answer) -> None:
    """Stream for ever, as fast as the client takes it."""
    answer.start(200, b"", ())
    while not answer._wire.left:
        await answer.send(b"x" * 10_000)


async def test_a_stream_waits_for_a_client_that_does_not_read_and_goes_on_when_it_does(serve: Serve) -> None:
    served = await serve(Route(pour))
    client = await served.connect(receive_buffer=4096)
    await client.send(GET % b"")
    await until(lambda: served.server._connections)
    (connection,) = served.server._connections
    await until(lambda: connection._waiters)
    assert connection._transport.get_write_buffer_size() < 10**6
    (waiter,) = connection._waiters
    while not waiter.done():
        await client.read()


async def test_a_client_that_reads_nothing_is_cut_off(serve: Serve) -> None:
    served = await serve(Route(pour), limits=Limits(sweep_interval=0.01, write_timeout=SOON))
    client = await served.connect(receive_buffer=4096)
    await client.send(GET % b"")
    await until(lambda: served.requests)
    await until(lambda: len(served.server) == 0)


async def test_answers_do_not_pile_up_for_a_client_that_asks_and_never_reads(serve: Serve) -> None:
    async def large(request: Request, answer: Answer) -> None:
        answer.reply(200, b"", (), bytes(100_000))

    served = await serve(Route(large))
    client = await served.connect(receive_buffer=4096)
    asking = asyncio.ensure_future(client.send((GET % b"") * 5000))
    await until(lambda: served.server._connections)
    (connection,) = served.server._connections
    await until(lambda: connection.full)
    assert connection._transport.get_write_buffer_size() < 10**6
    for _ in range(300):
        assert (await client.answer()).status == 200
    asking.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asking


async def test_a_drain_closes_idle_connections_and_ends_busy_ones_after_their_answer(serve: Serve) -> None:
    handler = Waiting()
    served = await serve(exact={"/wait": Route(handler)})
    idle, busy, coming = await served.connect(), await served.connect(), await served.connect()
    await busy.send(GET % b"wait")
    await coming.send((GET % b"a")[:10])
    await idle.send(GET % b"a")
    await idle.answer()
    await handler.begun.wait()
    served.server.drain()
    assert await idle.rest() == b""
    assert not await served.server.wait_drained(0.01)
    await coming.send((GET % b"a")[10:])
    answered = await coming.answer()
    assert (answered.status, answered.headers[b"connection"]) == (200, b"close")
    handler.go_on.set()
    assert (await busy.answer()).headers[b"connection"] == b"close"
    assert await busy.rest() == b""
    assert await served.server.wait_drained(5)
    with pytest.raises(ConnectionError):
        await served.connect()


async def test_a_stream_begun_before_the_drain_ends_whole_and_with_its_connection(serve: Serve) -> None:
    handler = Waiting(stream=True)
    served = await serve(Route(handler))
    client = await served.connect()
    await client.send(GET % b"")
    await handler.begun.wait()
    served.server.drain()
    handler.go_on.set()
    assert (await client.answer()).body == b"firstlast"
    assert await client.rest() == b""
    assert await served.server.wait_drained(5)


async def test_an_abort_cuts_connections_and_cancels_their_handlers(serve: Serve) -> None:
    handler = Waiting(stream=True)
    served = await serve(Route(handler))
    client = await served.connect()
    await client.send(GET % b"")
    await handler.begun.wait()
    served.server.abort()
    assert await served.server.wait_drained(5)
    assert handler.cancelled
    assert b"last" not in await client.rest()


async def test_an_abort_before_a_handler_took_its_first_step_leaves_nothing(serve: Serve) -> None:
    served = await serve()
    client = await served.connect()
    await until(lambda: served.server._connections)
    (connection,) = served.server._connections
    connection.data_received(GET % b"")
    served.server.abort()
    assert await served.server.wait_drained(5)
    assert await client.rest() == b""
    assert not served.requests
