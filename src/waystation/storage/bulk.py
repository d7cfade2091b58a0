"""Bulk inserts through the driver itself: the rows of one table, many to a statement."""

from collections.abc import Sequence
from itertools import chain
from typing import TypeAlias

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.dialects.sqlite.base import SQLiteDialect
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

Row: TypeAlias = tuple[object, ...]
TOGETHER = 128
"""Rows of one statement: after each, the database's thread and the event loop's may contend for the interpreter."""


class BulkInsert:
    """Inserts rows into one table. A known primary key changes nothing, or with `adding` has these columns added to."""

    def __init__(self, engine: AsyncEngine, table: Table, adding: Sequence[str] = ()) -> None:
        is_postgresql = engine.dialect.name == "postgresql"
        make = postgresql.insert if is_postgresql else sqlite.insert
        kind: type[DefaultDialect] = PGDialect if is_postgresql else SQLiteDialect
        dialect = kind(paramstyle="format" if is_postgresql else "qmark")
        insert = make(table)
        if adding:
            sums = {name: table.c[name] + insert.excluded[name] for name in adding}
            self.statement = insert.on_conflict_do_update(index_elements=list(table.primary_key), set_=sums)
        else:
            self.statement = insert.on_conflict_do_nothing()
        self._one = str(self.statement.compile(dialect=dialect))
        together = self.statement.values([dict.fromkeys(table.c.keys())] * TOGETHER)
        self._together = str(together.compile(dialect=dialect))

    async def run(self, connection: AsyncConnection, rows: Sequence[Row]) -> int:
        """Insert them; how many were new or added to."""
        changed = 0
        rest = len(rows) % TOGETHER
        for at in range(rest, len(rows), TOGETHER):
            values = tuple(chain.from_iterable(rows[at : at + TOGETHER]))
            changed += (await connection.exec_driver_sql(self._together, values)).rowcount
        if rest:
            changed += (await connection.exec_driver_sql(self._one, list(rows[:rest]))).rowcount
        return changed
