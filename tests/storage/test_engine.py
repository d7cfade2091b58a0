import asyncio
import threading
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from generation_records import a_record, charged, encoded
from spent import spent
from waystation.errors import Unavailable
from waystation.generations.store import RecordRejected
from waystation.settings.problem import SettingsError
from waystation.storage.engine import FILE_NAME, database_url, open_engine
from waystation.storage.generations import SqlGenerationStore
from waystation.storage.keys import SqlKeyStore

PATH = Path("data")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("", f"sqlite:///data/{FILE_NAME}"),
        ("sqlite:///other.db", "sqlite:///other.db"),
        ("sqlite+aiosqlite:////srv/other.db", "sqlite:////srv/other.db"),
    ],
)
def test_a_url_names_a_database_and_no_driver(url: str, expected: str) -> None:
    assert database_url(url, PATH).render_as_string() == expected


@pytest.mark.parametrize(
    "url", ["nonsense", "mysql://host/db", "oracle://host", "://", "sqlite://", "sqlite:///:memory:"]
)
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(SettingsError, match=r"^storage\.database_url: "):
        database_url(url, PATH)


@pytest.mark.parametrize("url", ["postgresql://user:hidden@host/db", "postgres://user:hidden@host/db"])
def test_postgresql_without_its_driver_says_what_to_install(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("waystation.storage.engine.find_spec", lambda _: None)

    with pytest.raises(SettingsError, match="pip install psycopg") as raised:
        database_url(url, PATH)
    assert "hidden" not in str(raised.value)


async def test_sqlite_runs_with_a_write_ahead_log(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        assert (await connection.execute(text("PRAGMA journal_mode"))).scalar() == "wal"
        assert (await connection.execute(text("PRAGMA synchronous"))).scalar() == 1
        assert (await connection.execute(text("PRAGMA foreign_keys"))).scalar() == 1


async def test_a_database_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    engine = open_engine("", tmp_path / "absent")
    keys, generations = SqlKeyStore(engine), SqlGenerationStore(engine)

    for question in (
        keys.all(),
        keys.get("0"),
        keys.revoke("0"),
        generations.get("0"),
        spent(engine),
    ):
        with pytest.raises(Unavailable):
            await question
    with pytest.raises(Unavailable):
        await generations.add(encoded(a_record()))
    await engine.dispose()
    await threads_of_connections_end()


async def threads_of_connections_end() -> None:
    """A connection that could not be made stops its thread without waiting, and the thread still reports to this loop."""
    for thread in threading.enumerate():
        if "_connection_worker_thread" in thread.name:
            await asyncio.to_thread(thread.join)


async def test_a_batch_with_a_record_that_cannot_be_kept_changes_nothing(engine: AsyncEngine) -> None:
    store = SqlGenerationStore(engine)

    with pytest.raises(RecordRejected):
        await store.add(encoded(charged(1, 5), charged(2, 2**63)))

    assert await store.get(charged(1, 5).id) is None
    assert (await spent(engine)).total == 0


async def test_sums_and_records_are_one_transaction(engine: AsyncEngine) -> None:
    store = SqlGenerationStore(engine)
    async with engine.begin() as connection:
        await connection.execute(text("ALTER TABLE daily_spend RENAME TO elsewhere"))

    with pytest.raises(Unavailable):
        await store.add(encoded(charged(1, 5)))

    assert await store.get(charged(1, 5).id) is None
