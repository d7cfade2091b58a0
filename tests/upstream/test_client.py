"""The ordinary life of the client: requests, answers, and the connections between them."""

import asyncio
import socket

import pytest

from upstream.conftest import MakeClient, Serve
from upstream.hostile_server import HostileServer, Link, answer, ending, saying
from waystation.errors import BadResponse, ConnectionFailed, InternalError, TimedOut
from waystation.upstream.client import Client, ClientSettings, Response, Timeouts


async def together(client: Client, server: HostileServer, number: int) -> list[Response]:
    """So many requests at once, each on a connection of its own."""
    return await asyncio.gather(*[client.send("GET", server.url, []) for _ in range(number)])


async def test_a_request_arrives_as_it_was_given_and_the_answer_comes_back(
    serve: Serve, client: Client
) -> None:
    server = serve(saying(answer(b'{"id":1}', b"Content-Type: application/json", b"X-Two: b", b"x-two: c")))
    response = await client.send(
        "POST",
        f"{server.url}/v1/chat?beta=1#fragment",
        [("Authorization", "Bearer sk-test"), (b"x-b", b"\xff")],
        b"{}",
    )
    assert response.status == 200
    assert response.header(b"content-type") == b"application/json"
    assert response.header(b"x-three") is None
    assert [value for name, value in response.headers if name == b"x-two"] == [b"b", b"c"]
    assert await response.read() == b'{"id":1}'
    assert server.requests == [
        b"POST /v1/chat?beta=1 HTTP/1.1\r\nhost: 127.0.0.1:%d\r\nAuthorization: Bearer sk-test\r\nx-b: \xff\r\n"
        b"content-length: 2\r\n\r\n{}" % server.port
    ]


async def test_requests_one_after_the_other_share_a_connection(serve: Serve, client: Client) -> None:
    server = serve(saying(answer(b"1"), b"HTTP/1.1 204 No\r\n\r\n", answer(b"3")))
    for expected in (b"1", b"", b"3"):
        response = await client.send("GET", server.url, [])
        assert await response.read() == expected
    assert len(server.links) == 1


async def test_the_connection_freed_last_is_taken_first(serve: Serve, client: Client) -> None:
    server = serve(saying(answer(b"a"), answer(b"a")), saying(answer(b"b"), answer(b"b")))
    first, second = await together(client, server, 2)
    pool = next(iter(client._pools.values()))
    assert {await first.read(), await second.read()} == {b"a", b"b"}
    last = list(pool._idle)[-1]
    await (await client.send("GET", server.url, [])).read()
    assert list(pool._idle)[-1] is last


async def test_small_requests_do_not_wait_for_acknowledgements(serve: Serve, client: Client) -> None:
    server = serve(saying(answer()))
    await (await client.send("GET", server.url, [])).read()
    (pool,) = client._pools.values()
    (connection,) = pool._idle
    link = connection._transport.get_extra_info("socket")
    assert link.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_an_idle_connection_is_closed_in_time(serve: Serve, make_client: MakeClient) -> None:
    gone = asyncio.Event()

    async def script(link: Link) -> None:
        await link.request()
        await link.send(answer())
        await link.gone()
        gone.set()

    server = serve(script)
    client = make_client(ClientSettings(keepalive_expiry=0.05))
    await (await client.send("GET", server.url, [])).read()
    await gone.wait()
    assert not client._pools


async def test_an_expired_connection_is_not_taken_even_before_it_is_swept(
    serve: Serve, make_client: MakeClient
) -> None:
    server = serve(saying(answer()), saying(answer()))
    client = make_client(ClientSettings(keepalive_expiry=0.0))
    for _ in range(2):
        await (await client.send("GET", server.url, [])).read()
    assert len(server.links) == 2


async def test_no_more_idle_connections_are_kept_than_allowed(serve: Serve, make_client: MakeClient) -> None:
    server = serve(saying(answer()))
    client = make_client(ClientSettings(max_idle=1))
    responses = await together(client, server, 3)
    assert [await response.read() for response in responses] == [b"ok"] * 3
    (pool,) = client._pools.values()
    assert len(pool._idle) == 1


async def test_requests_over_the_limit_wait_for_a_connection(serve: Serve, make_client: MakeClient) -> None:
    server = serve(saying(*[answer()] * 5))
    client = make_client(ClientSettings(max_connections=1))

    async def one() -> bytes:
        return await (await client.send("GET", server.url, [])).read()

    assert await asyncio.gather(*[one() for _ in range(5)]) == [b"ok"] * 5
    assert len(server.links) == 1


async def test_waiting_for_a_connection_counts_as_connecting(serve: Serve, make_client: MakeClient) -> None:
    server = serve(saying(answer(b"12")[:-1]), saying(answer()))
    client = make_client(ClientSettings(max_connections=1))
    held = await client.send("GET", server.url, [])
    with pytest.raises(TimedOut, match="connect deadline"):
        await client.send("GET", server.url, [], timeouts=Timeouts(connect=0.05))
    waiting = asyncio.create_task(client.send("GET", server.url, []))
    cancelled = asyncio.create_task(client.send("GET", server.url, []))
    await asyncio.sleep(0)
    cancelled.cancel()
    held.close()
    assert await (await waiting).read() == b"ok"


async def test_a_connection_handed_to_a_cancelled_request_is_not_lost(
    serve: Serve, make_client: MakeClient
) -> None:
    server = serve(saying(answer()))
    client = make_client(ClientSettings(max_connections=1))
    first = await client.send("GET", server.url, [])
    (pool,) = client._pools.values()
    connection = pool.take()
    assert connection is not None
    waiting = asyncio.create_task(pool.slot())
    await asyncio.sleep(0)
    pool.release(connection)
    waiting.cancel()
    await asyncio.wait([waiting])
    assert waiting.cancelled()
    assert list(pool._idle) == [connection]
    assert await first.read() == b"ok"


async def test_an_ipv6_host_is_reached_and_named_in_brackets(serve: Serve, client: Client) -> None:
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    server = serve(saying(answer()), host="::1")
    assert await (await client.send("GET", server.url, [])).read() == b"ok"
    assert b"host: [::1]:%d\r\n" % server.port in server.requests[0]


async def test_a_refused_connection_says_so_and_no_more(client: Client) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(ConnectionFailed) as caught:
        await client.send("GET", f"http://127.0.0.1:{port}/secret?key=sk-test", [])
    assert caught.value.message == "The provider refused the connection."
    assert not client._pools


async def test_a_name_that_cannot_be_resolved_is_a_failed_connection(client: Client) -> None:
    with pytest.raises(ConnectionFailed):
        await client.send("GET", f"http://{'a' * 64}.invalid/", [])


async def test_the_whole_body_is_refused_over_its_limit(serve: Serve, client: Client) -> None:
    server = serve(saying(answer(b"x" * 1000), answer(b"x" * 1000)))
    response = await client.send("GET", server.url, [])
    with pytest.raises(BadResponse, match="too large"):
        await response.read(limit=999)
    response = await client.send("GET", server.url, [])
    assert len(await response.read(limit=1000)) == 1000


async def test_a_closed_client_sends_nothing_and_has_no_sockets(serve: Serve, client: Client) -> None:
    server = serve(saying(answer()), saying(answer(b"123")[:-1]))
    responses = await together(client, server, 2)
    unfinished = next(response for response in responses if response.header(b"content-length") == b"3")
    await client.aclose()
    assert not client._sockets._open
    assert not client._pools
    with pytest.raises(ConnectionFailed):
        await client.send("GET", server.url, [])
    with pytest.raises(ConnectionFailed):
        await unfinished.read()


async def test_closing_the_client_sends_those_away_who_wait(serve: Serve, make_client: MakeClient) -> None:
    server = serve(saying(answer(b"12")[:-1]))
    client = make_client(ClientSettings(max_connections=1))
    await client.send("GET", server.url, [])
    waiting = asyncio.create_task(client.send("GET", server.url, []))
    await asyncio.sleep(0)
    await client.aclose()
    with pytest.raises(ConnectionFailed):
        await waiting


async def test_closing_a_response_twice_or_after_its_end_does_no_harm(serve: Serve, client: Client) -> None:
    server = serve(saying(answer(), answer()))
    response = await client.send("GET", server.url, [])
    assert await response.read() == b"ok"
    response.close()
    response.close()
    assert await (await client.send("GET", server.url, [])).read() == b"ok"
    assert len(server.links) == 1


@pytest.mark.parametrize(
    ("method", "url", "headers"),
    [
        ("GET", "http://127.0.0.1/", [("x-a", "b\r\nx-evil: c")]),
        ("GET", "http://127.0.0.1/", [("x-a", "b\nx-evil: c")]),
        ("GET", "http://127.0.0.1/", [(b"x-a", b"b\r\n\r\nGET / HTTP/1.1")]),
        ("GET", "http://127.0.0.1/", [("x-a: b\r\nx-evil", "c")]),
        ("GET", "http://127.0.0.1/", [("x-a: b", "c")]),
        ("GET", "http://127.0.0.1/", [("", "c")]),
        ("GET", "http://127.0.0.1/", [("x-a", "nul\0")]),
        ("GET", "http://127.0.0.1/", [("x-a", "\udc00\ud800")]),
        ("GET", "http://127.0.0.1/", [("Content-Length", "5")]),
        ("GET", "http://127.0.0.1/", [(b"transfer-encoding", b"chunked")]),
        ("GET", "http://127.0.0.1/", [("expect", "100-continue")]),
        ("GET / HTTP/1.1\r\nx: y\r\n\r\nGET", "http://127.0.0.1/", []),
        ("get", "http://127.0.0.1/", []),
        ("GET", "http://127.0.0.1/a b", []),
        ("GET", "http://127.0.0.1/a\r\nx: y", []),
        ("GET", "http://user:password@127.0.0.1/", []),
        ("GET", "ftp://127.0.0.1/", []),
        ("GET", "http:///path", []),
        ("GET", "http://127.0.0.1:99999/", []),
        ("GET", "http://a%0d%0ab/", []),
        ("GET", "http://127.0.0.1/\u00e9", []),
        ("GET", "", []),
    ],
)
async def test_what_could_smuggle_a_second_header_or_request_is_not_sent(
    client: Client, method: str, url: str, headers: list[tuple[str | bytes, str | bytes]]
) -> None:
    with pytest.raises(InternalError) as caught:
        await client.send(method, url, headers)
    assert "127" not in caught.value.message


async def test_a_caller_may_name_the_host_itself(serve: Serve, client: Client) -> None:
    server = serve(ending(answer()))
    await (
        await client.send("GET", server.url, [("Host", "api.provider.test"), ("x-title", "Caf\u00e9 \u65e5")])
    ).read()
    assert server.requests[0].count(b"host:") == 1
    assert b"\r\nhost: api.provider.test\r\n" in server.requests[0]
    assert "x-title: Caf\u00e9 \u65e5\r\n".encode() in server.requests[0]
