"""What keys have spent, many at once: what lists of keys need of a database. `storage` implements it."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from msgspec import Struct


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


class KeySpend(Struct, frozen=True):
    """What one key has spent, and the last UTC day it was used, as days since 1970-01-01 (None: never)."""

    sums: Spend = Spend()
    last_day: int | None = None


class Spending(Protocol):
    """Raises `Unavailable` where the sums cannot be read."""

    async def of(self, key_hashes: Sequence[str], at: int) -> Mapping[str, KeySpend]:
        """By hash, with the periods that hold the moment `at` (Unix milliseconds); every hash is there."""
        ...
