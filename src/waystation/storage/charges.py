"""What was charged in a period, record by record, for whoever wants to find it again."""

from collections.abc import AsyncIterator

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from waystation.generations.record import GenerationRecord
from waystation.storage.engine import reaching
from waystation.storage.tables import generations

_decode = msgspec.json.Decoder(GenerationRecord).decode


class SqlCharges:
    """The records of generations that began in a period."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def between(self, start: int, end: int) -> AsyncIterator[GenerationRecord]:
        """Those that began from `start` on and before `end` (Unix milliseconds)."""
        began = generations.c.created_at
        statement = select(generations.c.record).where(began >= start, began < end)
        with reaching():
            async with self._engine.connect() as connection:
                async for row in await connection.stream(statement):
                    yield _decode(row[0])
