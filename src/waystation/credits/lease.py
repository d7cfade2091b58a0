"""A lease: the part of a fund that this process alone may spend from. Arithmetic only; no clock, no store.

What was leased is always `free + held + spent`. A charge beyond its reservation is taken from `free` first; what that
does not cover is the only way to overrun a fund, and is part of `spent` at once.
"""

from msgspec import Struct

from waystation.credits.fund import Fund


class Lease(Struct, eq=False):
    """Nano-dollars of one fund. `spent` counts charges whose records the store may not have yet.

    `limit` is that of the key when the lease was last looked at, None for the balance. `spare` is what was free all the
    time since the last look, so that nobody needed it; `tickets` and `asked` tell a waiting request whether a refill has
    heard of it.
    """

    fund: Fund
    limit: int | None = None
    include_byok: bool = False
    free: int = 0
    held: int = 0
    spent: int = 0
    spare: int = 0
    waiting: list[int] = []
    tickets: int = 0
    asked: int = 0
    left: int = 0
    """What the store had for nobody when it was last asked."""

    def take(self, amount: int) -> bool:
        """Hold so much for one request, if it is free."""
        if amount > self.free:
            return False
        self.free -= amount
        self.held += amount
        self.spare = min(self.spare, self.free)
        return True

    def settle(self, amount: int, charge: int) -> None:
        """A request that held `amount` is over and cost `charge`; 0 releases all of it."""
        self.held -= amount
        self.spent += charge
        self.free = max(self.free + amount - charge, 0)

    def give_back(self) -> int:
        """Let go of what nobody needed since the last look; how much that is."""
        given = min(self.spare, self.free)
        self.free -= given
        self.spare = self.free
        return given

    @property
    def kept(self) -> int:
        """What the store must know as leased."""
        return self.free + self.held + self.spent

    @property
    def is_idle(self) -> bool:
        """Whether nothing is left of it: nothing free, held, spent or waited for."""
        return not (self.free or self.held or self.spent or self.waiting)


class Reservation(Struct, eq=False):
    """What one exchange holds until it is settled: so much of the key's lease, of the balance's, or of both."""

    amount: int
    key: Lease | None = None
    balance: Lease | None = None

    def settle(self, charge: int, byok: int = 0) -> None:
        """Turn it into a charge of so many nano-dollars, and `byok` that a provider charged to the caller's own credential."""
        key, balance = self.key, self.balance
        if key is not None:
            key.settle(self.amount, charge + byok if key.include_byok else charge)
        if balance is not None:
            balance.settle(self.amount, charge)

    def release(self) -> None:
        """Nothing came of it."""
        self.settle(0)
