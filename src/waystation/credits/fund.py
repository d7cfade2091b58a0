"""What a reservation draws on: the prepaid balance, or what one key may spend in one period (UTC calendar)."""

from datetime import UTC, datetime
from typing import Protocol

from msgspec import Struct

DAY_SECONDS = 86_400
BALANCE = "credits"
"""The fund that is the prepaid balance, and the ledger's account of it."""


class Spender(Protocol):
    """A key as far as its spending is limited. `accounts.keys.Account` is one."""

    @property
    def key_hash(self) -> str:
        """What identifies the key."""
        ...

    @property
    def limit(self) -> int | None:
        """Nano-dollars in each period; None is no limit."""
        ...

    @property
    def limit_reset(self) -> str | None:
        """daily, weekly or monthly; None: the limit is for good."""
        ...

    @property
    def include_byok_in_limit(self) -> bool:
        """Whether what providers charge to the caller's own credentials counts too."""
        ...


class Fund(Struct, frozen=True):
    """`name` is `BALANCE` or a key's hash; `first_day` is the period's, as days since 1970-01-01, 0 where there is none."""

    name: str
    first_day: int = 0


def day_of(at: float) -> int:
    """The UTC day of a moment (Unix seconds), as days since 1970-01-01."""
    return int(at) // DAY_SECONDS


class Periods:
    """The first days of the periods that hold a moment; what was asked last is remembered."""

    def __init__(self) -> None:
        self._first_days: dict[str | None, int] = {}
        self._day = -1

    def first_day(self, at: float, reset: str | None) -> int:
        """The first day of the period of this `limit_reset` that holds `at` (Unix seconds)."""
        day = day_of(at)
        if day != self._day:
            self._first_days = _first_days(day)
            self._day = day
        return self._first_days[reset]


def _first_days(day: int) -> dict[str | None, int]:
    moment = datetime.fromtimestamp(day * DAY_SECONDS, UTC)
    return {None: 0, "daily": day, "weekly": day - moment.weekday(), "monthly": day - moment.day + 1}
