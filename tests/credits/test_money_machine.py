"""Whatever happens in whatever order: the ledger adds up, and nobody spends more than there is."""

import asyncio
import shutil
import tempfile
from collections import Counter
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import select

from credit_worker import Key, Worker
from waystation.credits.fund import BALANCE, Fund, Periods
from waystation.credits.lease import Reservation
from waystation.errors import InsufficientCredits
from waystation.storage.engine import open_engine
from waystation.storage.ledger import SqlLedger
from waystation.storage.migrations import migrate
from waystation.storage.tables import leases, ledger_balances, ledger_entries

Result = TypeVar("Result")
DAY = 86_400
WORKERS = st.integers(0, 2)
KEYS = st.integers(0, 2)
AMOUNTS = st.integers(1, 400)
PARTS = st.integers(0, 100)
WHICH = st.integers(0, 10**6)
RESETS = (None, "daily", "weekly")
LIMITS = st.one_of(st.none(), st.integers(0, 1500))


class Held(NamedTuple):
    """A reservation of a worker."""

    worker: Worker
    key: Key
    at: float
    reservation: Reservation

    @property
    def funds(self) -> list[Fund]:
        """What it draws on."""
        leases_of = (self.reservation.key, self.reservation.balance)
        return [lease.fund for lease in leases_of if lease is not None]


class Money(RuleBasedStateMachine):
    """Three processes, three keys, one prepaid balance. The model is `spent`, `allowed` and what is `held`."""

    @initialize(balance=st.integers(0, 3000))
    def begin(self, balance: int) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.loop = asyncio.new_event_loop()
        migrate("", self.folder)
        self.engine = open_engine("", self.folder)
        self.ledger = SqlLedger(self.engine)
        self.now = 1_763_812_800.0
        self.keys = [Key("aa" * 32, 1000), Key("bb" * 32, 700, "daily"), Key("cc" * 32)]
        self.spent: Counter[Fund] = Counter()
        self.used: Counter[str] = Counter()
        self.credited = 0
        self.beyond: Counter[Fund] = Counter()
        self.allowed: dict[Fund, int] = {Fund(BALANCE): 0}
        self.held: list[Held] = []
        self.workers = [self.started() for _ in range(3)]
        self.move(balance)

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        return self.loop.run_until_complete(work)

    def started(self) -> Worker:
        worker = Worker(self.engine, self.folder, prepaid=True)
        self.run(worker.start())
        return worker

    @rule(amount=st.integers(-500, 1500))
    def move(self, amount: int) -> None:
        """Credit comes, or is taken back: what is leased already may still be spent."""
        if amount:
            kind = "purchase" if amount > 0 else "adjustment"
            self.run(self.ledger.credit(kind, amount, "", None, 0))  # type: ignore[arg-type]  # a literal of two
        self.credited += amount
        self.renew_bound(Fund(BALANCE))

    def renew_bound(self, fund: Fund) -> None:
        """The balance bounds what is not leased yet."""
        leased = sum(self.free_of(worker, fund.name) for worker in self.workers)
        self.allowed[fund] = max(self.credited + self.beyond[fund], self.committed(fund) + leased)

    @rule(number=KEYS, limit=LIMITS, reset=st.sampled_from(RESETS))
    def change_limit(self, number: int, limit: int | None, reset: str | None) -> None:
        """Workers learn of it within a second; what was charged before is in the store by then."""
        key = self.keys[number]
        self.keys[number] = Key(key.key_hash, limit, reset)
        for each in self.workers:
            self.run(each.log.flush())

    @rule(worker=WORKERS, number=KEYS, amount=AMOUNTS)
    def reserve(self, worker: int, number: int, amount: int) -> None:
        self.run(self.reserved(self.workers[worker], self.keys[number], amount))

    @rule(worker=WORKERS, asked=st.lists(st.tuples(KEYS, AMOUNTS), min_size=2, max_size=6))
    def reserve_at_once(self, worker: int, asked: list[tuple[int, int]]) -> None:
        async def all_of_them() -> None:
            here = self.workers[worker]
            await asyncio.gather(
                *(self.reserved(here, self.keys[number], amount) for number, amount in asked)
            )

        self.run(all_of_them())

    @rule(amounts=st.tuples(AMOUNTS, AMOUNTS, AMOUNTS), number=KEYS)
    def reserve_everywhere(self, amounts: tuple[int, int, int], number: int) -> None:
        async def all_of_them() -> None:
            pairs = zip(self.workers, amounts, strict=True)
            await asyncio.gather(*(self.reserved(each, self.keys[number], amount) for each, amount in pairs))

        self.run(all_of_them())

    @rule(worker=WORKERS, number=KEYS, amount=AMOUNTS)
    def reserve_when_all_is_tidy(self, worker: int, number: int, amount: int) -> None:
        """With nothing lying idle elsewhere, a request is refused if and only if it does not fit."""
        for each in self.workers * 2:
            self.run(each.reservations.tidy())
        key = self.keys[number]
        rooms = [self.credited - self.committed(Fund(BALANCE))]
        if key.limit is not None:
            rooms.append(key.limit - self.committed(self.fund_of(key)))
        fits = amount <= min(rooms)
        assert self.run(self.reserved(self.workers[worker], key, amount)) == fits

    async def reserved(self, worker: Worker, key: Key, amount: int) -> bool:
        self.renew_bound(Fund(BALANCE))
        if key.limit is not None:
            fund = self.fund_of(key)
            # A limit that was lowered, or is new, finds what was spent and held before.
            self.allowed[fund] = max(key.limit + self.beyond[fund], self.committed(fund))
        try:
            reservation = await worker.reservations.reserve(key, self.now, amount)
        except InsufficientCredits:
            return False
        self.held.append(Held(worker, key, self.now, reservation))
        return True

    @rule(
        worker=WORKERS, number=KEYS, requests=st.lists(st.tuples(AMOUNTS, PARTS, st.booleans()), max_size=6)
    )
    def serve(self, worker: int, number: int, requests: list[tuple[int, int, bool]]) -> None:
        """Requests come and go, one after the other; after some of them the process gives back what it did not need."""
        for amount, part, tidies in requests:
            if self.run(self.reserved(self.workers[worker], self.keys[number], amount)):
                self.charged(self.held.pop(), amount * part // 100)
            if tidies:
                self.tidy(worker)

    @rule(which=WHICH, part=PARTS)
    def settle(self, which: int, part: int) -> None:
        for held in self.taken(which):
            self.charged(held, held.reservation.amount * part // 100)

    @rule(which=WHICH, excess=st.integers(1, 50))
    def settle_beyond_the_reservation(self, which: int, excess: int) -> None:
        """The only way over a bound: each exchange adds what it was charged beyond what it held."""
        for held in self.taken(which):
            for fund in held.funds:
                self.allowed[fund] += excess
                self.beyond[fund] += excess
            self.charged(held, held.reservation.amount + excess)

    @rule(which=WHICH)
    def release(self, which: int) -> None:
        for held in self.taken(which):
            held.reservation.release()

    @rule(worker=WORKERS)
    def flush(self, worker: int) -> None:
        self.run(self.workers[worker].log.flush())

    @rule(worker=WORKERS)
    def tidy(self, worker: int) -> None:
        self.run(self.workers[worker].reservations.tidy())

    @rule(worker=WORKERS)
    def kill(self, worker: int) -> None:
        """A process dies with what it had in hand; another takes over its journal and its leases."""
        dead = self.workers[worker]
        self.held = [held for held in self.held if held.worker is not dead]
        self.run(dead.kill())
        self.workers[worker] = self.started()

    @rule(worker=WORKERS)
    def lose_a_machine(self, worker: int) -> None:
        """A process that nobody here can see stops renewing, all its records being in the database."""
        lost = self.workers[worker]
        self.held = [held for held in self.held if held.worker is not lost]
        self.run(lost.log.close())
        lost.keeping._own._path.unlink()
        lost.keeping._own.leave()
        self.workers[worker] = self.started()
        alive = [each.keeping._own.name for each in self.workers]
        self.run(self.workers[worker].store.expire(2**60, alive))

    @rule()
    def next_day(self) -> None:
        self.now += DAY

    @invariant()
    def nobody_spends_more_than_there_is(self) -> None:
        for fund, allowed in self.allowed.items():
            assert self.committed(fund) <= allowed, fund

    @invariant()
    def nothing_is_leased_and_forgotten(self) -> None:
        """Whatever the store counts as a process's, that process can spend or give back."""
        known = {each.keeping._own.name: each.reservations for each in self.workers}
        for fund, holder, amount in self.run(self.leased()):
            mine = (*known[holder]._leases.values(), *known[holder]._past)
            assert any(lease.fund == fund for lease in mine) or not amount, fund

    async def leased(self) -> list[tuple[Fund, str, int]]:
        async with self.engine.connect() as connection:
            rows = (await connection.execute(select(leases))).all()
        return [(Fund(row.fund, row.first_day), row.holder, row.amount) for row in rows]

    @invariant()
    def the_ledger_adds_up(self) -> None:
        self.run(self.check_ledger())

    def teardown(self) -> None:
        for worker in self.workers:
            self.run(worker.close())
        self.held = []
        self.run(self.check_ledger())
        self.run(self.check_end())
        self.run(self.engine.dispose())
        self.loop.close()
        shutil.rmtree(self.folder)

    async def check_ledger(self) -> None:
        async with self.engine.connect() as connection:
            entries = (await connection.execute(select(ledger_entries))).all()
            balances = {row[0]: row[1] for row in await connection.execute(select(ledger_balances))}
        movements: Counter[int] = Counter()
        accounts: Counter[str] = Counter()
        for number, account, amount in entries:
            movements[number] += amount
            accounts[account] += amount
        assert not any(movements.values())
        assert dict(accounts) == balances

    async def check_end(self) -> None:
        """Every charge is in the ledger once, and nothing is leased any more."""
        totals = await self.ledger.totals()
        assert totals.credited == self.credited
        assert totals.charged == sum(self.used.values())
        async with self.engine.connect() as connection:
            assert (await connection.execute(select(leases))).all() == []
            for key_hash, used in self.used.items():
                statement = select(ledger_balances.c.balance).where(
                    ledger_balances.c.account == "usage:" + key_hash
                )
                assert (await connection.execute(statement)).scalar_one_or_none() == (used or None)

    def taken(self, which: int) -> list[Held]:
        """One of those that are held, if any is."""
        return [self.held.pop(which % len(self.held))] if self.held else []

    def charged(self, held: Held, charge: int) -> None:
        """Settle it. A fund that did not bound the request when it began must bear it all the same."""
        held.worker.settle(held.reservation, held.key.key_hash, held.at, charge)
        self.used[held.key.key_hash] += charge
        own = {Fund(held.key.key_hash, Periods().first_day(held.at, reset)) for reset in RESETS}
        for fund in (Fund(BALANCE), *own):
            self.spent[fund] += charge
            if fund in self.allowed and fund not in held.funds:
                self.allowed[fund] += charge
        key = next(key for key in self.keys if key.key_hash == held.key.key_hash)
        if key.limit is not None and self.fund_of(key) not in held.funds:
            self.run(held.worker.log.flush())  # as it is within a fifth of a second: the new limit finds it

    def fund_of(self, key: Key) -> Fund:
        return Fund(key.key_hash, Periods().first_day(self.now, key.limit_reset))

    def committed(self, fund: Fund) -> int:
        """What was charged to a fund, and what may still be."""
        return self.spent[fund] + sum(held.reservation.amount for held in self.held if fund in held.funds)

    def free_of(self, worker: Worker, name: str) -> int:
        """What a worker has free of a fund."""
        lease = worker.reservations._leases.get(name)
        return lease.free if lease is not None else 0


TestMoney = Money.TestCase
TestMoney.settings = settings(
    max_examples=25, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
