"""Requests and answers over real sockets: keep-alive, pipelining, HTTP/1.0, HEAD, 100-continue, streams."""

import asyncio

import pytest

from server.conftest import Serve
from waystation.server.answer import Answer
from waystation.server.request import Reply, Request
from waystation.server.routes import Route

GET = b"GET /%b HTTP/1.1\r\nHost: h\r\n\r\n"
POST = b"POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%b"
CHUNKED = b"POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: y\r\n\r\n"


async def streaming(request: Request, answer: Answer) -> None:
    answer.start(200, b"text/event-stream", [(b"x-one", b"1")])
    await answer.send(b"a" * 20)
    await answer.send(b"")
    answer.finish(b"end")


async def test_a_connection_serves_one_request_after_the_other(serve: Serve) -> None:
    served = await serve()
    client = await served.connect()
    for data, body in [
        (GET % b"a", b"GET /a  "),
        (POST % (3, b"abc"), b"POST /p  abc"),
        (CHUNKED, b"POST /c  abc"),
        (GET % b"b?c=d", b"GET /b c=d "),
    ]:
        await client.send(data)
        answered = await client.answer()
        assert (answered.status, answered.body) == (200, body)
        assert b"connection" not in answered.headers
    assert len(served.server) == 1


async def test_requests_cut_at_every_byte_are_answered_alike(serve: Serve) -> None:
    served = await serve()
    client = await served.connect()
    for data in (GET % b"a", POST % (3, b"abc"), CHUNKED):
        for cut in range(1, len(data)):
            await client.send(data[:cut])
            await asyncio.sleep(0)
            await client.send(data[cut:])
            assert (await client.answer()).status == 200
    assert {request.body for request in served.requests} == {b"", b"abc"}


async def test_pipelined_requests_are_answered_in_order_and_one_at_a_time(serve: Serve) -> None:
    running = 0

    async def slow_first(request: Request, answer: Answer) -> None:
        nonlocal running
        running += 1
        assert running == 1
        for _ in range(5 if request.path == "/0" else 0):
            await asyncio.sleep(0)
        answer.reply(200, b"", (), request.path.encode() + request.body)
        running -= 1

    served = await serve(Route(slow_first))
    client = await served.connect()
    await client.send(b"".join([GET % b"0", POST % (3, b"abc"), CHUNKED, GET % b"1"]) + (GET % b"2")[:9])
    said = [(await client.answer()).body for _ in range(4)]
    await client.send((GET % b"2")[9:])
    said.append((await client.answer()).body)
    assert said == [b"/0", b"/pabc", b"/cabc", b"/1", b"/2"]


async def test_what_is_pipelined_beyond_a_bound_stays_in_the_socket(serve: Serve) -> None:
    waiting, go_on = asyncio.Event(), asyncio.Event()

    async def patient(request: Request, answer: Answer) -> None:
        waiting.set()
        await go_on.wait()
        answer.reply(200, b"", (), b"ok")

    served = await serve(Route(patient))
    client = await served.connect()
    count = 40
    sending = asyncio.ensure_future(client.send((POST % (10**5, b"x" * 10**5)) * count))
    await waiting.wait()
    (connection,) = served.server._connections
    while connection._reading:  # noqa: ASYNC110  there is no event for it
        await asyncio.sleep(0)
    assert len(connection._ahead) < 10**6
    go_on.set()
    for _ in range(count):
        assert (await client.answer()).status == 200
    await sending


async def test_a_wrong_request_behind_a_right_one_is_refused_after_its_answer(serve: Serve) -> None:
    served = await serve()
    client = await served.connect()
    await client.send(GET % b"a" + b"GET / HTTP/1.1\r\nHost : h\r\n\r\n" + GET % b"b")
    assert (await client.answer()).status == 200
    refused = await client.answer()
    assert (refused.status, refused.headers[b"connection"]) == (400, b"close")
    assert await client.rest() == b""
    assert len(served.requests) == 1


async def test_connection_close_is_obeyed_and_what_follows_ignored(serve: Serve) -> None:
    served = await serve()
    client = await served.connect()
    await client.send(b"GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n" + GET % b"b")
    assert (await client.answer()).headers[b"connection"] == b"close"
    assert await client.rest() == b""
    assert len(served.requests) == 1


async def test_http_1_0_ends_with_the_connection_unless_asked(serve: Serve) -> None:
    served = await serve(exact={"/s": Route(streaming)})
    client = await served.connect()
    await client.send(b"GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    assert (await client.answer()).headers[b"connection"] == b"keep-alive"
    await client.send(b"GET /s HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    answered = await client.answer()
    assert answered.headers[b"connection"] == b"close"
    assert b"transfer-encoding" not in answered.headers
    assert answered.body == b"a" * 20 + b"end"


async def test_a_stream_is_chunked(serve: Serve) -> None:
    served = await serve(Route(streaming))
    client = await served.connect()
    await client.send(GET % b"s")
    answered = await client.answer()
    assert answered.headers == {
        b"content-type": b"text/event-stream",
        b"transfer-encoding": b"chunked",
        b"x-one": b"1",
    }
    assert answered.body == b"a" * 20 + b"end"


@pytest.mark.parametrize("path", [b"a", b"s"])
async def test_head_has_the_headers_and_no_body(serve: Serve, path: bytes) -> None:
    served = await serve(exact={"/s": Route(streaming)})
    client = await served.connect()
    await client.send(b"HEAD /" + path + b" HTTP/1.1\r\nHost: h\r\n\r\n" + GET % b"x")
    head = await client.answer(bodiless=True)
    assert b"content-length" in head.headers or b"transfer-encoding" in head.headers
    assert (await client.answer()).body == b"GET /x  "


@pytest.mark.parametrize("status", [204, 304])
async def test_answers_without_a_body_say_no_length(serve: Serve, status: int) -> None:
    async def bare(request: Request, answer: Answer) -> None:
        answer.reply(status, b"", (), b"ignored")

    served = await serve(exact={"/bare": Route(bare)})
    client = await served.connect()
    await client.send(GET % b"bare" + GET % b"x")
    answered = await client.answer()
    assert (answered.status, answered.headers) == (status, {})
    assert (await client.answer()).body == b"GET /x  "


EXPECTING = b"POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n"


async def test_a_client_that_waits_to_go_on_is_told_once(serve: Serve) -> None:
    served = await serve()
    client = await served.connect()
    await client.send(EXPECTING % 3)
    assert (await client.answer()).status == 100
    await client.send(b"abc")
    assert (await client.answer()).body == b"POST /p  abc"
    await client.send(EXPECTING % 3 + b"abc")
    assert (await client.answer()).status == 200


async def test_a_client_that_waits_with_too_much_is_refused_and_not_told_to_go_on(serve: Serve) -> None:
    served = await serve(Route(streaming, max_body_bytes=10))
    client = await served.connect()
    await client.send(EXPECTING % 11)
    assert (await client.answer()).status == 413
    assert await client.rest() == b""
    assert not served.requests


async def test_admission_decides_before_the_body_is_read(serve: Serve) -> None:
    def admit(request: Request) -> Reply | None:
        return None if b"authorization" in request.headers else Reply(401, b"text/plain", b"who?")

    async def plain(request: Request, answer: Answer) -> None:
        answer.reply(200, b"", (), request.body)

    served = await serve(Route(plain, admit=admit))
    refused = await served.connect()
    await refused.send(EXPECTING % 3)
    answered = await refused.answer()
    assert (answered.status, answered.body, answered.headers[b"connection"]) == (401, b"who?", b"close")
    admitted = await served.connect()
    await admitted.send((EXPECTING % 3).replace(b"Host", b"Authorization: x\r\nHost"))
    assert (await admitted.answer()).status == 100
    await admitted.send(b"abc")
    assert (await admitted.answer()).body == b"abc"


async def test_a_handler_that_fails_is_a_500_and_one_that_fails_late_a_cut(serve: Serve) -> None:
    async def fails(request: Request, answer: Answer) -> None:
        if request.path == "/late":
            answer.start(200, b"", ())
            await answer.send(b"begun")
        raise ValueError(request.path)

    async def silent(request: Request, answer: Answer) -> None:
        pass

    served = await serve(Route(fails), exact={"/silent": Route(silent)})
    for path in (b"early", b"silent"):
        client = await served.connect()
        await client.send(GET % path)
        answered = await client.answer()
        assert (answered.status, answered.headers[b"connection"]) == (500, b"close")
    client = await served.connect()
    await client.send(GET % b"late")
    assert b"0\r\n\r\n" not in await client.rest()


async def test_line_ends_in_the_headers_of_an_answer_never_reach_the_wire(serve: Serve) -> None:
    async def split(request: Request, answer: Answer) -> None:
        answer.reply(200, b"", [(b"x", b"a\r\nset-cookie: b")], b"")

    served = await serve(Route(split))
    client = await served.connect()
    await client.send(GET % b"")
    answered = await client.answer()
    assert answered.status == 500
    assert b"set-cookie" not in answered.headers


async def test_headers_of_every_answer_are_added(serve: Serve) -> None:
    async def extra(request: Request, answer: Answer) -> None:
        answer.extra = [(b"x-extra", b"1")]
        await streaming(request, answer)

    served = await serve(Route(extra))
    client = await served.connect()
    await client.send(GET % b"")
    assert (await client.answer()).headers[b"x-extra"] == b"1"


async def test_an_answer_is_given_once() -> None:
    class Sink:
        ending = left = full = False

        def write(self, data: bytes) -> None:
            pass

        async def drained(self) -> None:
            pass

    answer = Answer(Sink(), Request("GET", b"/", "/", b"", "1.1", {}, []))
    answer.reply(200, b"", (), b"")
    with pytest.raises(RuntimeError):
        answer.reply(200, b"", (), b"")
    with pytest.raises(RuntimeError):
        answer.start(200, b"", ())
    with pytest.raises(RuntimeError):
        await answer.send(b"")
    with pytest.raises(RuntimeError):
        answer.finish(b"")


async def test_large_bodies_pass_whole_both_ways(serve: Serve) -> None:
    async def mirror(request: Request, answer: Answer) -> None:
        answer.reply(200, b"", (), request.body)

    served = await serve(Route(mirror))
    client = await served.connect()
    body = bytes(range(256)) * 12_000
    sending = asyncio.ensure_future(client.send(POST % (len(body), body)))
    assert (await client.answer()).body == body
    await sending


@pytest.mark.parametrize("stream", [False, True])
async def test_an_answers_last_bytes_leave_when_its_handler_is_done(serve: Serve, *, stream: bool) -> None:
    said, go_on = asyncio.Event(), asyncio.Event()

    async def slow_to_end(_: Request, answer: Answer) -> None:
        if stream:
            answer.start(200, b"", ())
            await answer.send(b"first")
            answer.finish(b"last")
        else:
            answer.reply(200, b"", (), b"whole")
        said.set()
        await go_on.wait()

    served = await serve(Route(slow_to_end))
    client = await served.connect()
    await client.send(GET % b"")
    await said.wait()
    answering = asyncio.ensure_future(client.answer())
    await asyncio.wait([answering], timeout=0.02)
    assert not answering.done()
    go_on.set()
    assert (await answering).body == (b"firstlast" if stream else b"whole")
