"""The database fails for real: read-only, locked, deleted, replaced, its disk full. Records wait in the journal, then arrive once."""

import asyncio
import os
import shutil
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from generation_records import KEY, NOON, charged, encoded
from waystation.errors import Unavailable
from waystation.generations.log import GenerationLog
from waystation.storage import engine as engines
from waystation.storage.engine import FILE_NAME, open_engine
from waystation.storage.generations import SqlGenerationStore
from waystation.storage.keys import SqlKeyStore
from waystation.storage.migrations import migrate
from waystation.storage.spending import SqlSpending


class Setting:
    """A database in a folder, and a log whose journal lies in another."""

    def __init__(self, folder: Path, journal: Path, engine: AsyncEngine) -> None:
        self.file = folder / FILE_NAME
        self.engine = engine
        self.store = SqlGenerationStore(engine)
        self.log = GenerationLog(self.store, journal)

    async def records_survive(self, first: int) -> None:
        """Ten records are taken and found while the database is dead, which is told."""
        for number in range(first, first + 10):
            self.log.append(charged(number, 1))
        with pytest.raises(Unavailable):
            await self.log.flush()
        assert not self.log.health().ok
        assert await self.log.get(charged(first, 1).id) == charged(first, 1)
        with pytest.raises(Unavailable):
            await SqlSpending(self.engine, self.log.flush).of([KEY], NOON)

    async def arrived(self) -> int:
        """What the database has, once it is well: each record cost one nano-dollar."""
        spend = await SqlSpending(self.engine, self.log.flush).of([KEY], NOON)
        async with asyncio.timeout(30):
            while not self.log.health().ok:  # noqa: ASYNC110 - the log tries its journal again by itself, and tells nobody
                await asyncio.sleep(0.01)
        return spend[KEY].sums.total


@pytest.fixture
async def setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Setting]:
    monkeypatch.setattr(engines, "BUSY_SECONDS", 0.1)
    folder = tmp_path / "database"
    migrate("", folder)
    engine = open_engine("", folder)
    setting = Setting(folder, tmp_path / "journal", engine)
    await setting.store.add(encoded(charged(0, 1)))
    yield setting
    await setting.log.close()
    await engine.dispose()


@contextmanager
def unwritable(file: Path) -> Iterator[None]:
    """Nobody may write to the file, root neither."""
    if os.geteuid() != 0:
        file.chmod(0o444)
        yield
        file.chmod(0o644)
        return
    if subprocess.run(["chattr", "+i", str(file)], check=False, capture_output=True).returncode:
        pytest.skip("files cannot be made immutable here")
    try:
        yield
    finally:
        subprocess.run(["chattr", "-i", str(file)], check=True)


async def test_a_read_only_database(setting: Setting) -> None:
    await setting.engine.dispose()
    with unwritable(setting.file):
        await setting.records_survive(1)

    await setting.engine.dispose()
    assert await setting.arrived() == 11


async def test_a_locked_database(setting: Setting) -> None:
    other = sqlite3.connect(setting.file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    setting.log.append(charged(1, 1))
    with pytest.raises(Unavailable):
        await setting.log.flush()
    assert await setting.log.get(charged(1, 1).id) == charged(1, 1)
    assert not setting.log.health().store_ok

    other.execute("ROLLBACK")
    other.close()
    assert await setting.arrived() == 2


async def test_a_database_that_is_deleted_is_not_made_anew_unseen(setting: Setting) -> None:
    aside = setting.file.with_suffix(".aside")
    with sqlite3.connect(setting.file) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    shutil.copy(setting.file, aside)
    for file in setting.file.parent.glob(FILE_NAME + "*"):
        file.unlink()

    await setting.records_survive(1)
    with pytest.raises(Unavailable):
        await SqlKeyStore(setting.engine).all()
    assert not setting.file.exists()

    shutil.move(aside, setting.file)
    assert await setting.arrived() == 11


async def test_a_database_that_is_replaced_is_written_to_and_not_the_old_one(setting: Setting) -> None:
    setting.log.append(charged(1, 1))
    await setting.log.flush()
    for file in setting.file.parent.glob(FILE_NAME + "*"):
        file.unlink()
    migrate("", setting.file.parent)

    setting.log.append(charged(2, 1))

    assert await setting.arrived() == 1
    assert await setting.store.get(charged(2, 1).id) == charged(2, 1)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder with 24 MiB of room, where this may be made."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("nothing may be mounted here")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


async def test_a_full_disk_under_database_and_journal(small_disk: Path, tmp_path: Path) -> None:
    migrate("", small_disk)
    engine = open_engine("", small_disk)
    setting = Setting(small_disk, small_disk / "journal", engine)
    await setting.log.start()
    filler = small_disk / "filler"
    fill(filler, 65536)
    fill(small_disk / "crumbs", 1)

    for number in range(200):
        setting.log.append(charged(number, 1, user="u" * 4000))
    with pytest.raises(Unavailable):
        await setting.log.flush()
    health = setting.log.health()
    assert (health.journal_ok, health.unjournaled, health.lost) == (False, 200, 0)
    assert await setting.log.get(charged(199, 1).id) is not None

    filler.unlink()
    assert await setting.arrived() == 200
    await setting.log.close()
    await engine.dispose()


def fill(file: Path, step: int) -> None:
    """Write until the disk is full."""
    with file.open("wb", buffering=0) as out, suppress(OSError):
        while True:
            out.write(bytes(step))
