"""`KeyStore` over the database."""

import msgspec
from sqlalchemy import RowMapping, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from waystation.accounts.keys import Account
from waystation.storage.engine import reaching
from waystation.storage.tables import keys


class SqlKeyStore:
    """Accounts, one row each."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def all(self) -> list[Account]:
        """Every account, disabled and expired ones too, oldest first."""
        with reaching():
            async with self._engine.connect() as connection:
                rows = await connection.execute(select(keys).order_by(keys.c.created_at, keys.c.key_hash))
                return [_account(row) for row in rows.mappings()]

    async def get(self, key_hash: str) -> Account | None:
        """The account of this hash."""
        with reaching():
            async with self._engine.connect() as connection:
                rows = await connection.execute(select(keys).where(keys.c.key_hash == key_hash))
                row = rows.mappings().first()
                return None if row is None else _account(row)

    async def add(self, account: Account) -> None:
        """Keep the account, in place of an earlier one of the same hash."""
        with reaching():
            async with self._engine.begin() as connection:
                await connection.execute(delete(keys).where(keys.c.key_hash == account.key_hash))
                await connection.execute(insert(keys).values(msgspec.structs.asdict(account)))

    async def revoke(self, key_hash: str) -> bool:
        """Forget the key for good; False where there was none."""
        with reaching():
            async with self._engine.begin() as connection:
                result = await connection.execute(delete(keys).where(keys.c.key_hash == key_hash))
                return result.rowcount > 0


def _account(row: RowMapping) -> Account:
    return msgspec.convert({str(name): value for name, value in row.items()}, Account)
