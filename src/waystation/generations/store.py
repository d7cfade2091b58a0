"""What the generation log needs of a database. `storage` implements it; nothing here knows how."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Protocol

from msgspec import Struct

from waystation.errors import InternalError
from waystation.generations.record import GenerationRecord

DAY_SECONDS = 86_400


class Spend(Struct, frozen=True):
    """What one key has spent, in nano-dollars: ever, and in the UTC day, week (from Monday) and month of the question.

    `byok_*` is what providers charged to the caller's own credentials, which is on nobody's bill here.
    """

    total: int = 0
    daily: int = 0
    weekly: int = 0
    monthly: int = 0
    byok_total: int = 0
    byok_daily: int = 0
    byok_weekly: int = 0
    byok_monthly: int = 0


class RecordRejected(InternalError):
    """The store is reachable and will not take a record, now or ever."""


class GenerationStore(Protocol):
    """Where records end up. Every method raises `Unavailable` where the store cannot be reached."""

    async def add(self, payloads: Sequence[bytes]) -> None:
        """Keep records (each a `GenerationRecord` as JSON), all or none; `RecordRejected` where one cannot be kept.

        A record whose id is known already changes nothing, sums included.
        """
        ...

    async def get(self, generation_id: str) -> GenerationRecord | None:
        """The record of this id."""
        ...

    async def spend(self, key_hash: str, at: int) -> Spend:
        """Sums for one key, with the periods that hold the moment `at` (Unix milliseconds)."""
        ...


class Periods(Struct, frozen=True):
    """The first days of the current UTC day, week and month, as days since 1970-01-01."""

    day: int
    week: int
    month: int

    @classmethod
    def of(cls, at: int) -> "Periods":
        """The periods that hold the moment `at` (Unix milliseconds)."""
        moment = datetime.fromtimestamp(at / 1000, UTC)
        day = day_of(at)
        return cls(day, day - moment.weekday(), day - moment.day + 1)


def day_of(at: int) -> int:
    """The UTC day of a moment (Unix milliseconds), as days since 1970-01-01."""
    return at // (DAY_SECONDS * 1000)
