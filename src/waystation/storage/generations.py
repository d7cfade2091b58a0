"""`GenerationStore` over the database: each record once, and the sums of its key's day in the same transaction.

A batch is made ready in a thread, so that the event loop's share of a record is next to nothing.
"""

import asyncio
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import TypeAlias

import msgspec
from msgspec import Struct
from sqlalchemy import case, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.dialects.sqlite.base import SQLiteDialect
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.ext.asyncio import AsyncEngine

from waystation.generations.record import GenerationRecord
from waystation.generations.store import Periods, RecordRejected, Spend, day_of
from waystation.storage.engine import NotStorable, reaching
from waystation.storage.ledger import Posting
from waystation.storage.tables import daily_spend, generations

_decode = msgspec.json.Decoder(GenerationRecord).decode

_Row: TypeAlias = tuple[object, ...]
TOGETHER = 128
"""Rows of one statement: after each, the database's thread and the event loop's may contend for the interpreter."""


class _Counters(Struct, frozen=True, gc=False):
    prompt_tokens: int = 0
    completion_tokens: int = 0


class _Amounts(Struct, frozen=True, gc=False):
    total: int | None = 0
    upstream: int | None = None
    is_byok: bool = False


class _Columns(Struct, frozen=True, gc=False):
    """What the table's columns want of a record; the rest of it is not looked at."""

    id: str
    created_at: int
    key_hash: str
    model: str
    provider: str | None = None
    status: int = 200
    cost: _Amounts = _Amounts()
    usage: _Counters = _Counters()


_columns = msgspec.json.Decoder(_Columns).decode


class SqlGenerationStore:
    """Generations, one row each, and a row of sums for each key and day."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._posting = Posting(engine)
        is_postgresql = engine.dialect.name == "postgresql"
        insert = postgresql.insert if is_postgresql else sqlite.insert
        dialect: type[DefaultDialect] = PGDialect if is_postgresql else SQLiteDialect
        positional = dialect(paramstyle="format" if is_postgresql else "qmark")
        self._insert_unknown = insert(generations).on_conflict_do_nothing()
        self._insert = str(self._insert_unknown.compile(dialect=positional))
        together = self._insert_unknown.values([dict.fromkeys(generations.c.keys())] * TOGETHER)
        self._insert_together = str(together.compile(dialect=positional))
        days = insert(daily_spend)
        days = days.on_conflict_do_update(
            index_elements=[daily_spend.c.key_hash, daily_spend.c.day],
            set_={
                name: daily_spend.c[name] + days.excluded[name]
                for name in ("cost", "byok_cost", "generations")
            },
        )
        self._add_to_days = str(days.compile(dialect=positional))

    async def add(self, payloads: Sequence[bytes]) -> None:
        """Keep records, all or none; `RecordRejected` where one cannot be kept. Known ids change nothing."""
        if not payloads:
            return
        try:
            with reaching():
                columns, rows, days = await asyncio.to_thread(_prepared, payloads)
                if not await self._add_new(columns, rows, days):
                    await self._add_unknown(columns, rows)
        except (NotStorable, msgspec.DecodeError) as error:
            raise RecordRejected(str(error)) from error

    async def get(self, generation_id: str) -> GenerationRecord | None:
        """The record of this id."""
        with reaching():
            async with self._engine.connect() as connection:
                statement = select(generations.c.record).where(generations.c.id == generation_id)
                record = (await connection.execute(statement)).scalar_one_or_none()
                return None if record is None else _decode(record)

    async def spend(self, key_hash: str, at: int) -> Spend:
        """Sums for one key, with the periods that hold the moment `at` (Unix milliseconds)."""
        periods = Periods.of(at)
        day, cost, byok_cost = daily_spend.c.day, daily_spend.c.cost, daily_spend.c.byok_cost
        sums = [
            func.coalesce(func.sum(column if first is None else case((day >= first, column), else_=0)), 0)
            for column in (cost, byok_cost)
            for first in (None, periods.day, periods.week, periods.month)
        ]
        with reaching():
            async with self._engine.connect() as connection:
                row = (
                    await connection.execute(select(*sums).where(daily_spend.c.key_hash == key_hash))
                ).one()
                return Spend(*(int(amount) for amount in row))

    async def _add_new(self, columns: list[_Columns], rows: list[_Row], days: list[_Row]) -> bool:
        """Add records none of which is known, the usual case, by the driver's own bulk insert; else change nothing."""
        async with self._engine.connect() as connection:
            added = 0
            rest = len(rows) % TOGETHER
            for at in range(rest, len(rows), TOGETHER):
                values = tuple(chain.from_iterable(rows[at : at + TOGETHER]))
                added += (await connection.exec_driver_sql(self._insert_together, values)).rowcount
            if rest:
                added += (await connection.exec_driver_sql(self._insert, rows[:rest])).rowcount
            if added != len(rows):
                return False
            await connection.exec_driver_sql(self._add_to_days, days)
            await self._posting.charges(connection, _charges(columns))
            await connection.commit()
            return True

    async def _add_unknown(self, columns: list[_Columns], rows: list[_Row]) -> None:
        """Add those of the records that are not known."""
        names = generations.c.keys()
        async with self._engine.begin() as connection:
            named = [dict(zip(names, row, strict=True)) for row in rows]
            result = await connection.execute(self._insert_unknown.returning(generations.c.id), named)
            new = set(result.scalars())
            once = {record.id: record for record in reversed(columns) if record.id in new}
            if once:
                await connection.exec_driver_sql(self._add_to_days, _days(once.values()))
                await self._posting.charges(connection, _charges(once.values()))


def _prepared(payloads: Sequence[bytes]) -> tuple[list[_Columns], list[_Row], list[_Row]]:
    """The records' columns, their rows, and what they add to their days."""
    columns = [_columns(payload) for payload in payloads]
    rows = [_row(record, payload) for record, payload in zip(columns, payloads, strict=True)]
    return columns, rows, _days(columns)


def _row(record: _Columns, payload: bytes) -> _Row:
    """One row of the table, in the order of its columns."""
    cost, usage = record.cost, record.usage
    return (
        record.id,
        record.created_at,
        record.key_hash,
        record.model,
        record.provider,
        record.status,
        cost.total,
        cost.upstream,
        cost.is_byok,
        usage.prompt_tokens,
        usage.completion_tokens,
        payload.decode(),
    )


def _days(records: Iterable[_Columns]) -> list[_Row]:
    """Rows of sums, in one order for all writers, so that none waits for another in a circle."""
    days: dict[tuple[str, int], list[int]] = {}
    for record in records:
        key = (record.key_hash, day_of(record.created_at))
        sums = days.get(key)
        if sums is None:
            sums = days[key] = [0, 0, 0]
        sums[0] += record.cost.total or 0
        sums[1] += (record.cost.upstream or 0) if record.cost.is_byok else 0
        sums[2] += 1
    return [(*key, *sums) for key, sums in sorted(days.items())]


def _charges(records: Iterable[_Columns]) -> list[tuple[str, int]]:
    """What each record charges to its key, for the ledger."""
    return [(record.key_hash, record.cost.total or 0) for record in records]
