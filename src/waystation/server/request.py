"""A request as its handler sees it, and what the server answers by itself."""

from collections.abc import Sequence

from msgspec import Struct

Headers = Sequence[tuple[bytes, bytes]]
CHUNKED = -1
"""`Request.length` of a chunked body."""


class Refused(Exception):
    """A request that is answered with an error before any handler sees it; the connection ends with it."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class Reply(Struct, frozen=True):
    """A whole answer as data."""

    status: int
    content_type: bytes
    body: bytes
    headers: Headers = ()


class Request(Struct, eq=False):
    """One request. Header names are lower-cased; of a repeated header the first value is in `headers`."""

    method: str
    target: bytes
    """The path as received, percent-encoded, without its query."""
    path: str
    """The path decoded."""
    query: bytes
    version: str
    """`1.0` or `1.1`."""
    headers: dict[bytes, bytes]
    repeated: list[tuple[bytes, bytes]]
    """Later values of repeated headers, in order."""
    length: int = 0
    """Declared bytes of the body, or `CHUNKED`."""
    keep_alive: bool = True
    awaits_continue: bool = False
    """The client sends its body only when told to go on."""
    body: bytes = b""
    client: tuple[str, int] | None = None
    """Address and port of the peer."""
