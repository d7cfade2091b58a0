"""What one connection may cost: bytes and seconds. Plain data; where it comes from is the caller's affair."""

from msgspec import Struct


class Limits(Struct, frozen=True):
    """How the server behaves toward every connection."""

    max_head_bytes: int = 64 * 1024
    """Request line and headers (431), and the trailers of a chunked body."""
    max_target_bytes: int = 16 * 1024
    """The request target (414)."""
    max_headers: int = 128
    """Header lines of one request (431)."""
    max_ahead_bytes: int = 64 * 1024
    """What may arrive of later requests while one is answered, before the socket is no longer read."""
    high_water_bytes: int = 64 * 1024
    """What an answer may pile up unsent before its handler waits."""
    head_timeout: float = 30.0
    """Seconds from a request's first byte to the end of its head (408)."""
    body_timeout: float = 60.0
    """Seconds between two reads of a request's body (408)."""
    idle_timeout: float = 75.0
    """Seconds a connection may wait for its next request."""
    write_timeout: float = 60.0
    """Seconds in which a client takes nothing of what is piled up for it, before it is given up."""
    linger_timeout: float = 5.0
    """Seconds for which the rest of a refused request is read and dropped, so that its answer is not lost to a reset."""
    sweep_interval: float = 1.0
    """Seconds between two looks at all deadlines: their precision."""
