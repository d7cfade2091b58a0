"""What every `GenerationStore` owes, asked of each."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from generation_records import DAY, KEY, NOON, OTHER_KEY, a_record, charged, encoded, under_own_credential
from waystation.generations.record import NO_PRICING
from waystation.generations.store import GenerationStore, Spend
from waystation.operations.usage import Cost
from waystation.storage.engine import open_engine
from waystation.storage.generations import SqlGenerationStore
from waystation.storage.memory import MemoryGenerationStore
from waystation.storage.migrations import migrate


@pytest.fixture(params=["memory", "sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[GenerationStore]:
    if request.param == "memory":
        yield MemoryGenerationStore()
        return
    migrate("", tmp_path)
    engine = open_engine("", tmp_path)
    yield SqlGenerationStore(engine)
    await engine.dispose()


async def test_records_come_back_whole(store: GenerationStore) -> None:
    full = a_record(1)
    bare = a_record(2, usage=None, cost=None, pricing=NO_PRICING, attempts=(), provider=None, status=404)
    await store.add(encoded(full, bare))

    assert await store.get(full.id) == full
    assert await store.get(bare.id) == bare
    assert await store.get("gen-unknown") is None


async def test_adding_nothing_is_fine(store: GenerationStore) -> None:
    await store.add([])


async def test_a_record_that_is_known_changes_nothing(store: GenerationStore) -> None:
    await store.add(encoded(charged(1, 5)))

    await store.add(encoded(charged(1, 1000), charged(2, 7)))
    await store.add(encoded(charged(2, 7)))

    assert await store.get(charged(1, 5).id) == charged(1, 5)
    assert (await store.spend(KEY, NOON)).total == 12


async def test_a_record_twice_in_one_batch_counts_once(store: GenerationStore) -> None:
    await store.add(encoded(charged(1, 5), charged(1, 5), charged(2, 7)))

    assert (await store.spend(KEY, NOON)).total == 12


async def test_batches_at_the_same_time_count_every_record_once(store: GenerationStore) -> None:
    batches = [[charged(number, 1) for number in range(start, start + 20)] for start in range(0, 100, 10)]

    await asyncio.gather(*(store.add(encoded(*batch)) for batch in batches))

    assert (await store.spend(KEY, NOON)).total == 110


async def test_a_key_without_generations_has_spent_nothing(store: GenerationStore) -> None:
    await store.add(encoded(charged(1, 5)))

    assert await store.spend(OTHER_KEY, NOON) == Spend()


async def test_spend_is_summed_by_utc_day_week_from_monday_and_month(store: GenerationStore) -> None:
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

    assert await store.spend(KEY, saturday) == Spend(total=1_111_111, daily=11, weekly=1111, monthly=111_111)


async def test_own_credentials_are_summed_apart(store: GenerationStore) -> None:
    await store.add(
        encoded(
            charged(1, 3),
            under_own_credential(2, 40),
            under_own_credential(3, 500, created_at=NOON - 30 * DAY),
        )
    )

    spend = await store.spend(KEY, NOON)

    assert spend == Spend(3, 3, 3, 3, byok_total=540, byok_daily=40, byok_weekly=40, byok_monthly=40)


async def test_an_unknown_cost_is_not_summed(store: GenerationStore) -> None:
    await store.add(encoded(a_record(1, cost=Cost(None, 5, 0, None)), charged(2, 7)))

    assert (await store.spend(KEY, NOON)).total == 7


async def test_sums_hold_more_than_32_bits(store: GenerationStore) -> None:
    await store.add(encoded(charged(1, 10**17), charged(2, 10**17)))

    assert (await store.spend(KEY, NOON)).total == 2 * 10**17


async def test_large_batches_are_kept_whole_and_known_records_in_them_counted_once(
    store: GenerationStore,
) -> None:
    await store.add(encoded(*(charged(number, 1) for number in range(300))))
    assert (await store.spend(KEY, NOON)).total == 300

    await store.add(encoded(*(charged(number, 1) for number in range(150, 600))))

    assert (await store.spend(KEY, NOON)).total == 600
    for number in (0, 127, 128, 299, 300, 599):
        assert await store.get(charged(number, 1).id) == charged(number, 1)
