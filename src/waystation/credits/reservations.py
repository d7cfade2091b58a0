"""Reservations of one process: held from its leases before a request is sent, settled when it is over.

Taking from a lease is two additions. Only a request that does not fit waits, for one refill; all refills and returns of
a process happen one after another, since each says the whole of what the process still has. Nothing is leased for
keys without a limit where credit is unlimited.
"""

import asyncio
from collections.abc import Awaitable, Callable

from waystation.credits.fund import BALANCE, Fund, Periods, Spender
from waystation.credits.lease import Lease, Reservation
from waystation.credits.money import decimal_of
from waystation.credits.store import LeaseStore, Want
from waystation.errors import InsufficientCredits

SPARE = 32
"""How many times what is waited for a refill asks for beyond it, where there is plenty."""


class Reservations:
    """Holds and settles. `flush` brings all records of settled exchanges into the store, or raises `Unavailable`."""

    def __init__(
        self, store: LeaseStore, holder: str, flush: Callable[[], Awaitable[None]], *, prepaid: bool
    ) -> None:
        self._store = store
        self._holder = holder
        self._flush = flush
        self._prepaid = prepaid
        self._periods = Periods()
        self._leases: dict[str, Lease] = {}
        self._past: list[Lease] = []
        self._refills: dict[Lease, asyncio.Task[None]] = {}
        self._writing = asyncio.Lock()

    def guards(self, spender: Spender) -> bool:
        """Whether anything bounds what this key may spend."""
        return self._prepaid or spender.limit is not None

    def hold(self, spender: Spender, at: float, amount: int) -> Reservation | None:
        """`reserve` as far as this process's leases go, which is nearly always; None where the store has to be asked."""
        key, balance = None, None
        if spender.limit is not None:
            key = self._key_lease(spender, spender.limit, at)
            if not key.take(amount):
                return None
        if self._prepaid:
            balance = self._leases.get(BALANCE)
            if balance is None or not balance.take(amount):
                if key is not None:
                    key.settle(amount, 0)
                return None
        return Reservation(amount, key, balance)

    async def reserve(self, spender: Spender, at: float, amount: int) -> Reservation:
        """Hold `amount` nano-dollars for a request that began `at` (Unix seconds).

        `InsufficientCredits` where the key's limit or the balance has less, `Unavailable` where the store must be asked
        and cannot be.
        """
        held = self.hold(spender, at, amount)
        if held is not None:
            return held
        reservation = Reservation(amount)
        if spender.limit is not None:
            key = self._key_lease(spender, spender.limit, at)
            if not key.take(amount):
                await self._wait_for(key, amount, spender)
            reservation.key = key
        if self._prepaid:
            balance = self._leases.get(BALANCE) or self._new(BALANCE, Lease(Fund(BALANCE)))
            if not balance.take(amount):
                try:
                    await self._wait_for(balance, amount, spender)
                except BaseException:
                    reservation.release()
                    raise
            reservation.balance = balance
        return reservation

    async def tidy(self) -> None:
        """Give back what nobody needed since the last call; `Unavailable` where the store cannot be reached."""
        async with self._writing:
            returned = [lease for lease in (*self._leases.values(), *self._past) if self._gives_back(lease)]
            if not returned:
                return
            await self._book(returned)
            await self._store.keep(self._holder, {lease.fund: lease.kept for lease in returned})
            for lease in returned:
                if lease.is_idle:
                    self._forget(lease)

    def _gives_back(self, lease: Lease) -> bool:
        """Whether the store is to be told of this lease: it has let go of something, was charged, or is not used any more.

        A charge that is in the ledger already counts twice until the store hears that it is not held any more.
        """
        return not lease.waiting and (
            lease.give_back() > 0 or lease.spent > 0 or not (lease.free or lease.held)
        )

    async def renew(self) -> None:
        """Tell the store that this process lives."""
        await self._store.renew(self._holder)

    def _key_lease(self, spender: Spender, limit: int, at: float) -> Lease:
        lease = self._leases.get(spender.key_hash)
        first_day = self._periods.first_day(at, spender.limit_reset)
        if lease is None or lease.fund.first_day != first_day:
            if lease is not None:
                self._past.append(lease)
            fund = Fund(spender.key_hash, first_day)
            lease = self._new(spender.key_hash, self._past_lease(fund) or Lease(fund))
        if lease.limit != limit or lease.include_byok != spender.include_byok_in_limit:
            lease.limit, lease.include_byok = limit, spender.include_byok_in_limit
            lease.free = 0
        return lease

    def _new(self, name: str, lease: Lease) -> Lease:
        self._leases[name] = lease
        return lease

    def _past_lease(self, fund: Fund) -> Lease | None:
        """The lease of this fund that was set aside: a request that began before midnight may reserve after it."""
        for lease in self._past:
            if lease.fund == fund:
                self._past.remove(lease)
                return lease
        return None

    def _forget(self, lease: Lease) -> None:
        if lease in self._past:
            self._past.remove(lease)
        elif self._leases.get(lease.fund.name) is lease:
            del self._leases[lease.fund.name]

    async def _wait_for(self, lease: Lease, amount: int, spender: Spender) -> None:
        lease.tickets += 1
        ticket = lease.tickets
        lease.waiting.append(amount)
        try:
            while not lease.take(amount):
                if lease.asked >= ticket:
                    raise _refusal(lease, amount, spender)
                await asyncio.shield(self._refill_of(lease))
        finally:
            lease.waiting.remove(amount)

    def _refill_of(self, lease: Lease) -> "asyncio.Task[None]":
        """The refill under way, else a new one. It is nobody's in particular: who gives up does not stop it."""
        task = self._refills.get(lease)
        if task is None or task.done():
            task = self._refills[lease] = asyncio.get_running_loop().create_task(self._refill(lease))
            task.add_done_callback(lambda done: self._refilled(lease, done))
        return task

    def _refilled(self, lease: Lease, done: "asyncio.Task[None]") -> None:
        if self._refills.get(lease) is done:
            del self._refills[lease]
        if not done.cancelled():
            done.exception()  # those who waited have seen it

    async def _refill(self, lease: Lease) -> None:
        async with self._writing:
            if not lease.asked:  # what was charged to the key before it had this limit
                await self._flush()
            await self._book([lease])
            if not lease.waiting:
                return
            asked, wanted, free = lease.tickets, sum(lease.waiting), lease.free
            want = Want(
                lease.fund,
                lease.limit,
                lease.include_byok,
                kept=lease.kept,
                least=max(min(lease.waiting) - free, 1),
                wanted=max(wanted - free, 1),
                spare=SPARE * wanted,
            )
            grant = await self._store.refill(self._holder, want)
            if lease.limit == want.limit:
                lease.asked = asked
                lease.left = grant.left
                lease.free += grant.amount

    async def _book(self, leases: list[Lease]) -> None:
        """Bring charges into the store; then they are no longer the lease's to answer for."""
        booked = [lease.spent for lease in leases]
        if any(booked):
            await self._flush()
            for lease, spent in zip(leases, booked, strict=True):
                lease.spent -= spent


def _refusal(lease: Lease, amount: int, spender: Spender) -> InsufficientCredits:
    left = _dollars(max(lease.left + lease.free, 0))
    asked = f"this request may cost up to {_dollars(amount)}, and {left}"
    if lease.limit is None:
        return InsufficientCredits(
            f"Insufficient credits: {asked} is left. Add credits, or lower max_tokens.",
        )
    period = f"{spender.limit_reset} limit" if spender.limit_reset else "limit"
    return InsufficientCredits(
        f"Key limit exceeded: {asked} of the key's {period} of {_dollars(lease.limit)} is left. "
        "Raise the limit, or lower max_tokens.",
    )


def _dollars(nano: int) -> str:
    return f"${decimal_of(nano).normalize():f}"
