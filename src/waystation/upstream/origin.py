"""Where a request goes: an absolute URL taken apart once into the origin to connect to and the words of the request line."""

from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct

from waystation.errors import InternalError

_PORTS: Final = {"http": 80, "https": 443}
_UNUSABLE: Final = "An upstream URL is not a usable absolute http or https URL."


class Origin(Struct, frozen=True):
    """Scheme, host and port: what a connection is opened to. `host` has no brackets, also for IPv6."""

    scheme: str
    host: str
    port: int

    @property
    def secure(self) -> bool:
        """Whether bytes to it travel inside TLS."""
        return self.scheme == "https"

    @property
    def address(self) -> str:
        """`host:port`, as CONNECT names it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Target(Struct, frozen=True):
    """An origin and the path with its query, as the request line carries them."""

    origin: Origin
    authority: str
    """As the Host header names the origin: without the scheme's own port."""
    path: str


def parse_target(url: str) -> Target:
    """Take an absolute `http` or `https` URL apart; the fragment is dropped, credentials in it are refused."""
    if not url.isprintable():  # urlsplit would take line ends out in silence
        raise InternalError(_UNUSABLE)
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        host = host if host.isascii() else host.encode("idna").decode()
    except ValueError:
        raise InternalError(_UNUSABLE) from None
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if parts.scheme not in _PORTS or parts.username is not None or not _is_host(host) or not _is_path(path):
        raise InternalError(_UNUSABLE)
    origin = Origin(parts.scheme, host, port or _PORTS[parts.scheme])
    own = origin.port == _PORTS[parts.scheme]
    return Target(origin, origin.address.rpartition(":")[0] if own else origin.address, path)


def _is_host(host: str) -> bool:
    """A name or an address, without anything that could end it early in a request line or a Host header."""
    return bool(host) and host.isprintable() and set(host).isdisjoint(' "<>\\^`{|}/%')


def _is_path(path: str) -> bool:
    return path[0] == "/" and path.isascii() and path.isprintable() and " " not in path
