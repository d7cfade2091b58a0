"""`RetentionStore` over the database. Generations are found by their ids, which begin with the second they began in."""

from sqlalchemy import Delete, Table, delete, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from waystation.generations.retention import Kind
from waystation.storage.engine import reaching
from waystation.storage.tables import (
    activity,
    endpoint_activity,
    generation_content,
    generation_feedback,
    generations,
)

_SUMS = (activity, endpoint_activity)
BATCH = 200
"""Rows of one transaction: SQLite's other writers wait for some 5 ms."""


class SqlRetention:
    """Deletes what is too old."""

    def __init__(self, engine: AsyncEngine, batch: int = BATCH) -> None:
        self._engine = engine
        self._batch = batch

    async def prune(self, kind: Kind, before: int) -> int:
        """Delete rows of before this moment (Unix seconds)."""
        table = {
            "generations": generations,
            "content": generation_content,
            "feedback": generation_feedback,
        }[kind]
        if kind == "feedback":
            old = select(table.c.id).where(table.c.created_at < before * 1000).limit(self._batch)
        else:
            bound = f"gen-{max(before, 0):010d}"
            old = select(table.c.id).where(table.c.id < bound).order_by(table.c.id).limit(self._batch)
        return await self._delete(delete(table).where(table.c.id.in_(old)))

    async def prune_sums(self, span: int, before: int) -> int:
        """Delete sums of this span (seconds) of before this moment (Unix seconds)."""
        return sum([await self._delete(_oldest(table, span, before, self._batch)) for table in _SUMS])

    async def _delete(self, statement: Delete) -> int:
        with reaching():
            async with self._engine.begin() as connection:
                return (await connection.execute(statement)).rowcount


def _oldest(table: Table, span: int, before: int, batch: int) -> Delete:
    """Deletes about so many of the oldest sums: those of whole spans."""
    old = (
        select(table.c.start)
        .where(table.c.span == span, table.c.start < before)
        .order_by(table.c.start)
        .limit(batch)
        .subquery()
    )
    last = select(func.max(old.c.start)).scalar_subquery()
    return delete(table).where(table.c.span == span, table.c.start <= last)
