"""Which addresses a caller's word may lead to: public ones only, judged after the name was resolved."""

import pytest

from upstream.conftest import MakeClient, Serve
from upstream.hostile_server import Link
from waystation.errors import ConnectionFailed
from waystation.upstream.client import ClientSettings
from waystation.upstream.guard import AddressGuard

NOT_PUBLIC = [
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "192.0.0.8", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.51.100.1", "203.0.113.9", "224.0.0.1",
    "239.1.1.1", "240.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "fe80::1%lo", "fc00::1", "fd12:3456::1",
    "fec0::1", "ff02::1", "2001:db8::1", "2001::1", "2002:7f00:1::", "64:ff9b:1::1", "100::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
]  # fmt: skip
PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "172.32.0.1",
    "100.128.0.1",
    "2606:4700::1111",
    "64:ff9b::808:808",
    "::ffff:8.8.8.8",
]


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_what_is_not_public_is_refused(address: str) -> None:
    assert not AddressGuard().permits(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_public_passes(address: str) -> None:
    assert AddressGuard().permits(address)


def test_networks_that_the_operator_names_pass_and_their_neighbours_do_not() -> None:
    guard = AddressGuard(["10.1.0.0/16", "fd00:1::/32", "127.0.0.1"])
    assert guard.permits("10.1.255.1")
    assert guard.permits("::ffff:10.1.255.1")
    assert guard.permits("fd00:1::7")
    assert guard.permits("127.0.0.1")
    assert not guard.permits("10.2.0.1")
    assert not guard.permits("127.0.0.2")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0"])
async def test_no_spelling_of_this_machine_is_connected_to(
    serve: Serve, make_client: MakeClient, host: str
) -> None:
    async def never(link: Link) -> None:
        await link.head()

    server = serve(never)
    client = make_client(ClientSettings(guard=AddressGuard()))
    with pytest.raises(ConnectionFailed, match="public"):
        await client.send("GET", f"http://{host}:{server.port}/x", [])
    assert server.links == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_an_allowed_address_is_reached_by_its_name_and_without_the_proxy(
    serve: Serve, make_client: MakeClient, host: str
) -> None:
    heads: list[bytes] = []

    async def answer(link: Link) -> None:
        heads.append(await link.head())
        await link.send(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi")

    server = serve(answer)
    settings = ClientSettings(
        guard=AddressGuard(["127.0.0.0/8", "::1"]),
        http_proxy="http://127.0.0.1:9",
        https_proxy="http://127.0.0.1:9",
    )
    response = await make_client(settings).send("GET", f"http://{host}:{server.port}/x", [])
    assert await response.read() == b"hi"
    assert f"host: {host}:{server.port}".encode() in heads[0].lower()
