"""Forward proxies: which requests go through one, and what is said to it."""

import asyncio

import pytest

from upstream.authority import Authority
from upstream.conftest import MakeClient, Serve
from upstream.hostile_server import Link, Script, answer, ending, saying
from upstream.test_tls import respond
from waystation.errors import ConnectionFailed, InternalError, TimedOut
from waystation.upstream.client import ClientSettings, Timeouts
from waystation.upstream.origin import parse_target
from waystation.upstream.proxy import Proxies, parse_proxy


async def test_a_plain_request_is_handed_to_the_proxy_whole(serve: Serve, make_client: MakeClient) -> None:
    proxy = serve(saying(answer(), answer()))
    client = make_client(ClientSettings(http_proxy=proxy.url.replace("//", "//user:p%40ss@")))
    for name in ("one", "two"):
        assert await (await client.send("GET", f"http://api.{name}.test/v1", [("x-a", "b")])).read() == b"ok"
    assert proxy.requests[0] == (
        b"GET http://api.one.test/v1 HTTP/1.1\r\nproxy-authorization: Basic dXNlcjpwQHNz\r\n"
        b"host: api.one.test\r\nx-a: b\r\n\r\n"
    )
    assert len(proxy.links) == 1


def relaying(port: int, heads: list[bytes]) -> Script:
    """Accept a CONNECT to anywhere, and carry the bytes to a port of this machine."""

    async def carry(reader: asyncio.StreamReader, link: Link) -> None:
        while data := await reader.read(65536):
            await link.send(data)

    async def script(link: Link) -> None:
        heads.append(await link.head())
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await link.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        back = asyncio.create_task(carry(reader, link))
        try:
            while True:
                writer.write(await link.exactly(1) + link.take())
        finally:
            back.cancel()
            writer.transport.abort()

    return script


async def test_a_secure_request_goes_through_a_tunnel(
    serve: Serve, authority: Authority, make_client: MakeClient
) -> None:
    async def serve_origin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await respond(reader, writer, answer(b"one"), answer(b"x" * 1_000_000))

    context = authority.server("api.provider.test")
    origin = await asyncio.start_server(serve_origin, "127.0.0.1", 0, ssl=context)
    heads: list[bytes] = []
    proxy = serve(relaying(origin.sockets[0].getsockname()[1], heads))
    client = make_client(
        ClientSettings(
            https_proxy=proxy.url.replace("//", "//user:pass@"), ca_file=str(authority.certificate)
        )
    )
    url = "https://api.provider.test/v1"
    assert await (await client.send("GET", url, [("authorization", "Bearer sk-test")])).read() == b"one"
    assert len(await (await client.send("POST", url, [], b"y" * 1_000_000)).read()) == 1_000_000
    with pytest.raises(ConnectionFailed, match="certificate"):
        await client.send("GET", "https://api.other.test/", [])
    assert heads[0] == (
        b"CONNECT api.provider.test:443 HTTP/1.1\r\nhost: api.provider.test:443\r\n"
        b"proxy-authorization: Basic dXNlcjpwYXNz"
    )
    assert len(proxy.links) == 2
    await client.aclose()
    origin.close()


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 2\r\n\r\nno", "refused to connect"),
        (b"HTTP/1.1 200 OK\r\n\r\nimpatient", "out of turn"),
        (b"SSH-2.0-OpenSSH\r\n", "not well-formed"),
        (b"HTTP/1.1 200 OK\r\nx", "closed the connection"),
        (b"HTTP/1.1 200 OK\r\nx: " + b"y" * 100_000, "not well-formed|too large"),
        (b"", "closed the connection"),
    ],
)
async def test_a_proxy_that_does_not_open_a_tunnel_is_a_failed_connection(
    serve: Serve, make_client: MakeClient, said: bytes, message: str
) -> None:
    proxy = serve(ending(said))
    client = make_client(ClientSettings(https_proxy=proxy.url))
    with pytest.raises(ConnectionFailed, match=message):
        await client.send("GET", "https://api.provider.test/", [])
    assert not client._pools


async def test_a_proxy_that_says_nothing_is_a_connect_timeout(serve: Serve, make_client: MakeClient) -> None:
    async def silent(link: Link) -> None:
        await link.head()
        await link.gone()

    proxy = serve(silent)
    client = make_client(ClientSettings(https_proxy=proxy.url))
    with pytest.raises(TimedOut, match="connect deadline"):
        await client.send("GET", "https://api.provider.test/", [], timeouts=Timeouts(connect=0.05))
    await proxy.finished()


@pytest.mark.parametrize(
    ("no_proxy", "url", "direct"),
    [
        ((), "http://api.one.test/", False),
        (("*",), "http://api.one.test/", True),
        (("one.test",), "http://api.one.test/", True),
        ((".one.test",), "http://api.one.test/", True),
        (("*.one.test",), "http://one.test/", True),
        (("one.test",), "http://someone.test/", False),
        (("ONE.test",), "http://Api.One.Test./", True),
        (("one.test:8080",), "http://one.test:8080/", True),
        (("one.test:8080",), "http://one.test/", False),
        (("10.0.0.0/8",), "http://10.1.2.3/", True),
        (("10.0.0.0/8",), "http://11.1.2.3/", False),
        (("10.1.2.3",), "http://10.1.2.3:8000/", True),
        (("fd00::/8",), "http://[fd00::1]/", True),
        (("[fd00::1]",), "http://[fd00::1]:8000/", True),
        ((" one.test ", ""), "http://one.test/", True),
        ((), "http://127.0.0.1:8000/", True),
        ((), "http://localhost:8000/", True),
        ((), "http://[::1]/", True),
        ((), "https://api.one.test/", True),
    ],
)
def test_no_proxy_names_what_is_reached_directly(
    no_proxy: tuple[str, ...], url: str, *, direct: bool
) -> None:
    proxies = Proxies(ClientSettings(http_proxy="http://proxy.test:3128", no_proxy=no_proxy))
    assert (proxies.choose(parse_target(url).origin) is None) is direct


def test_a_proxy_is_a_url_or_a_bare_host() -> None:
    assert parse_proxy("proxy.test:3128").origin.address == "proxy.test:3128"
    assert parse_proxy("http://[fd00::1]").origin.address == "[fd00::1]:80"
    assert parse_proxy("https://proxy.test").origin.address == "proxy.test:443"


@pytest.mark.parametrize("url", ["socks5://proxy.test", "http://", "http://proxy.test:99999"])
def test_an_unusable_proxy_is_refused_at_once(url: str) -> None:
    with pytest.raises(InternalError):
        Proxies(ClientSettings(http_proxy=url))
