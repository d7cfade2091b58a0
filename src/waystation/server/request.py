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


class Request:
    """One request. Header names are lower-cased; of a repeated header the first value is in `headers`."""

    __slots__ = (
        "awaits_continue",
        "body",
        "client",
        "headers",
        "keep_alive",
        "length",
        "method",
        "path",
        "query",
        "repeated",
        "target",
        "version",
    )

    def __init__(
        self, method: str, target: bytes, headers: dict[bytes, bytes], repeated: list[tuple[bytes, bytes]]
    ) -> None:
        self.method = method
        self.target = target
        """The path as received, percent-encoded, without its query."""
        self.path = ""
        """The path decoded."""
        self.query = b""
        self.version = "1.1"
        """Or `1.0`."""
        self.headers = headers
        self.repeated = repeated
        """Later values of repeated headers, in order."""
        self.body = b""
        self.length = 0
        """Declared bytes of the body, or `CHUNKED`."""
        self.keep_alive = True
        self.awaits_continue = False
        self.client: tuple[str, int] | None = None
        """Address and port of the peer."""
