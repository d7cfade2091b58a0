"""What is too old goes in small batches, while others write."""

import asyncio

import msgspec
import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from generation_records import KEY, NOON, charged, encoded
from spent import spent
from waystation.generations.activity import DAY, HOUR, MINUTE, Query
from waystation.generations.content import GenerationContent
from waystation.generations.record import GenerationRecord
from waystation.generations.retention import Retention, prune
from waystation.storage.activity import SqlActivityStore
from waystation.storage.content import SqlContentStore
from waystation.storage.generations import SqlGenerationStore
from waystation.storage.retention import SqlRetention
from waystation.storage.tables import activity, endpoint_activity, generations

NOW = NOON // 1000


def made(number: int, seconds_ago: int) -> GenerationRecord:
    moment = NOW - seconds_ago
    return charged(number, 1, id=f"gen-{moment}-{number:020x}", created_at=moment * 1000)


async def count(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        return int((await connection.execute(select(func.count()).select_from(generations))).scalar_one())


async def test_only_what_is_older_than_it_is_kept_goes(engine: AsyncEngine) -> None:
    store = SqlGenerationStore(engine)
    old = [made(number, 8 * DAY + number) for number in range(25)]
    young = [made(number, 7 * DAY - number) for number in range(100, 105)]
    await store.add(encoded(*old, *young))

    await prune(SqlRetention(engine, batch=10), Retention(generations=7), NOW, pause=0)

    assert await count(engine) == 5
    assert await store.get(old[0].id) is None
    assert await store.get(young[0].id) == young[0]


async def test_what_was_spent_stays_known(engine: AsyncEngine) -> None:
    store, sums = SqlGenerationStore(engine), SqlActivityStore(engine)
    await store.add(encoded(*(made(number, 400 * DAY) for number in range(3))))

    await prune(SqlRetention(engine), Retention(generations=1), NOW, pause=0)

    assert (await spent(engine)).total == 3
    found = await sums.query(_all("cost"), NOW)
    assert found.rows[0].metrics[0] == pytest.approx(3e-9)


async def test_sums_of_minutes_and_hours_go_and_those_of_days_stay(engine: AsyncEngine) -> None:
    await SqlGenerationStore(engine).add(
        encoded(made(1, 100), made(2, 3 * DAY), made(3, 100 * DAY), made(4, 100 * DAY + 90))
    )

    await prune(SqlRetention(engine, batch=1), Retention(), NOW, pause=0)

    async with engine.connect() as connection:
        for table, left in (
            (activity, [(MINUTE, 1), (HOUR, 2), (DAY, 3)]),
            (endpoint_activity, [(HOUR, 2), (DAY, 3)]),
        ):
            counted = select(table.c.span, func.count()).group_by(table.c.span).order_by(table.c.span)
            assert [tuple(row) for row in await connection.execute(counted)] == left


async def test_prompts_and_answers_are_kept_for_a_time_of_their_own(engine: AsyncEngine) -> None:
    contents = SqlContentStore(engine)
    old, young = made(1, 31 * DAY), made(2, 29 * DAY)
    await SqlGenerationStore(engine).add(encoded(old, young))
    await contents.add(
        [msgspec.json.encode(GenerationContent(one.id, KEY, completion="said")) for one in (old, young)]
    )

    await prune(SqlRetention(engine), Retention(content=30), NOW, pause=0)

    assert await contents.get(old.id) is None
    assert await contents.get(young.id) == GenerationContent(young.id, KEY, completion="said")
    assert await count(engine) == 2


async def test_nothing_goes_where_everything_is_kept(engine: AsyncEngine) -> None:
    await SqlGenerationStore(engine).add(encoded(made(1, 4000 * DAY)))

    await prune(SqlRetention(engine), Retention(generations=0, content=0), NOW, pause=0)

    assert await count(engine) == 1


async def test_a_writer_goes_on_while_old_rows_are_deleted(engine: AsyncEngine) -> None:
    store = SqlGenerationStore(engine)
    for start in range(0, 8000, 2000):
        await store.add(encoded(*(made(number, 9 * DAY) for number in range(start, start + 2000))))
    pruning = asyncio.create_task(prune(SqlRetention(engine), Retention(generations=1), NOW, pause=0.001))
    written = 0

    while not pruning.done():
        await store.add(encoded(made(100_000 + written, 5)))
        written += 1

    assert await pruning >= 8000
    assert written >= 10  # forty batches were deleted meanwhile
    assert await count(engine) == written


def _all(metric: str) -> Query:
    return Query((metric,), 0, NOW + 1)
