"""TLS toward providers: trusted and named rightly, or not at all."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import pytest

from upstream.authority import Authority
from upstream.conftest import MakeClient
from upstream.hostile_server import answer
from waystation.errors import BadResponse, ConnectionFailed, InternalError
from waystation.upstream.client import ClientSettings
from waystation.upstream.tls import tls_context

Secure = Callable[..., "asyncio.Future[str]"]


async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *answers: bytes) -> None:
    """Give one answer a request, then close."""
    try:
        for data in answers:
            head = await reader.readuntil(b"\r\n\r\n")
            length = (
                int(head.split(b"content-length: ")[1].split(b"\r\n")[0]) if b"content-length" in head else 0
            )
            await reader.readexactly(length)
            writer.write(data)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


@pytest.fixture
async def secure(authority: Authority) -> AsyncIterator[Callable[..., object]]:
    async with AsyncExitStack() as stack:

        async def start(name: str, *answers: bytes) -> str:
            async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                await respond(reader, writer, *answers)

            server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=authority.server(name))
            stack.callback(server.close)
            return f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/"

        yield start


async def test_a_provider_vouched_for_by_the_given_authority_is_trusted(
    secure: Secure, authority: Authority, make_client: MakeClient
) -> None:
    url = await secure("127.0.0.1", answer(b"one"), answer(b"x" * 3_000_000))
    client = make_client(ClientSettings(ca_file=str(authority.certificate)))
    assert await (await client.send("GET", url, [])).read() == b"one"
    response = await client.send("POST", url, [], b"y" * 3_000_000)
    assert len(await response.read()) == 3_000_000


async def test_an_unknown_authority_is_refused(secure: Secure, make_client: MakeClient) -> None:
    url = await secure("127.0.0.1", answer())
    with pytest.raises(ConnectionFailed, match="certificate could not be verified"):
        await make_client().send("GET", url, [])


async def test_a_certificate_for_another_host_is_refused(
    secure: Secure, authority: Authority, make_client: MakeClient
) -> None:
    url = await secure("api.other.test", answer())
    client = make_client(ClientSettings(ca_file=str(authority.certificate)))
    with pytest.raises(ConnectionFailed, match="certificate could not be verified"):
        await client.send("GET", url, [])
    assert not client._pools


async def test_verification_can_be_turned_off(secure: Secure, make_client: MakeClient) -> None:
    url = await secure("api.other.test", answer())
    client = make_client(ClientSettings(verify=False))
    assert await (await client.send("GET", url, [])).read() == b"ok"


async def test_a_server_that_does_not_speak_tls_is_a_failed_connection(make_client: MakeClient) -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer())
        writer.close()

    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    with pytest.raises(ConnectionFailed):
        await make_client().send("GET", f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/", [])
    server.close()


async def test_an_answer_cut_inside_tls_is_a_bad_response(
    secure: Secure, authority: Authority, make_client: MakeClient
) -> None:
    url = await secure("127.0.0.1", answer(b"hello")[:-1])
    client = make_client(ClientSettings(ca_file=str(authority.certificate)))
    response = await client.send("GET", url, [])
    with pytest.raises(BadResponse, match="cut"):
        await response.read()


def test_by_default_certificates_and_names_are_verified() -> None:
    context = tls_context(ClientSettings())
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


def test_a_missing_bundle_of_authorities_is_our_own_fault() -> None:
    with pytest.raises(InternalError):
        tls_context(ClientSettings(ca_file="no-such-file.pem"))
