"""`CodeStore` over the database."""

import msgspec
from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from waystation.accounts.grants import CODE_LIFE, Grant
from waystation.storage.engine import reaching
from waystation.storage.tables import auth_codes

_decode = msgspec.json.Decoder(Grant).decode


class SqlCodeStore:
    """Codes, one row each until they are taken or expire."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def add(self, code_hash: str, grant: Grant, at: int) -> None:
        """Keep a code that is made now (Unix milliseconds), and forget those that have expired."""
        row = {
            "code_hash": code_hash,
            "created_at": at,
            "expires_at": at + CODE_LIFE,
            "grant": msgspec.json.encode(grant).decode(),
        }
        with reaching():
            async with self._engine.begin() as connection:
                await connection.execute(delete(auth_codes).where(auth_codes.c.expires_at <= at))
                await connection.execute(insert(auth_codes).values(row))

    async def waiting(self, parent_hash: str, at: int) -> int:
        """How many codes of this key have not been exchanged and not expired."""
        counted = select(func.count()).where(
            auth_codes.c.expires_at > at, auth_codes.c.grant.contains(f'"parent_hash":"{parent_hash}"')
        )
        with reaching():
            async with self._engine.connect() as connection:
                return int((await connection.execute(counted)).scalar_one())

    async def get(self, code_hash: str, at: int) -> Grant | None:
        """What the code stands for, None where it is unknown, used or expired."""
        asked = select(auth_codes.c.grant).where(
            auth_codes.c.code_hash == code_hash, auth_codes.c.expires_at > at
        )
        with reaching():
            async with self._engine.connect() as connection:
                found = (await connection.execute(asked)).scalar_one_or_none()
        return None if found is None else _decode(found)

    async def take(self, code_hash: str, at: int) -> Grant | None:
        """The same, for the last time: of many that ask at once one gets it."""
        taking = (
            delete(auth_codes)
            .where(auth_codes.c.code_hash == code_hash, auth_codes.c.expires_at > at)
            .returning(auth_codes.c.grant)
        )
        with reaching():
            async with self._engine.begin() as connection:
                found = (await connection.execute(taking)).scalar_one_or_none()
        return None if found is None else _decode(found)
