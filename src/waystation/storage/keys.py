"""`KeyStore` over the database. Each change is numbered in its own transaction, so that other processes can keep up."""

import msgspec
from sqlalchemy import RowMapping, delete, func, insert, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from waystation.accounts.keys import Account, KeyChanges
from waystation.accounts.store import KeyEdit
from waystation.storage.engine import reaching
from waystation.storage.tables import key_changes, keys

KEPT_CHANGES = 1000
"""Who has missed more than these reads all accounts again."""


class SqlKeyStore:
    """Accounts, one row each."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._is_postgresql = engine.dialect.name == "postgresql"

    async def all(self) -> list[Account]:
        """Every account, disabled and expired ones too, oldest first."""
        with reaching():
            async with self._engine.connect() as connection:
                return await _all(connection)

    async def page(
        self,
        workspace_id: str | None,
        *,
        include_disabled: bool = False,
        expired_by: int | None = None,
        offset: int = 0,
        count: int,
    ) -> list[Account]:
        """Inference keys of a workspace (None: the default one), newest first, `count` of them after `offset`.

        Those that expired by `expired_by` (Unix milliseconds) are left out.
        """
        wanted = select(keys).where(
            ~keys.c.is_management, keys.c.workspace_id.is_not_distinct_from(workspace_id)
        )
        if not include_disabled:
            wanted = wanted.where(~keys.c.disabled)
        if expired_by is not None:
            wanted = wanted.where(or_(keys.c.expires_at.is_(None), keys.c.expires_at > expired_by))
        wanted = wanted.order_by(keys.c.created_at.desc(), keys.c.key_hash).limit(count).offset(offset)
        with reaching():
            async with self._engine.connect() as connection:
                return [_account(row) for row in (await connection.execute(wanted)).mappings()]

    async def get(self, key_hash: str) -> Account | None:
        """The account of this hash."""
        with reaching():
            async with self._engine.connect() as connection:
                return await _get(connection, key_hash)

    async def add(self, account: Account) -> None:
        """Keep the account, in place of an earlier one of the same hash."""
        with reaching():
            async with self._engine.begin() as connection:
                await self._take_turn(connection)
                await connection.execute(delete(keys).where(keys.c.key_hash == account.key_hash))
                await connection.execute(insert(keys).values(msgspec.structs.asdict(account)))
                await self._number(connection, account.key_hash)

    async def given(self, parent_hash: str, at: int) -> int:
        """How many keys this one has let apps have that have not expired `at` (Unix milliseconds), disabled ones too."""
        with reaching():
            async with self._engine.connect() as connection:
                return await _given(connection, parent_hash, at)

    async def give(self, account: Account, most: int) -> bool:
        """Keep a new key that its parent lets an app have, unless there are `most` of that parent; whether it was kept."""
        with reaching():
            async with self._engine.connect() as connection:
                await self._take_turn(connection)
                await connection.execute(insert(keys).values(msgspec.structs.asdict(account)))
                await self._number(connection, account.key_hash)
                parent = account.parent_hash
                if parent is not None and await _given(connection, parent, account.created_at) > most:
                    await connection.rollback()
                    return False
                await connection.commit()
                return True

    async def update(self, key_hash: str, edit: KeyEdit) -> Account | None:
        """Change one account and nothing else of it than the edit says; as it is now, None where there is none."""
        changed = msgspec.structs.asdict(edit)
        values = {name: value for name, value in changed.items() if value is not msgspec.UNSET}
        with reaching():
            async with self._engine.begin() as connection:
                if values:
                    await self._take_turn(connection)
                    changing = update(keys).where(keys.c.key_hash == key_hash).values(values)
                    if (await connection.execute(changing)).rowcount:
                        await self._number(connection, key_hash)
                return await _get(connection, key_hash)

    async def revoke(self, key_hash: str) -> bool:
        """Forget the key for good; False where there was none."""
        with reaching():
            async with self._engine.begin() as connection:
                await self._take_turn(connection)
                result = await connection.execute(delete(keys).where(keys.c.key_hash == key_hash))
                if result.rowcount:
                    await self._number(connection, key_hash)
                return result.rowcount > 0

    async def changes(self, since: int | None) -> KeyChanges:
        """What happened after the revision `since`; all accounts for None, or where that is too long ago."""
        with reaching():
            async with self._engine.connect() as connection:
                row = (await connection.execute(_SPAN)).one()
                first, last = int(row[0]), int(row[1])
                if since == last:
                    return KeyChanges(last)
                if since is None or not first - 1 <= since < last:
                    return KeyChanges(last, tuple(await _all(connection)), whole=True)
                named = select(key_changes.c.key_hash).where(key_changes.c.revision > since)
                hashes = set((await connection.execute(named)).scalars())
                rows = await connection.execute(select(keys).where(keys.c.key_hash.in_(hashes)))
                accounts = tuple(_account(row) for row in rows.mappings())
                return KeyChanges(last, accounts, tuple(hashes.difference(a.key_hash for a in accounts)))

    async def _take_turn(self, connection: AsyncConnection) -> None:
        """One writer at a time, from its first write on: SQLite has one, PostgreSQL is told to.

        Workers that start together add the same keys.
        """
        if self._is_postgresql:
            await connection.execute(text("LOCK TABLE key_changes IN EXCLUSIVE MODE"))

    async def _number(self, connection: AsyncConnection, key_hash: str) -> None:
        """Note a change under the next number."""
        last = (await connection.execute(_SPAN)).one()[1]
        await connection.execute(insert(key_changes).values(revision=last + 1, key_hash=key_hash))
        await connection.execute(delete(key_changes).where(key_changes.c.revision <= last - KEPT_CHANGES))


_SPAN = select(
    func.coalesce(func.min(key_changes.c.revision), 1), func.coalesce(func.max(key_changes.c.revision), 0)
)
"""The first and the last change that are kept."""


async def _all(connection: AsyncConnection) -> list[Account]:
    rows = await connection.execute(select(keys).order_by(keys.c.created_at, keys.c.key_hash))
    return [_account(row) for row in rows.mappings()]


async def _given(connection: AsyncConnection, parent_hash: str, at: int) -> int:
    valid = or_(keys.c.expires_at.is_(None), keys.c.expires_at > at)
    counted = select(func.count()).where(keys.c.parent_hash == parent_hash, valid)
    return int((await connection.execute(counted)).scalar_one())


async def _get(connection: AsyncConnection, key_hash: str) -> Account | None:
    row = (await connection.execute(select(keys).where(keys.c.key_hash == key_hash))).mappings().first()
    return None if row is None else _account(row)


def _account(row: RowMapping) -> Account:
    return msgspec.convert({str(name): value for name, value in row.items()}, Account)
