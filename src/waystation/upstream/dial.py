"""Opening a connection: directly, through a plain proxy, or through a tunnel; and what went wrong in words that give nothing away."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import TypeVar

from waystation.errors import ConnectionFailed
from waystation.upstream.connection import Connection
from waystation.upstream.guard import AddressGuard
from waystation.upstream.origin import Origin
from waystation.upstream.proxy import Proxy, Tunnel

Trust = Callable[[], ssl.SSLContext]
Wire = TypeVar("Wire", bound=asyncio.Protocol)


async def dial(
    connection: Connection,
    origin: Origin,
    proxy: Proxy | None,
    trust: Trust,
    max_head_bytes: int,
    *,
    guard: AddressGuard | None = None,
) -> None:
    """Give a connection its socket: to an origin, or to the proxy that will carry plain requests to it.

    With a guard the way is direct, and only to addresses that it lets pass.
    """
    try:
        if guard is not None:
            await _connect_guarded(connection, origin, trust, await guard.resolve(origin))
        elif proxy is not None and origin.secure:
            await _tunnel(connection, origin, proxy, trust, max_head_bytes)
        else:
            await _connect(lambda: connection, proxy.origin if proxy else origin, trust)
    except ssl.SSLCertVerificationError as error:
        raise ConnectionFailed("The provider's certificate could not be verified.") from error
    except ssl.SSLError as error:
        raise ConnectionFailed("The TLS handshake with the provider failed.") from error
    except socket.gaierror as error:
        raise ConnectionFailed("The provider's host name could not be resolved.") from error
    except ConnectionRefusedError as error:
        raise ConnectionFailed("The provider refused the connection.") from error
    except (OSError, UnicodeError) as error:
        raise ConnectionFailed("The provider could not be reached.") from error


async def _connect(
    make: Callable[[], Wire], origin: Origin, trust: Trust, address: str | None = None
) -> Wire:
    """To the origin by its name, or to the address given while TLS still asks for the name."""
    secured = trust() if origin.secure else None
    _, protocol = await asyncio.get_running_loop().create_connection(
        make,
        address or origin.host,
        origin.port,
        ssl=secured,
        server_hostname=origin.host if secured and address else None,
    )
    return protocol


async def _connect_guarded(
    connection: Connection, origin: Origin, trust: Trust, addresses: list[str]
) -> None:
    """To the first address that accepts."""
    for address in addresses[:-1]:
        try:
            await _connect(lambda: connection, origin, trust, address)
        except ssl.SSLError:
            raise
        except OSError:
            continue
        return
    await _connect(lambda: connection, origin, trust, addresses[-1])


async def _tunnel(
    connection: Connection, origin: Origin, proxy: Proxy, trust: Trust, max_head_bytes: int
) -> None:
    tunnel = await _connect(lambda: Tunnel(origin, proxy, max_head_bytes), proxy.origin, trust)
    try:
        transport = await tunnel.opened
    except asyncio.CancelledError:
        tunnel.abort()
        raise
    secured = await asyncio.get_running_loop().start_tls(
        transport, connection, trust(), server_hostname=origin.host
    )
    if secured is None:
        raise ConnectionFailed("The proxy closed the connection.")
    connection.connection_made(secured)
