"""`LeaseStore` over the database. Every refill begins by writing its own row, so that refills come one after another."""

import time
from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, and_, delete, func, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from waystation.credits.fund import Fund
from waystation.credits.store import Grant, Want, grant
from waystation.storage.engine import reaching
from waystation.storage.tables import daily_spend, leases, ledger_balances


class SqlLeaseStore:
    """Leases, one row for each holder, fund and period."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._is_postgresql = engine.dialect.name == "postgresql"
        insert = (postgresql.insert if self._is_postgresql else sqlite.insert)(leases)
        self._set = insert.on_conflict_do_update(
            index_elements=[leases.c.fund, leases.c.first_day, leases.c.holder],
            set_={"amount": insert.excluded.amount, "renewed_at": insert.excluded.renewed_at},
        )

    async def refill(self, holder: str, want: Want) -> Grant:
        """Lease more, atomically among all holders."""
        fund = want.fund
        with reaching():
            async with self._engine.begin() as connection:
                if self._is_postgresql:
                    lock = text("SELECT pg_advisory_xact_lock(hashtext(:fund))")
                    await connection.execute(lock, {"fund": fund.name})
                await connection.execute(self._set, [_row(holder, fund, want.kept)])
                leased = select(func.coalesce(func.sum(leases.c.amount), 0)).where(_of_fund(fund))
                there_is = await self._there_is(connection, want)
                left = there_is - int((await connection.execute(leased)).scalar_one())
                granted = grant(want, left)
                if granted.amount:
                    await connection.execute(self._set, [_row(holder, fund, want.kept + granted.amount)])
                return granted

    async def keep(self, holder: str, kept: Mapping[Fund, int]) -> None:
        """Set what the holder still has of these funds; 0 gives all back."""
        some = [_row(holder, fund, amount) for fund, amount in kept.items() if amount]
        with reaching():
            async with self._engine.begin() as connection:
                for fund, amount in kept.items():
                    if not amount:
                        row = and_(_of_fund(fund), leases.c.holder == holder)
                        await connection.execute(delete(leases).where(row))
                if some:
                    await connection.execute(self._set, some)

    async def renew(self, holder: str) -> None:
        """Say that the holder lives."""
        with reaching():
            async with self._engine.begin() as connection:
                await connection.execute(
                    update(leases).where(leases.c.holder == holder).values(renewed_at=_now())
                )

    async def release(self, holder: str) -> None:
        """Give back all of a holder that is no more."""
        with reaching():
            async with self._engine.begin() as connection:
                await connection.execute(delete(leases).where(leases.c.holder == holder))

    async def expire(self, before: int, known: Sequence[str]) -> int:
        """Give back what holders other than the `known` have not renewed since `before`; how many."""
        lost = and_(leases.c.renewed_at < before, leases.c.holder.not_in(known))
        with reaching():
            async with self._engine.begin() as connection:
                return (await connection.execute(delete(leases).where(lost))).rowcount

    @staticmethod
    async def _there_is(connection: AsyncConnection, want: Want) -> int:
        """What the fund has but for leases: the balance, or what is left of a limit."""
        if want.limit is None:
            balance = select(ledger_balances.c.balance).where(ledger_balances.c.account == want.fund.name)
            return int((await connection.execute(balance)).scalar_one_or_none() or 0)
        spent = (await connection.execute(select(_spent(want)))).scalar_one()
        return want.limit - int(spent)


def _spent(want: Want) -> ColumnElement[int]:
    """What a key has spent since its period began."""
    counted = daily_spend.c.cost + daily_spend.c.byok_cost if want.include_byok else daily_spend.c.cost
    own = and_(daily_spend.c.key_hash == want.fund.name, daily_spend.c.day >= want.fund.first_day)
    return func.coalesce(select(func.sum(counted)).where(own).scalar_subquery(), 0)


def _of_fund(fund: Fund) -> ColumnElement[bool]:
    return and_(leases.c.fund == fund.name, leases.c.first_day == fund.first_day)


def _row(holder: str, fund: Fund, amount: int) -> dict[str, object]:
    return {
        "holder": holder,
        "fund": fund.name,
        "first_day": fund.first_day,
        "amount": amount,
        "renewed_at": _now(),
    }


def _now() -> int:
    return int(time.time() * 1000)
