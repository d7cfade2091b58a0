"""What the workers of a gateway tell each other of endpoints, so that an outage that one meets is known to all.

Each counts what it sees itself, and tells now and then what it has counted since. What it was told it counts as its own,
but never tells again: so in the end all know the same, and nothing twice.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from msgspec import Struct

from waystation.routing.windows import Tally


class Standing(Struct, frozen=True, array_like=True, gc=False):
    """What is thought of an endpoint since a moment (Unix seconds): the fields are those of `EndpointHealth`.

    Of two workers the one that came to think so later is right.
    """

    since: float
    outage_until: float
    cooling_until: float
    probe_until: float
    unproven: bool
    limited_in_a_row: int


class News(Struct, frozen=True, array_like=True):
    """Of one endpoint (`endpoint_key`): the attempts since the last time, until `at`; and what is thought, if that changed."""

    key: str
    at: float
    tally: Tally
    standing: Standing | None = None


class Neighbours(Protocol):
    """The other workers. News may be lost; who missed some learns by its own attempts."""

    def tell(self, news: Sequence[News]) -> None:
        """Pass this on to all others, without waiting."""
        ...

    def listen(self, hear: Callable[[Sequence[News]], None]) -> None:
        """Call this, on the running loop, with whatever the others tell from now on."""
        ...

    def leave(self) -> None:
        """Listen no more."""
        ...
