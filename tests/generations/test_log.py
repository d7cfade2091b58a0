import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from generation_records import a_record, charged, encoded
from waystation.errors import Unavailable
from waystation.generations import journal as journals
from waystation.generations.log import GenerationLog
from waystation.generations.store import RecordRejected
from waystation.storage.memory import MemoryGenerationStore


class FailingStore(MemoryGenerationStore):
    """A memory store that can be cut off, and that refuses the ids it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.reachable = True
        self.refused: set[str] = set()

    async def add(self, payloads: Sequence[bytes]) -> None:
        if not self.reachable:
            raise Unavailable("The database cannot be reached.")
        if any(generation_id.encode() in payload for payload in payloads for generation_id in self.refused):
            raise RecordRejected("made to refuse")
        await super().add(payloads)

    def __len__(self) -> int:
        return len(self._records)


@pytest.fixture
def store() -> FailingStore:
    return FailingStore()


@pytest.fixture
async def log(store: FailingStore, tmp_path: Path) -> AsyncIterator[GenerationLog]:
    log = GenerationLog(store, tmp_path / "journal", max_pending=10)
    await log.start()
    yield log
    await log.close()


def segments(tmp_path: Path) -> list[str]:
    return sorted(path.suffix for path in (tmp_path / "journal").iterdir())


async def test_a_record_is_found_at_once_and_still_after_it_was_written(
    log: GenerationLog, store: FailingStore
) -> None:
    log.append(a_record())
    assert await log.get(a_record().id) == a_record()

    await log.flush()
    assert await store.get(a_record().id) == a_record()


async def test_a_journal_that_cannot_be_deleted_keeps_nothing_from_the_store(
    store: FailingStore, tmp_path: Path
) -> None:
    """As on a disk that became read-only."""
    journal = tmp_path / "journal"
    log = GenerationLog(store, journal, segment_bytes=4096, max_pending=100)
    await log.start()
    for number in range(40):
        log.append(a_record(number))
    journal.rename(tmp_path / "elsewhere")
    journal.write_text("no folder")

    await log.flush()

    assert len(store) == 40
    await log.close()


async def test_what_left_memory_is_found_in_the_store(log: GenerationLog) -> None:
    for number in range(20):
        log.append(a_record(number))
    await log.flush()

    assert await log.get(a_record(0).id) == a_record(0)
    assert await log.get("gen-unknown") is None


async def test_the_writer_brings_records_into_the_store_unasked(store: FailingStore, tmp_path: Path) -> None:
    log = GenerationLog(store, tmp_path / "journal", interval=0.001)
    await log.start()
    log.append(a_record())

    await log.close()

    assert len(store) == 1
    assert segments(tmp_path) == []


async def test_a_dead_database_delays_records_and_loses_none(
    log: GenerationLog, store: FailingStore, caplog: pytest.LogCaptureFixture
) -> None:
    store.reachable = False
    for number in range(30):
        log.append(a_record(number))
    with pytest.raises(Unavailable):
        await log.flush()

    assert not log.health().ok
    assert (log.health().pending, log.health().spilled, log.health().lost) == (10, 20, 0)
    assert "database cannot be reached" in caplog.text

    store.reachable = True
    await log.flush()
    assert len(store) == 30
    assert log.health().ok


async def test_what_a_dead_database_could_not_take_is_written_by_the_next_process(
    store: FailingStore, tmp_path: Path
) -> None:
    store.reachable = False
    first = GenerationLog(store, tmp_path / "journal", max_pending=10)
    await first.start()
    for number in range(30):
        first.append(a_record(number))
    await first.close()

    store.reachable = True
    second = GenerationLog(store, tmp_path / "journal")
    await second.start()

    assert len(store) == 30
    await second.close()
    assert segments(tmp_path) == []


async def test_a_process_can_start_while_the_database_is_dead(store: FailingStore, tmp_path: Path) -> None:
    store.reachable = False
    first = GenerationLog(store, tmp_path / "journal")
    first.append(a_record(1))
    await first.close()
    second = GenerationLog(store, tmp_path / "journal")
    await second.start()
    second.append(a_record(2))

    store.reachable = True
    await second.flush()

    assert len(store) == 2
    await second.close()


async def test_replaying_what_is_in_the_store_already_counts_nothing_twice(
    store: FailingStore, tmp_path: Path
) -> None:
    store.reachable = False
    first = GenerationLog(store, tmp_path / "journal")
    first.append(charged(1, 5))
    await first.close()
    store.reachable = True
    await store.add(encoded(charged(1, 5)))

    second = GenerationLog(store, tmp_path / "journal")
    await second.start()

    await second.flush()
    assert len(store) == 1
    await second.close()


async def test_a_refused_record_does_not_hold_up_the_others(
    log: GenerationLog, store: FailingStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store.refused = {a_record(3).id}
    for number in range(8):
        log.append(a_record(number))

    await log.flush()

    assert len(store) == 7
    assert log.health().rejected == 1
    assert "refuses a generation" in caplog.text
    await log.close()
    assert segments(tmp_path) == [".journal"]


async def test_damaged_lines_are_reported_and_set_aside(
    store: FailingStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store.reachable = False
    first = GenerationLog(store, tmp_path / "journal")
    for number in range(3):
        first.append(a_record(number))
    await first.close()
    (segment,) = (tmp_path / "journal").iterdir()
    segment.write_bytes(segment.read_bytes().replace(a_record(1).id.encode(), b"?", 1))
    store.reachable = True

    second = GenerationLog(store, tmp_path / "journal")
    await second.start()

    assert len(store) == 2
    assert second.health().damaged == 1
    assert "1 damaged lines" in caplog.text
    await second.close()
    assert segments(tmp_path) == [".damaged"]


async def test_a_record_that_has_no_json_form_harms_nothing(log: GenerationLog, store: FailingStore) -> None:
    log.append(a_record(1, user="\ud800"))
    log.append(a_record(2))

    await log.flush()

    assert len(store) == 1
    assert log.health().rejected == 1


async def test_memory_and_disk_both_full_is_a_loss_that_is_counted(
    store: FailingStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "journal").write_text("a file where the folder should be")
    log = GenerationLog(store, tmp_path / "journal", max_pending=2)
    await log.start()
    store.reachable = False
    with caplog.at_level(logging.CRITICAL):
        for number in range(5):
            log.append(a_record(number))

    health = log.health()
    assert (health.unjournaled, health.lost, health.journal_ok, health.ok) == (4, 1, False, False)
    assert "journal cannot be written" in caplog.text
    assert "generation lost" in caplog.text

    store.reachable = True
    await log.close()
    assert len(store) == 4
    assert log.health().unjournaled == 0


async def test_closing_twice_is_fine(store: FailingStore, tmp_path: Path) -> None:
    log = GenerationLog(store, tmp_path / "journal")
    await log.start()
    await log.close()
    await log.close()


async def test_a_strict_log_refuses_while_the_database_is_dead(store: FailingStore, tmp_path: Path) -> None:
    log = GenerationLog(store, tmp_path / "journal", strict=True)
    await log.start()
    assert not log.health().refusing
    store.reachable = False
    log.append(a_record(1))
    with pytest.raises(Unavailable):
        await log.flush()
    assert log.health().refusing

    store.reachable = True
    await log.flush()
    assert not log.health().refusing
    await log.close()


async def test_a_log_that_serves_refuses_when_there_is_no_room_left(
    store: FailingStore, tmp_path: Path
) -> None:
    (tmp_path / "journal").write_text("a file where the folder should be")
    log = GenerationLog(store, tmp_path / "journal", max_pending=2)
    store.reachable = False

    log.append(a_record(1))
    assert not log.health().refusing
    log.append(a_record(2))
    assert log.health().refusing

    store.reachable = True
    await log.flush()
    assert not log.health().refusing
    await log.close()


async def test_the_journal_is_tried_again_though_nothing_is_recorded(
    store: FailingStore, tmp_path: Path
) -> None:
    blocker = tmp_path / "journal"
    blocker.write_text("a file where the folder should be")
    log = GenerationLog(store, blocker, interval=0.001, strict=True)
    await log.start()
    log.append(a_record(1))
    assert log.health().refusing

    blocker.unlink()
    async with asyncio.timeout(20):
        while log.health().refusing:  # noqa: ASYNC110 - the log tries its journal again by itself, and tells nobody
            await asyncio.sleep(0.01)
    assert await store.get(a_record(1).id) is not None
    await log.close()


async def test_what_waited_in_memory_goes_into_a_journal_that_is_well_again(
    store: FailingStore, tmp_path: Path
) -> None:
    blocker = tmp_path / "journal"
    blocker.write_text("a file where the folder should be")
    store.reachable = False
    log = GenerationLog(store, blocker, interval=0.001)
    await log.start()
    for number in range(5):
        log.append(a_record(number))
    blocker.unlink()
    async with asyncio.timeout(20):
        while log.health().unjournaled:  # noqa: ASYNC110 - the log tries its journal again by itself, and tells nobody
            await asyncio.sleep(0.01)
    await log.close()

    store.reachable = True
    second = GenerationLog(store, blocker)
    await second.start()
    assert len(store) == 5
    await second.close()


async def test_the_journal_takes_no_more_room_than_it_may(store: FailingStore, tmp_path: Path) -> None:
    store.reachable = False
    bound = 4 * 64 * 1024
    log = GenerationLog(
        store, tmp_path / "journal", max_pending=20_000, segment_bytes=64 * 1024, max_journal_bytes=bound
    )
    for number in range(1000):
        log.append(a_record(number))

    assert journals.size(tmp_path / "journal") <= bound
    health = log.health()
    assert (health.journal_ok, health.lost) == (False, 0)
    assert 0 < health.unjournaled < 1000

    store.reachable = True
    await log.flush()
    assert len(store) == 1000
    await log.close()
    assert segments(tmp_path) == []
