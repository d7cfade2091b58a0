"""`GenerationStore` over the database: each record once, and the sums of its key's day in the same transaction.

A batch is made ready in a thread, so that the event loop's share of a record is next to nothing.
"""

import asyncio
from collections.abc import Sequence

import msgspec
from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from waystation.credits.fund import day_of
from waystation.generations.record import GenerationRecord
from waystation.generations.store import RecordRejected
from waystation.storage.apps import Apps
from waystation.storage.bulk import BulkInsert, Row
from waystation.storage.engine import NotStorable, file_of, reaching
from waystation.storage.ledger import Posting
from waystation.storage.rollups import Amounts, Columns, Counters, Rollup, rollup
from waystation.storage.tables import SUMS, activity, daily_spend, endpoint_activity, generations, series

_decode = msgspec.json.Decoder(GenerationRecord).decode
_columns = msgspec.json.Decoder(Columns).decode
_NO_COST = Amounts()
_NO_USAGE = Counters()


class _Additions(Struct, frozen=True):
    """What some records add to the sums: rows of the tables, and what each charges to its key, for the ledger."""

    days: list[Row]
    rollup: Rollup
    charges: list[tuple[str, int]]


class SqlGenerationStore:
    """Generations, one row each; with them the sums of each key's day, and those of `activity`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._posting = Posting(engine)
        self._generations = BulkInsert(engine, generations)
        self._days = BulkInsert(engine, daily_spend, ("cost", "byok_cost", "generations"))
        self._series = BulkInsert(engine, series)
        self._activity = BulkInsert(engine, activity, SUMS)
        self._endpoint_activity = BulkInsert(engine, endpoint_activity, SUMS)
        self._known_apps: Apps | None = None

    async def add(self, payloads: Sequence[bytes]) -> None:
        """Keep records, all or none; `RecordRejected` where one cannot be kept. Known ids change nothing."""
        if not payloads:
            return
        try:
            with reaching():
                apps = self._known_apps = self._known_apps or await self._read_apps()
                columns, rows, additions = await asyncio.to_thread(_prepared, payloads, apps)
                file = file_of(self._engine)
                if not await self._add_new(rows, additions):
                    await self._add_unknown(columns, rows, apps)
                if file_of(self._engine) != file:
                    raise OSError("the database's file was deleted meanwhile")
        except (NotStorable, msgspec.DecodeError) as error:
            raise RecordRejected(str(error)) from error

    async def get(self, generation_id: str) -> GenerationRecord | None:
        """The record of this id."""
        with reaching():
            async with self._engine.connect() as connection:
                statement = select(generations.c.record).where(generations.c.id == generation_id)
                record = (await connection.execute(statement)).scalar_one_or_none()
                return None if record is None else _decode(record)

    async def _read_apps(self) -> Apps:
        """The apps that have series already."""
        named = select(series.c.key_hash, series.c.app, series.c.origin).distinct()
        apps = Apps()
        async with self._engine.connect() as connection:
            found = await connection.execute(named.where((series.c.app != "") | (series.c.origin != "")))
            apps.learn((key_hash, app, origin) for key_hash, app, origin in found)
        return apps

    async def _add_new(self, rows: list[Row], additions: _Additions) -> bool:
        """Add records none of which is known, the usual case, by the driver's own bulk insert; else change nothing."""
        async with self._engine.connect() as connection:
            if await self._generations.run(connection, rows) != len(rows):
                return False
            await self._add_up(connection, additions)
            await connection.commit()
            return True

    async def _add_unknown(self, columns: list[Columns], rows: list[Row], apps: Apps) -> None:
        """Add those of the records that are not known."""
        names = generations.c.keys()
        async with self._engine.begin() as connection:
            named = [dict(zip(names, row, strict=True)) for row in rows]
            statement = self._generations.statement.returning(generations.c.id)
            new = set((await connection.execute(statement, named)).scalars())
            once = {record.id: record for record in reversed(columns) if record.id in new}
            if once:
                await self._add_up(connection, _additions(list(once.values()), apps))

    async def _add_up(self, connection: AsyncConnection, additions: _Additions) -> None:
        await self._days.run(connection, additions.days)
        await self._series.run(connection, additions.rollup.series)
        await self._activity.run(connection, additions.rollup.activity)
        await self._endpoint_activity.run(connection, additions.rollup.endpoint_activity)
        await self._posting.charges(connection, additions.charges)


def _prepared(payloads: Sequence[bytes], apps: Apps) -> tuple[list[Columns], list[Row], _Additions]:
    """The records' columns, their rows, and what they add to the sums."""
    columns = [_columns(payload) for payload in payloads]
    rows = [_row(record, payload) for record, payload in zip(columns, payloads, strict=True)]
    return columns, rows, _additions(columns, apps)


def _row(record: Columns, payload: bytes) -> Row:
    """One row of the table, in the order of its columns."""
    cost, usage = record.cost or _NO_COST, record.usage or _NO_USAGE
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
        record.router,
    )


def _additions(records: Sequence[Columns], apps: Apps) -> _Additions:
    charges = [(record.key_hash, (record.cost or _NO_COST).total or 0) for record in records]
    return _Additions(_days(records), rollup(records, apps), charges)


def _days(records: Sequence[Columns]) -> list[Row]:
    """Rows of sums, in one order for all writers, so that none waits for another in a circle."""
    days: dict[tuple[str, int], list[int]] = {}
    for record in records:
        key = (record.key_hash, day_of(record.created_at / 1000))
        sums = days.get(key)
        if sums is None:
            sums = days[key] = [0, 0, 0]
        cost = record.cost or _NO_COST
        sums[0] += cost.total or 0
        sums[1] += (cost.upstream or 0) if cost.is_byok else 0
        sums[2] += 1
    return [(*key, *sums) for key, sums in sorted(days.items())]
