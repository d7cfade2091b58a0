"""Requests that wait for a refill, whatever order the loop wakes them in."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from credit_worker import Key, Worker
from generation_records import KEY
from waystation.errors import InsufficientCredits
from waystation.storage.engine import open_engine
from waystation.storage.migrations import migrate

AT = 1_763_812_800.0


@pytest.fixture
async def workers(tmp_path: Path) -> AsyncIterator[list[Worker]]:
    """Two processes over one database."""
    migrate("", tmp_path)
    engine = open_engine("", tmp_path)
    made = [Worker(engine, tmp_path, prepaid=False) for _ in range(2)]
    for worker in made:
        await worker.start()
    yield made
    for worker in made:
        await worker.close()
    await engine.dispose()


async def test_a_thousand_at_once_get_exactly_what_there_is(workers: list[Worker]) -> None:
    key = Key(KEY, limit=1000)

    async def ask(number: int) -> bool:
        await asyncio.sleep(0)
        try:
            await workers[number % 2].reservations.reserve(key, AT, 10)
        except InsufficientCredits:
            return False
        return True

    got = await asyncio.gather(*(ask(number) for number in range(1000)))

    assert got.count(True) == 100


async def test_who_gives_up_waiting_leaves_nothing_behind(workers: list[Worker]) -> None:
    key = Key(KEY, limit=1000)
    waiting = [asyncio.ensure_future(workers[0].reservations.reserve(key, AT, 100)) for _ in range(10)]
    await asyncio.sleep(0)
    for task in waiting[::2]:
        task.cancel()
    done = await asyncio.gather(*waiting, return_exceptions=True)

    assert [isinstance(one, asyncio.CancelledError) for one in done] == [True, False] * 5
    assert (await workers[0].reservations.reserve(key, AT, 500)).amount == 500


async def test_a_request_that_comes_as_a_refill_ends_begins_another(workers: list[Worker]) -> None:
    """The task that refilled is done, and those that it woke have not run yet."""
    key = Key(KEY, limit=100)
    here = workers[0].reservations
    await here.reserve(key, AT, 1)
    lease = here._leases[KEY]
    here._refills[lease] = done = asyncio.ensure_future(asyncio.sleep(0))
    await done

    async with asyncio.timeout(20):
        await here.reserve(key, AT, lease.free + 1)


async def test_a_busy_process_gives_back_what_it_reserved_at_a_peak_and_needs_no_more(
    workers: list[Worker],
) -> None:
    key = Key(KEY, limit=1000)
    busy, other = workers
    peak = [await busy.reservations.reserve(key, AT, 100) for _ in range(10)]
    for reservation in peak:
        busy.settle(reservation, KEY, AT, 1)
    for _ in range(2):
        busy.settle(await busy.reservations.reserve(key, AT, 100), KEY, AT, 1)
        await busy.reservations.tidy()

    assert (await other.reservations.reserve(key, AT, 800)).amount == 800


async def test_what_is_left_of_a_lease_that_gave_back_a_part_comes_back_too(workers: list[Worker]) -> None:
    key = Key(KEY, limit=1000)
    here, other = workers
    here.settle(await here.reservations.reserve(key, AT, 100), KEY, AT, 1)
    await here.reservations.tidy()
    here.settle(await here.reservations.reserve(key, AT, 50), KEY, AT, 1)
    for _ in range(3):
        await here.reservations.tidy()

    assert (await other.reservations.reserve(key, AT, 998)).amount == 998
