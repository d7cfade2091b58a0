"""What every `GenerationStore` owes, asked of each."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from generation_records import a_record, charged, encoded
from waystation.generations.record import NO_PRICING
from waystation.generations.store import GenerationStore
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

    assert await store.get(charged(1, 5).id) == charged(1, 5)
    assert await store.get(charged(2, 7).id) == charged(2, 7)


async def test_large_batches_are_kept_whole_whatever_of_them_is_known(
    store: GenerationStore,
) -> None:
    await store.add(encoded(*(charged(number, 1) for number in range(300))))

    await store.add(encoded(*(charged(number, 1) for number in range(150, 600))))

    for number in (0, 127, 128, 299, 300, 599):
        assert await store.get(charged(number, 1).id) == charged(number, 1)
