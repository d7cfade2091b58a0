"""What is left after a process died, or its disk was full."""

import subprocess
import sys
from pathlib import Path

from generation_records import a_record
from waystation.generations.log import GenerationLog
from waystation.storage.memory import MemoryGenerationStore

TESTS = Path(__file__).resolve().parent.parent
PROGRAM = TESTS / "generations" / "appending_process.py"


def appending(folder: Path, count: int = 0, full_after: int = 0) -> "subprocess.Popen[str]":
    """A process that appends to the journal in `folder`."""
    path = f"{TESTS.parent / 'src'}:{TESTS}"
    return subprocess.Popen(
        [sys.executable, str(PROGRAM), str(folder), str(count), str(full_after)],
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": path},
    )


async def replayed(folder: Path) -> MemoryGenerationStore:
    store = MemoryGenerationStore()
    log = GenerationLog(store, folder)
    await log.start()
    assert log.health().damaged == 0
    await log.close()
    return store


async def test_every_acknowledged_record_survives_sigkill(tmp_path: Path) -> None:
    acknowledged = 0
    with appending(tmp_path / "journal") as process:
        assert process.stdout is not None
        while acknowledged < 400:
            acknowledged = int(process.stdout.readline())
        process.kill()
        rest = process.stdout.read().splitlines()
    complete = [int(line) for line in rest[:-1]]
    acknowledged = max([acknowledged, *complete])

    store = await replayed(tmp_path / "journal")

    for number in range(acknowledged + 1):
        assert await store.get(a_record(number).id) == a_record(number)
    assert list((tmp_path / "journal").iterdir()) == []


async def test_a_living_process_keeps_its_segments_to_itself(tmp_path: Path) -> None:
    with appending(tmp_path / "journal") as process:
        assert process.stdout is not None
        process.stdout.readline()
        store = await replayed(tmp_path / "journal")
        process.kill()
        process.stdout.read()

    assert await store.get(a_record(0).id) is None
    assert await (await replayed(tmp_path / "journal")).get(a_record(0).id) == a_record(0)


async def test_a_full_disk_is_told_and_what_fitted_is_kept(tmp_path: Path) -> None:
    with appending(tmp_path / "journal", count=200, full_after=10) as process:
        assert process.stdout is not None
        lines = process.stdout.read().splitlines()

    store = await replayed(tmp_path / "journal")
    kept = [number for number in range(200) if await store.get(a_record(number).id) is not None]

    assert process.returncode == 0
    assert kept == list(range(len(kept)))
    assert 10 <= len(kept) < 200
    assert lines[-1] == f"ok=False unjournaled={200 - len(kept)} lost=0"
