"""What the database says that keys have spent."""

from sqlalchemy.ext.asyncio import AsyncEngine

from generation_records import KEY, NOON
from waystation.generations.spending import Spend
from waystation.storage.spending import SqlSpending


async def spent(engine: AsyncEngine, key_hash: str = KEY, at: int = NOON) -> Spend:
    """The sums of one key."""
    return (await SqlSpending(engine, nothing).of([key_hash], at))[key_hash].sums


async def nothing() -> None:
    """There is nothing to flush."""
