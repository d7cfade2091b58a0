"""Content codings: gzip is undone however it is cut, grows within its bound, and anything else is refused."""

import gzip
import os

import pytest

from upstream.conftest import MakeClient, Serve
from upstream.hostile_server import Script, answer, ending, saying
from waystation.errors import BadResponse
from waystation.upstream.client import Client, ClientSettings
from waystation.upstream.decoding import Gzip

GZIP = b"content-encoding: gzip"


def chunks(data: bytes) -> Script:
    """An answer of one-byte chunks."""
    body = b"".join(b"1\r\n%c\r\n" % byte for byte in data)
    return ending(
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n" + GZIP + b"\r\n\r\n" + body + b"0\r\n\r\n"
    )


async def test_accept_encoding_is_the_callers_to_send(serve: Serve, client: Client) -> None:
    server = serve(saying(answer(), answer(gzip.compress(b"hello"), GZIP)))
    await (await client.send("GET", server.url, [])).read()
    response = await client.send("GET", server.url, [("accept-encoding", "gzip")])
    assert await response.read() == b"hello"
    assert b"accept-encoding" not in server.requests[0]
    assert b"accept-encoding: gzip\r\n" in server.requests[1]
    assert len(server.links) == 1


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (gzip.compress(b"hello"), b"hello"),
        (gzip.compress(b"hel") + gzip.compress(b"lo"), b"hello"),
        (gzip.compress(b""), b""),
        (b"", b""),
    ],
)
async def test_gzip_in_pieces_of_a_byte_is_the_same_body(
    serve: Serve, client: Client, body: bytes, expected: bytes
) -> None:
    server = serve(chunks(body))
    assert await (await client.send("GET", server.url, [])).read() == expected


@pytest.mark.parametrize("cut", range(1, len(gzip.compress(b"hello"))))
async def test_gzip_that_stops_short_is_a_bad_response(serve: Serve, client: Client, cut: int) -> None:
    server = serve(saying(answer(gzip.compress(b"hello")[:cut], GZIP)))
    with pytest.raises(BadResponse):
        await (await client.send("GET", server.url, [])).read()


@pytest.mark.parametrize("body", [b"not gzip at all", gzip.compress(b"hello") + b"junk"])
async def test_what_is_not_gzip_is_a_bad_response(serve: Serve, client: Client, body: bytes) -> None:
    server = serve(saying(answer(body, GZIP)))
    with pytest.raises(BadResponse, match="gzip"):
        await (await client.send("GET", server.url, [])).read()


async def test_a_bomb_is_read_in_bounded_pieces_up_to_the_limit(
    serve: Serve, make_client: MakeClient
) -> None:
    server = serve(saying(answer(gzip.compress(bytes(20_000_000)), GZIP)))
    client = make_client(ClientSettings(max_response_bytes=5_000_000))
    response = await client.send("GET", server.url, [])
    sizes: list[int] = []

    async def drain() -> None:
        async for piece in response:
            sizes.append(len(piece))  # noqa: PERF401  the pieces before the error are what is asked

    with pytest.raises(BadResponse, match="too large"):
        await drain()
    assert max(sizes) <= 256 * 1024
    assert sum(sizes) <= 5_000_000


async def test_a_large_compressed_body_is_whole(serve: Serve, client: Client) -> None:
    body = os.urandom(1_000_000) + bytes(3_000_000)
    server = serve(saying(answer(gzip.compress(body), GZIP)))
    assert await (await client.send("GET", server.url, [])).read() == body


@pytest.mark.parametrize("coding", [b"br", b"zstd", b"deflate", b"gzip, gzip", b"nonsense"])
async def test_other_codings_are_refused(serve: Serve, client: Client, coding: bytes) -> None:
    server = serve(saying(answer(b"hello", b"content-encoding: " + coding)))
    with pytest.raises(BadResponse, match="coding"):
        await client.send("GET", server.url, [])


async def test_identity_is_no_coding(serve: Serve, client: Client) -> None:
    server = serve(saying(answer(b"hello", b"content-encoding: Identity")))
    assert await (await client.send("GET", server.url, [])).read() == b"hello"


def test_a_decoder_holds_back_what_is_over_a_piece() -> None:
    decoder = Gzip()
    sizes = [len(decoder.decode(gzip.compress(bytes(1_000_000))))]
    while not decoder.hungry:
        sizes.append(len(decoder.decode(b"")))
    decoder.close()
    assert sum(sizes) == 1_000_000
    assert max(sizes) <= 256 * 1024
