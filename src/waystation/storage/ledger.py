"""`Ledger` over the database, and the posting of charges in the transaction that keeps their records."""

import time
from collections.abc import Iterable, Mapping

from sqlalchemy import RowMapping, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from waystation.credits.fund import BALANCE
from waystation.credits.store import Entry, EntryKind, ReferenceTaken, Totals
from waystation.storage.engine import NotStorable, reaching
from waystation.storage.tables import ledger_balances, ledger_entries, ledger_transactions

USAGE = "usage:"
"""What the accounts of keys begin with; the rest is the key's hash."""


class Posting:
    """Adds one movement, both its sides and the balances, inside somebody's transaction."""

    def __init__(self, engine: AsyncEngine) -> None:
        insert = postgresql.insert if engine.dialect.name == "postgresql" else sqlite.insert
        balances = insert(ledger_balances)
        self._add_to_balances = balances.on_conflict_do_update(
            index_elements=[ledger_balances.c.account],
            set_={"balance": ledger_balances.c.balance + balances.excluded.balance},
        )

    async def charges(self, connection: AsyncConnection, by_key: Iterable[tuple[str, int]]) -> None:
        """What keys were charged, as one movement from the balance to what each has used."""
        sums: dict[str, int] = {}
        for key_hash, amount in by_key:
            if amount:
                sums[USAGE + key_hash] = sums.get(USAGE + key_hash, 0) + amount
        if sums:
            sides = {BALANCE: -sum(sums.values()), **sums}
            await self.post(connection, "usage", sides, at=int(time.time() * 1000))

    async def post(
        self,
        connection: AsyncConnection,
        kind: EntryKind,
        sides: Mapping[str, int],
        *,
        at: int,
        note: str = "",
        reference: str | None = None,
    ) -> int:
        """Post amounts by account, which add up to 0; the movement's number."""
        if sum(sides.values()):
            raise ValueError("the sides of a movement add up to 0")
        values = {"created_at": at, "kind": kind, "note": note, "reference": reference}
        statement = ledger_transactions.insert().values(values).returning(ledger_transactions.c.number)
        number = (await connection.execute(statement)).scalar_one()
        ordered = sorted(sides.items())
        await connection.execute(
            ledger_entries.insert(),
            [{"number": number, "account": account, "amount": amount} for account, amount in ordered],
        )
        await connection.execute(
            self._add_to_balances, [{"account": account, "balance": amount} for account, amount in ordered]
        )
        return int(number)


class SqlLedger:
    """The movements of the balance."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._posting = Posting(engine)

    async def credit(self, kind: EntryKind, amount: int, note: str, reference: str | None, at: int) -> Entry:
        """Move nano-dollars into the balance, or out where negative; the earlier entry where the reference is known."""
        sides = {BALANCE: amount, kind: -amount}
        try:
            with reaching():
                async with self._engine.begin() as connection:
                    number = await self._posting.post(
                        connection, kind, sides, at=at, note=note, reference=reference
                    )
        except NotStorable as error:
            if reference is None or not isinstance(error.__cause__, IntegrityError):
                raise
            return await self._earlier(reference, kind, amount)
        return Entry(number, at, kind, amount, note, reference)

    async def totals(self) -> Totals:
        """The sums of all entries."""
        with reaching():
            async with self._engine.connect() as connection:
                rows = (await connection.execute(select(ledger_balances))).all()
        charged = sum(balance for account, balance in rows if account.startswith(USAGE))
        balance = sum(balance for account, balance in rows if account == BALANCE)
        return Totals(balance + charged, charged)

    async def entries(self, count: int, *, before: int | None = None) -> list[Entry]:
        """Movements of the balance, newest first, `before` that number."""
        statement = _ENTRIES.order_by(ledger_transactions.c.number.desc()).limit(count)
        if before is not None:
            statement = statement.where(ledger_transactions.c.number < before)
        with reaching():
            async with self._engine.connect() as connection:
                return [_entry(row) for row in (await connection.execute(statement)).mappings()]

    async def _earlier(self, reference: str, kind: EntryKind, amount: int) -> Entry:
        statement = _ENTRIES.where(ledger_transactions.c.reference == reference)
        with reaching():
            async with self._engine.connect() as connection:
                entry = _entry((await connection.execute(statement)).mappings().one())
        if (entry.kind, entry.amount) != (kind, amount):
            raise ReferenceTaken(f"The reference {reference[:64]} belongs to another movement.")
        return entry


_ENTRIES = select(ledger_transactions, ledger_entries.c.amount).where(
    ledger_entries.c.number == ledger_transactions.c.number, ledger_entries.c.account == BALANCE
)


def _entry(row: RowMapping) -> Entry:
    return Entry(row["number"], row["created_at"], row["kind"], row["amount"], row["note"], row["reference"])
