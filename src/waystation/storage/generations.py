"""`GenerationStore` over the database: each record once, and the sums of its key's day in the same transaction."""

from collections.abc import Sequence

import msgspec
from msgspec import Struct
from sqlalchemy import case, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from waystation.generations.record import GenerationRecord
from waystation.generations.store import Periods, RecordRejected, Spend, day_of
from waystation.storage.engine import NotStorable, reaching
from waystation.storage.tables import daily_spend, generations

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(GenerationRecord).decode


class _Sums(Struct):
    cost: int = 0
    byok_cost: int = 0
    generations: int = 0


class SqlGenerationStore:
    """Generations, one row each, and a row of sums for each key and day."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        insert = postgresql.insert if engine.dialect.name == "postgresql" else sqlite.insert
        self._insert_unknown = insert(generations).on_conflict_do_nothing()
        self._bulk_insert = str(self._insert_unknown.compile(dialect=engine.dialect))
        days = insert(daily_spend)
        days = days.on_conflict_do_update(
            index_elements=[daily_spend.c.key_hash, daily_spend.c.day],
            set_={name: daily_spend.c[name] + days.excluded[name] for name in _Sums.__struct_fields__},
        )
        self._add_to_days = str(days.compile(dialect=engine.dialect))

    async def add(self, records: Sequence[GenerationRecord], encoded: Sequence[bytes] | None = None) -> None:
        """Keep all of them or none; `RecordRejected` where one of them cannot be kept. Known ids change nothing."""
        if not records:
            return
        try:
            with reaching():
                texts = encoded if encoded is not None else [_encode(record) for record in records]
                rows = [_row(record, text) for record, text in zip(records, texts, strict=True)]
                if not await self._add_new(records, rows):
                    await self._add_unknown(records, rows)
        except NotStorable as error:
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

    async def _add_new(self, records: Sequence[GenerationRecord], rows: list[dict[str, object]]) -> bool:
        """Add records none of which is known, the usual case, by the driver's own bulk insert; else change nothing."""
        async with self._engine.connect() as connection:
            result = await connection.exec_driver_sql(self._bulk_insert, rows)
            if result.rowcount != len(rows):
                return False
            await self._sum(connection, records)
            await connection.commit()
            return True

    async def _add_unknown(self, records: Sequence[GenerationRecord], rows: list[dict[str, object]]) -> None:
        """Add those of the records that are not known."""
        async with self._engine.begin() as connection:
            result = await connection.execute(self._insert_unknown.returning(generations.c.id), rows)
            new = set(result.scalars())
            once = {record.id: record for record in reversed(records) if record.id in new}
            await self._sum(connection, list(once.values()))

    async def _sum(self, connection: AsyncConnection, records: Sequence[GenerationRecord]) -> None:
        """Add new records to their days, in one order for all writers, so that none waits for another in a circle."""
        days: dict[tuple[str, int], _Sums] = {}
        for record in records:
            sums = days.setdefault((record.key_hash, day_of(record.created_at)), _Sums())
            sums.cost += record.charged
            sums.byok_cost += record.byok
            sums.generations += 1
        if not days:
            return
        rows = [
            {"key_hash": key_hash, "day": day, **msgspec.structs.asdict(sums)}
            for (key_hash, day), sums in sorted(days.items(), key=lambda item: item[0])
        ]
        await connection.exec_driver_sql(self._add_to_days, rows)


def _row(record: GenerationRecord, encoded: bytes) -> dict[str, object]:
    usage, cost = record.usage, record.cost
    return {
        "id": record.id,
        "created_at": record.created_at,
        "key_hash": record.key_hash,
        "model": record.model,
        "provider": record.provider,
        "status": record.status,
        "cost": None if record.cost_unknown else record.charged,
        "upstream_cost": cost.upstream if cost is not None else None,
        "is_byok": cost is not None and cost.is_byok,
        "prompt_tokens": usage.prompt_tokens if usage is not None else 0,
        "completion_tokens": usage.completion_tokens if usage is not None else 0,
        "record": encoded.decode(),
    }
