"""Prompts and answers, and what users said of them, over the database."""

import asyncio
from collections.abc import Sequence

import msgspec
from msgspec import Struct
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from waystation.generations.content import GenerationContent
from waystation.generations.feedback import OF_THE_ANSWER, Feedback
from waystation.generations.store import RecordRejected
from waystation.storage.bulk import BulkInsert, Row
from waystation.storage.engine import NotStorable, file_of, reaching
from waystation.storage.tables import generation_content, generation_feedback

_decode = msgspec.json.Decoder(GenerationContent).decode


class _Id(Struct, frozen=True, gc=False):
    """What the table's columns want of it."""

    id: str


_id = msgspec.json.Decoder(_Id).decode


def _rows(payloads: Sequence[bytes]) -> list[Row]:
    """The rows of a batch, which may be megabytes of text: made in a thread, beside the loop that serves."""
    return [(_id(payload).id, payload.decode()) for payload in payloads]


class SqlContentStore:
    """`DurableStore` of contents: one row each."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._insert = BulkInsert(engine, generation_content)

    async def add(self, payloads: Sequence[bytes]) -> None:
        """Keep contents, all or none; `RecordRejected` where one cannot be kept. Known ids change nothing."""
        try:
            with reaching():
                rows = await asyncio.to_thread(_rows, payloads)
                file = file_of(self._engine)
                async with self._engine.begin() as connection:
                    await self._insert.run(connection, rows)
                if file_of(self._engine) != file:
                    raise OSError("the database's file was deleted meanwhile")
        except (NotStorable, msgspec.DecodeError) as error:
            raise RecordRejected(str(error)) from error

    async def get(self, generation_id: str) -> GenerationContent | None:
        """The content of this generation."""
        statement = select(generation_content.c.content).where(generation_content.c.id == generation_id)
        with reaching():
            async with self._engine.connect() as connection:
                content = (await connection.execute(statement)).scalar_one_or_none()
        return None if content is None else _decode(content)


class SqlFeedbackStore:
    """`FeedbackStore`: one row for each opinion."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def add(self, feedback: Feedback) -> None:
        """Keep one."""
        with reaching():
            async with self._engine.begin() as connection:
                await connection.execute(insert(generation_feedback).values(msgspec.structs.asdict(feedback)))

    async def blamed(self, since: int) -> frozenset[str]:
        """Generations whose answer somebody called bad."""
        said = generation_feedback.c
        statement = select(said.generation_id).where(
            said.created_at >= since, said.category.in_(sorted(OF_THE_ANSWER))
        )
        with reaching():
            async with self._engine.connect() as connection:
                return frozenset((await connection.execute(statement)).scalars())
