"""What keys have spent: by UTC day, week and month, and never counted twice."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from generation_records import DAY, KEY, NOON, OTHER_KEY, a_record, charged, encoded, under_own_credential
from spent import spent
from waystation.generations.log import GenerationLog
from waystation.generations.spending import KeySpend, Spend
from waystation.operations.usage import Cost
from waystation.storage.generations import SqlGenerationStore
from waystation.storage.spending import SqlSpending


@pytest.fixture
def store(engine: AsyncEngine) -> SqlGenerationStore:
    return SqlGenerationStore(engine)


async def test_what_was_recorded_a_moment_ago_counts(
    engine: AsyncEngine, store: SqlGenerationStore, tmp_path: Path
) -> None:
    log = GenerationLog(store, tmp_path / "journal")
    log.append(charged(1, 5))

    found = await SqlSpending(engine, log.flush).of([KEY, OTHER_KEY], NOON)

    assert found == {KEY: KeySpend(Spend(5, 5, 5, 5), NOON // DAY), OTHER_KEY: KeySpend()}
    await log.close()


async def test_a_record_that_is_known_is_not_counted_again(
    engine: AsyncEngine, store: SqlGenerationStore
) -> None:
    await store.add(encoded(charged(1, 5)))

    await store.add(encoded(charged(1, 1000), charged(2, 7)))
    await store.add(encoded(charged(2, 7)))

    assert (await spent(engine)).total == 12


async def test_a_record_twice_in_one_batch_counts_once(
    engine: AsyncEngine, store: SqlGenerationStore
) -> None:
    await store.add(encoded(charged(1, 5), charged(1, 5), charged(2, 7)))

    assert (await spent(engine)).total == 12


async def test_batches_at_the_same_time_count_every_record_once(
    engine: AsyncEngine, store: SqlGenerationStore
) -> None:
    batches = [[charged(number, 1) for number in range(start, start + 20)] for start in range(0, 100, 10)]

    await asyncio.gather(*(store.add(encoded(*batch)) for batch in batches))

    assert (await spent(engine)).total == 110


async def test_large_batches_with_known_records_in_them_count_each_once(
    engine: AsyncEngine, store: SqlGenerationStore
) -> None:
    await store.add(encoded(*(charged(number, 1) for number in range(300))))
    assert (await spent(engine)).total == 300

    await store.add(encoded(*(charged(number, 1) for number in range(150, 600))))

    assert (await spent(engine)).total == 600


async def test_a_key_without_generations_has_spent_nothing(
    engine: AsyncEngine, store: SqlGenerationStore
) -> None:
    await store.add(encoded(charged(1, 5)))

    assert await spent(engine, OTHER_KEY) == Spend()


async def test_spend_is_summed_by_utc_day_week_from_monday_and_month(
    engine: AsyncEngine, store: SqlGenerationStore
) -> None:
    saturday = NOON
    await store.add(
        encoded(
            charged(1, 1, created_at=saturday),
            charged(2, 10, created_at=saturday - DAY // 2),
            charged(3, 100, created_at=saturday - DAY // 2 - 1),
            charged(4, 1000, created_at=saturday - 5 * DAY),
            charged(5, 10_000, created_at=saturday - 6 * DAY),
            charged(6, 100_000, created_at=saturday - 21 * DAY),
            charged(7, 1_000_000, created_at=saturday - 22 * DAY),
            charged(8, 10_000_000, key_hash=OTHER_KEY),
        )
    )

    assert await spent(engine) == Spend(total=1_111_111, daily=11, weekly=1111, monthly=111_111)


async def test_own_credentials_are_summed_apart(engine: AsyncEngine, store: SqlGenerationStore) -> None:
    await store.add(
        encoded(
            charged(1, 3),
            under_own_credential(2, 40),
            under_own_credential(3, 500, created_at=NOON - 30 * DAY),
        )
    )

    assert await spent(engine) == Spend(
        3, 3, 3, 3, byok_total=540, byok_daily=40, byok_weekly=40, byok_monthly=40
    )


async def test_an_unknown_cost_is_not_summed(engine: AsyncEngine, store: SqlGenerationStore) -> None:
    await store.add(encoded(a_record(1, cost=Cost(None, 5, 0, None)), charged(2, 7)))

    assert (await spent(engine)).total == 7


async def test_sums_hold_more_than_32_bits(engine: AsyncEngine, store: SqlGenerationStore) -> None:
    await store.add(encoded(charged(1, 10**17), charged(2, 10**17)))

    assert (await spent(engine)).total == 2 * 10**17
