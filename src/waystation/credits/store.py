"""What reservations and the ledger need of a database. `storage` implements it; nothing here knows how."""

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol, TypeAlias

from msgspec import Struct

from waystation.credits.fund import Fund
from waystation.errors import GatewayError

EntryKind: TypeAlias = Literal["purchase", "adjustment", "usage", "opening"]
"""Why money moved. `opening`: what keys had spent before there was a ledger."""

SHARE = 16
"""A lease takes at most one in so many parts of what is left, beyond what requests are waiting for."""


class Want(Struct, frozen=True):
    """A refill. Of key funds `limit` is the limit; None: the fund is the ledger's balance.

    `kept` is what the lease must still hold, `least` the smallest further amount that helps anybody, `wanted` what all
    who wait need, `spare` what would be good to have beyond that.
    """

    fund: Fund
    limit: int | None
    include_byok: bool
    kept: int
    least: int
    wanted: int
    spare: int


class Grant(Struct, frozen=True):
    """`amount` is the lease's from now on; `left` is what the fund has beyond all leases, negative where it is overdrawn."""

    amount: int
    left: int


def grant(want: Want, left: int) -> Grant:
    """How much of what is `left` a lease gets: all or nothing of the least, and only a small share of the spare."""
    if left < want.least:
        return Grant(0, left)
    if left <= want.wanted:
        return Grant(left, 0)
    amount = want.wanted + min(want.spare, (left - want.wanted) // SHARE)
    return Grant(amount, left - amount)


class LeaseStore(Protocol):
    """Where leases are kept, one row for each holder and fund. Every method raises `Unavailable`.

    For every fund, what is spent and what is leased together never exceed what there is, but for limits that were lowered,
    balances that were taken back, and charges beyond their reservations.
    """

    async def refill(self, holder: str, want: Want) -> Grant:
        """Lease more, atomically among all holders."""
        ...

    async def keep(self, holder: str, kept: Mapping[Fund, int]) -> None:
        """Set what the holder still has of these funds; 0 gives all back."""
        ...

    async def renew(self, holder: str) -> None:
        """Say that the holder lives."""
        ...

    async def release(self, holder: str) -> None:
        """Give back all of a holder that is no more, once all that it charged is in the store."""
        ...

    async def expire(self, before: int, known: Sequence[str]) -> int:
        """Give back what holders other than the `known` have not renewed since `before` (Unix milliseconds); how many."""
        ...


class Entry(Struct, frozen=True):
    """One movement of the balance: `amount` nano-dollars in (negative: out). `created_at` is Unix milliseconds."""

    number: int
    created_at: int
    kind: EntryKind
    amount: int
    note: str
    reference: str | None


class Totals(Struct, frozen=True):
    """Nano-dollars: all that was ever credited, and all that was ever charged."""

    credited: int
    charged: int

    @property
    def balance(self) -> int:
        """What is left."""
        return self.credited - self.charged


class ReferenceTaken(GatewayError):
    """A movement of this reference is there already, with another amount or kind."""

    status = 409
    error_type = "invalid_request"


class Ledger(Protocol):
    """Double entry, append-only. Charges are posted with the records they belong to, by the generation store."""

    async def credit(self, kind: EntryKind, amount: int, note: str, reference: str | None, at: int) -> Entry:
        """Move nano-dollars into the balance, or out where negative; the earlier entry where the reference is known.

        `ReferenceTaken` where that was another movement.
        """
        ...

    async def totals(self) -> Totals:
        """The sums of all entries."""
        ...

    async def entries(self, count: int, *, before: int | None = None) -> list[Entry]:
        """Movements of the balance, newest first, `before` that number; charges are one entry a batch."""
        ...
