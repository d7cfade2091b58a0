"""The auto router's generations, for whoever learns from them: found by their ids, which begin with the second they began in."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Final

import msgspec
from msgspec import Raw, Struct
from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncEngine

from waystation.generations.feedback import OF_THE_ANSWER
from waystation.routing.kept import KeptPlan
from waystation.storage.engine import reaching
from waystation.storage.tables import generation_feedback, generations

ROUTER: Final = "openrouter/auto"
BATCH: Final = 200
"""Records that are decoded at once, in a thread."""


class Routed(Struct, frozen=True):
    """What is wanted of a record; the rest of it is not looked at. `created_at` is Unix milliseconds."""

    created_at: int
    model: str
    router: str | None = None
    attempts: tuple[Raw, ...] = ()
    route: KeptPlan | None = None
    finish_reasons: tuple[str, ...] = ()
    status: int = 200
    cancelled: bool = False


_decode = msgspec.json.Decoder(Routed).decode


class SqlRouted:
    """Reads in batches; `Unavailable` where the database cannot be reached. Moments are Unix seconds."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    def began(self, start: int, end: int) -> AsyncIterator[list[Routed]]:
        """Generations that began from `start` on and before `end`."""
        return self._read(self.placed(start, end))

    @staticmethod
    def placed(start: int, end: int) -> Select[str]:
        """What finds them."""
        of = generations.c
        return select(of.record).where(
            of.router.is_not(None),
            of.id >= f"gen-{max(start, 0):010d}",
            of.id < f"gen-{max(end, 0):010d}",
        )

    def blamed(self, start: int, end: int) -> AsyncIterator[list[Routed]]:
        """Generations whose answer somebody called bad in that time."""
        said = generation_feedback.c
        ids = select(said.generation_id).where(
            said.created_at >= start * 1000,
            said.created_at < end * 1000,
            said.category.in_(sorted(OF_THE_ANSWER)),
        )
        return self._read(select(generations.c.record).where(generations.c.id.in_(ids)))

    async def _read(self, statement: Select[str]) -> AsyncIterator[list[Routed]]:
        with reaching():
            async with self._engine.connect() as connection:
                found = await connection.stream(statement)
                async for batch in found.partitions(BATCH):
                    yield await asyncio.to_thread(_decoded, [row[0] for row in batch])


def _decoded(records: Sequence[str]) -> list[Routed]:
    """Those of the router; one that an other version wrote in an other form is passed over."""
    decoded = []
    for record in records:
        try:
            one = _decode(record)
        except msgspec.ValidationError:
            continue
        if one.router is not None and one.router.startswith(ROUTER):
            decoded.append(one)
    return decoded
