"""Where the gateway is found, as URLs."""

from waystation.settings import Settings

EVERYWHERE = frozenset({"0.0.0.0", "::"})
"""Hosts that stand for every address of the machine."""


def address(host: str, port: int) -> str:
    """The URL of a listening socket."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def public_address(settings: Settings) -> str:
    """Where clients find the gateway; empty where only they know."""
    server = settings.server
    if server.public_url is not None:
        return server.public_url.rstrip("/")
    return address(server.host, server.port) if server.port and server.host not in EVERYWHERE else ""
