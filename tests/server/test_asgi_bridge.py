"""ASGI applications behind the bridge: scope, both kinds of answers, the end."""

import asyncio

import pytest
from litestar import Litestar, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from server.conftest import Serve
from waystation.server.asgi_bridge import AsgiBridge, Message, Receive, Send
from waystation.server.routes import Route

GET = b"GET /%b HTTP/1.1\r\nHost: h\r\n\r\n"
START = {"type": "http.response.start", "status": 200}


async def test_the_scope_names_what_was_asked(serve: Serve) -> None:
    seen: list[Message] = []

    async def application(scope: Message, receive: Receive, send: Send) -> None:
        seen.extend([scope, await receive()])
        await send(
            {
                "type": "http.response.start",
                "status": 201,
                "headers": [(b"X-One", b"1"), (b"Content-Type", b"a/b")],
            }
        )
        await send({"type": "http.response.body", "body": b"made"})
        seen.append(await receive())

    served = await serve(Route(AsgiBridge(application, ("h", 80))))
    client = await served.connect()
    await client.send(b"POST /a%20b?c=d HTTP/1.1\r\nHost: h\r\nX: 1\r\nX: 2\r\nContent-Length: 3\r\n\r\nabc")
    answered = await client.answer()
    assert (answered.status, answered.body) == (201, b"made")
    assert answered.headers == {b"content-type": b"a/b", b"content-length": b"4", b"x-one": b"1"}
    scope, received, over = seen
    assert (scope["method"], scope["path"], scope["raw_path"]) == ("POST", "/a b", b"/a%20b")
    assert (scope["query_string"], scope["http_version"]) == (b"c=d", "1.1")
    assert [value for name, value in scope["headers"] if name == b"x"] == [b"1", b"2"]
    assert scope["client"][0] == "127.0.0.1"
    assert received == {"type": "http.request", "body": b"abc", "more_body": False}
    assert over == {"type": "http.disconnect"}


async def test_a_body_in_pieces_is_streamed(serve: Serve) -> None:
    async def application(scope: Message, receive: Receive, send: Send) -> None:
        await send({**START, "headers": [(b"content-length", b"6")]})
        for piece, more in ((b"abc", True), (b"def", True), (b"", False)):
            await send({"type": "http.response.body", "body": piece, "more_body": more})

    served = await serve(Route(AsgiBridge(application)))
    client = await served.connect()
    await client.send(GET % b"")
    answered = await client.answer()
    assert answered.body == b"abcdef"
    assert b"content-length" not in answered.headers


async def test_the_length_of_an_answer_to_head_is_the_applications(serve: Serve) -> None:
    async def application(scope: Message, receive: Receive, send: Send) -> None:
        await send({**START, "headers": [(b"content-length", b"600")]})
        await send({"type": "http.response.body", "body": b""})

    served = await serve(Route(AsgiBridge(application)))
    client = await served.connect()
    await client.send(b"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n" * 2)
    for _ in range(2):
        assert (await client.answer(bodiless=True)).headers == {b"content-length": b"600"}


async def test_an_application_is_told_that_its_client_has_gone(serve: Serve) -> None:
    begun, told = asyncio.Event(), asyncio.Event()

    async def application(scope: Message, receive: Receive, send: Send) -> None:
        await receive()
        begun.set()
        assert (await receive())["type"] == "http.disconnect"
        await send({**START})
        await send({"type": "http.response.body", "body": b"nobody reads this"})
        told.set()

    served = await serve(Route(AsgiBridge(application)))
    client = await served.connect()
    await client.send(GET % b"")
    await begun.wait()
    client.close()
    await told.wait()


async def test_an_application_may_ask_for_the_end_of_the_connection(serve: Serve) -> None:
    async def application(scope: Message, receive: Receive, send: Send) -> None:
        await send({**START, "headers": [(b"connection", b"close")]})
        await send({"type": "http.response.body"})

    served = await serve(Route(AsgiBridge(application)))
    client = await served.connect()
    await client.send(GET % b"")
    assert (await client.answer()).headers[b"connection"] == b"close"
    assert await client.rest() == b""


@pytest.mark.parametrize("message", [{"type": "http.response.body"}, {"type": "websocket.accept"}])
async def test_messages_out_of_place_are_an_internal_error(serve: Serve, message: Message) -> None:
    async def application(scope: Message, receive: Receive, send: Send) -> None:
        await send(message)

    served = await serve(Route(AsgiBridge(application)))
    client = await served.connect()
    await client.send(GET % b"")
    assert (await client.answer()).status == 500


async def test_a_framework_answers_through_it(serve: Serve) -> None:
    @get("/things/{name:str}")
    async def read(name: FromPath[str], limit: FromQuery[int] = 1) -> dict[str, str | int]:
        return {"name": name, "limit": limit}

    @post("/things")
    async def make(data: JSONBody[dict[str, int]]) -> dict[str, int]:
        return data

    framework = Litestar([read, make], openapi_config=None)
    served = await serve(Route(AsgiBridge(framework)))  # type: ignore[arg-type]
    client = await served.connect()
    await client.send(
        GET % b"things/a?limit=3" + b'POST /things HTTP/1.1\r\nHost: h\r\nContent-Length: 7\r\n\r\n{"a":1}'
    )
    assert (await client.answer()).body == b'{"name":"a","limit":3}'
    made = await client.answer()
    assert (made.status, made.body) == (201, b'{"a":1}')
    await client.send(GET % b"nothing")
    assert (await client.answer()).status == 404
