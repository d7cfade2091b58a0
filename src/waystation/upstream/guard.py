"""Which addresses may be reached on somebody else's word: public ones, and networks that the operator named.

The name is resolved here and the connection opened to what was judged, so that a second answer of the resolver cannot
lead elsewhere. Source: the IANA registries of special-purpose addresses.
"""

import asyncio
import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from waystation.errors import ConnectionFailed
from waystation.upstream.origin import Origin

_NAT64: Final = IPv6Network("64:ff9b::/96")
_NOT_PUBLIC: Final = tuple(
    ip_network(text)
    for text in ("192.0.0.0/24", "192.88.99.0/24", "64:ff9b:1::/48", "2001::/23", "2002::/16", "fec0::/10")
)
"""Special networks that `is_global` of some Python versions lets pass."""


class AddressGuard:
    """Lets public addresses pass, and those of the networks given (`10.1.0.0/16`, `127.0.0.1`)."""

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        self._allowed: tuple[IPv4Network | IPv6Network, ...] = tuple(ip_network(text) for text in allowed)

    def permits(self, text: str) -> bool:
        """Whether this address, as the resolver writes it, may be connected to."""
        address = _inner(ip_address(text))
        if any(address in network for network in self._allowed if network.version == address.version):
            return True
        return (
            address.is_global
            and not address.is_multicast
            and not address.is_reserved
            and not any(address in network for network in _NOT_PUBLIC if network.version == address.version)
        )

    async def resolve(self, origin: Origin) -> list[str]:
        """The addresses of the origin, at least one; `ConnectionFailed` where not every one may be connected to."""
        found = await asyncio.get_running_loop().getaddrinfo(
            origin.host, origin.port, type=socket.SOCK_STREAM
        )
        addresses = [str(place[4][0]) for place in found]
        if not addresses or not all(self.permits(address) for address in addresses):
            raise ConnectionFailed("The address is not a public one.")
        return addresses


def _inner(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv6 one only wraps, mapped or by NAT64."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
    return address
