"""Which proxy stands between us and an origin, if any, and the CONNECT conversation that makes it step aside."""

import asyncio
import base64
from ipaddress import ip_address, ip_network
from typing import Final, cast
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from waystation.errors import BadResponse, ConnectionFailed, InternalError
from waystation.upstream.answer import AnswerParser
from waystation.upstream.limits import ClientSettings
from waystation.upstream.origin import Origin

_UNUSABLE: Final = "A proxy's URL is not usable."


class Proxy(Struct, frozen=True):
    """A forward proxy, and the header line that it wants, or nothing."""

    origin: Origin
    authorization: str


def parse_proxy(url: str) -> Proxy:
    """`scheme://user:password@host:port`; the scheme says how to speak to the proxy itself, a bare host means http."""
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        host, port = parts.hostname, parts.port
    except ValueError:
        raise InternalError(_UNUSABLE) from None
    if parts.scheme not in {"http", "https"} or not host:
        raise InternalError(_UNUSABLE)
    authorization = ""
    if parts.username is not None:
        credentials = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
        authorization = f"proxy-authorization: Basic {base64.b64encode(credentials).decode()}\r\n"
    return Proxy(Origin(parts.scheme, host, port or (443 if parts.scheme == "https" else 80)), authorization)


class Proxies:
    """The rule of HTTP_PROXY, HTTPS_PROXY and NO_PROXY, over data."""

    def __init__(self, settings: ClientSettings) -> None:
        self._by_scheme = {
            scheme: parse_proxy(url)
            for scheme, url in (("http", settings.http_proxy), ("https", settings.https_proxy))
            if url
        }
        self._direct = [entry.strip().lower() for entry in settings.no_proxy if entry.strip()]

    def choose(self, origin: Origin) -> Proxy | None:
        """The proxy for an origin; loopback is always reached directly."""
        proxy = self._by_scheme.get(origin.scheme)
        if proxy is None or _is_loopback(origin.host):
            return None
        return None if any(_matches(entry, origin) for entry in self._direct) else proxy


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _matches(entry: str, origin: Origin) -> bool:
    """Whether one entry of NO_PROXY covers an origin: `*`, a name and all below it, an address, a network, any with a port."""
    if entry in {"*", origin.address.lower()}:
        return True
    try:
        return ip_address(origin.host) in ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        pass
    name, _, port = entry.partition(":")
    if port and port != str(origin.port):
        return False
    name = name.removeprefix("*").lstrip(".")
    host = origin.host.lower().rstrip(".")
    return bool(name) and (host == name or host.endswith(f".{name}"))


class Tunnel(asyncio.Protocol):
    """Asks a proxy for a connection to an origin (RFC 9110 9.3.6); `opened` resolves to the transport, ready for TLS."""

    def __init__(self, origin: Origin, proxy: Proxy, max_head_bytes: int) -> None:
        self._request = f"CONNECT {origin.address} HTTP/1.1\r\nhost: {origin.address}\r\n{proxy.authorization}\r\n".encode()
        self._parser = AnswerParser(max_head_bytes)
        self._parser.expect(bodiless=True)
        self.opened: asyncio.Future[asyncio.Transport] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Take the proxy's answer; what follows it belongs to TLS and is not read here."""
        try:
            self._parser.feed(data)
        except BadResponse:
            self._fail("The proxy's answer is not well-formed HTTP.")
            return
        if not self._parser.headed:
            return
        if not 200 <= self._parser.status < 300:
            self._fail("The proxy refused to connect to the provider.")
        elif self._parser.surplus or self.opened.done():
            self._fail("The proxy spoke out of turn.")
        else:
            self._transport.pause_reading()
            self.opened.set_result(self._transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  asyncio's signature
        """The proxy went away."""
        self._fail("The proxy closed the connection.")

    def abort(self) -> None:
        """Nobody waits for the tunnel any more."""
        self._fail("The connection to the proxy was closed by the gateway.")

    def _fail(self, message: str) -> None:
        self._transport.abort()
        if not self.opened.done():
            self.opened.set_exception(ConnectionFailed(message))
