"""What keys have spent, many at once, from the sums of their days: `Spending` over the database."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from sqlalchemy import case, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from waystation.credits.fund import Periods
from waystation.generations.spending import KeySpend, Spend
from waystation.storage.engine import reaching
from waystation.storage.tables import daily_spend


class SqlSpending:
    """Sums by key and period. `flush` brings what this process has recorded into the sums first."""

    def __init__(self, engine: AsyncEngine, flush: Callable[[], Awaitable[None]]) -> None:
        self._engine = engine
        self._flush = flush

    async def of(self, key_hashes: Sequence[str], at: int) -> Mapping[str, KeySpend]:
        """By hash, with the periods that hold the moment `at` (Unix milliseconds); every hash is there."""
        await self._flush()
        firsts = [Periods().first_day(at / 1000, reset) for reset in ("daily", "weekly", "monthly")]
        key, day = daily_spend.c.key_hash, daily_spend.c.day
        sums = [
            func.sum(column if first is None else case((day >= first, column), else_=0))
            for column in (daily_spend.c.cost, daily_spend.c.byok_cost)
            for first in (None, *firsts)
        ]
        asked = select(key, func.max(day), *sums).where(key.in_(key_hashes)).group_by(key)
        with reaching():
            async with self._engine.connect() as connection:
                rows = (await connection.execute(asked)).all()
        known = {str(row[0]): KeySpend(Spend(*(int(amount) for amount in row[2:])), row[1]) for row in rows}
        return {key_hash: known.get(key_hash, KeySpend()) for key_hash in key_hashes}
