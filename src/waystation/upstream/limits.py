"""What the upstream client is allowed to spend: seconds, connections and bytes. Plain data; where it comes from is the caller's affair."""

from msgspec import Struct
from msgspec.structs import replace

from waystation.upstream.guard import AddressGuard


class Timeouts(Struct, frozen=True):
    """Deadlines of one request, in seconds."""

    connect: float = 5.0
    """To have a connection: waiting for a free one, resolving, connecting and the TLS handshake together."""
    first_byte: float = 120.0
    """From the request sent to the first byte of the answer's body; 1xx answers do not count."""
    answer: float = 600.0
    """In place of `first_byte` where the answer is asked whole (`for_whole`): nothing of it comes until all of it is made."""
    idle: float = 60.0
    """Between two reads of the body; also the longest an upload may stand still."""
    total: float = 900.0
    """From the call of `send` to the last byte of the body."""

    def for_whole(self) -> "Timeouts":
        """The same for an answer that is asked whole."""
        return replace(self, first_byte=self.answer)


class ClientSettings(Struct, frozen=True):
    """How one client behaves toward every origin."""

    max_connections: int = 0
    """Open connections per origin; 0 is no limit. Requests over it wait, within `Timeouts.connect`."""
    max_idle: int = 512
    """Idle connections kept per origin."""
    keepalive_expiry: float = 50.0
    """Seconds a connection may lie idle: below the 60 to 75 after which common servers and balancers close it."""
    max_head_bytes: int = 64 * 1024
    """Status line and headers of an answer, all its 1xx answers and its trailers included."""
    max_response_bytes: int = 64 * 1024 * 1024
    """What `Response.read` gathers at most, and what a compressed body may grow to."""
    max_buffered_bytes: int = 256 * 1024
    """Body bytes held for a slow reader before the socket is no longer read."""
    http_proxy: str = ""
    """URL of the proxy for `http` origins: `http://user:password@host:port`."""
    https_proxy: str = ""
    """URL of the proxy for `https` origins, reached by CONNECT."""
    no_proxy: tuple[str, ...] = ()
    """Hosts reached directly: a name (with all below it), an address, a network such as `10.0.0.0/8`, or `*`."""
    ca_file: str = ""
    """PEM bundle to trust in place of certifi's."""
    verify: bool = True
    """False accepts any certificate."""
    guard: AddressGuard | None = None
    """Who is asked before any connection, for addresses that callers give; no proxy is used then."""


DEFAULT_TIMEOUTS = Timeouts()
DEFAULT_SETTINGS = ClientSettings()
