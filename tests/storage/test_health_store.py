"""One contract for every store of health: what was saved last comes back whole."""

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from waystation.routing.health import Health, HealthStore, Outcome, Result
from waystation.routing.standing import endpoint_key
from waystation.storage.health import FILE_NAME, FileHealthStore
from waystation.storage.memory import MemoryHealthStore

NOW = 1_800_000_000.0
KEY = endpoint_key("acme/m1", "acme")


@pytest.fixture(params=[lambda _: MemoryHealthStore(), FileHealthStore], ids=["memory", "file"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> HealthStore:
    make: Callable[[Path], HealthStore] = request.param
    return make(tmp_path)


def learnt() -> Health:
    health = Health()
    for number in range(20):
        latency = 0.1 + number / 100
        health.observe(Outcome("acme/m1", "acme", NOW + number, Result.SUCCESS, latency, throughput=50.0))
    health.observe(Outcome("acme/m1", "acme", NOW + 20, Result.RATE_LIMITED, retry_after=60))
    return health


async def test_what_was_learnt_survives_the_process(store: HealthStore) -> None:
    before = learnt()
    await store.save(before.saved())
    saved = await store.load()
    assert saved is not None
    after = Health()
    after.restore(saved, NOW + 25)
    assert after.statistics(KEY, NOW + 25) == before.statistics(KEY, NOW + 25)
    assert after.snapshot(NOW + 25).of(KEY).cooling_until == NOW + 80


async def test_nothing_saved_is_nothing_known(store: HealthStore) -> None:
    assert await store.load() is None


async def test_the_last_save_counts(store: HealthStore) -> None:
    await store.save(learnt().saved())
    await store.save(Health().saved())
    saved = await store.load()
    assert saved is not None
    assert saved.records == {}


async def test_a_damaged_file_is_told_of_and_passed_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"\xc1 not this")
    with caplog.at_level(logging.WARNING):
        assert await FileHealthStore(tmp_path).load() is None
    assert "learnt anew" in caplog.text


async def test_a_folder_that_is_gone_stops_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        await FileHealthStore(tmp_path / "gone").save(learnt().saved())
    assert "cannot be saved" in caplog.text
