import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text

from generation_records import DAY, NOON, charged, encoded
from waystation.errors import Unavailable
from waystation.settings.problem import SettingsError
from waystation.storage import migrations
from waystation.storage.engine import FILE_NAME, open_engine
from waystation.storage.generations import SqlGenerationStore
from waystation.storage.migrations import HEAD, REVISIONS, SchemaState, migrate, state
from waystation.storage.tables import metadata


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    """A connection to the database in `tmp_path`."""
    engine = create_engine(f"sqlite:///{tmp_path / FILE_NAME}")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def test_the_list_of_revisions_is_that_of_the_files() -> None:
    scripts = ScriptDirectory(str(Path(migrations.__file__).parent))

    assert tuple(script.revision for script in scripts.walk_revisions())[::-1] == REVISIONS
    assert scripts.get_current_head() == HEAD


def test_a_migrated_database_has_the_tables_that_the_code_knows(
    tmp_path: Path, connection: Connection
) -> None:
    migrate("", tmp_path)

    assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_sums_of_endpoints_are_made_of_those_that_are_there(tmp_path: Path, connection: Connection) -> None:
    migrate("", tmp_path)
    asyncio.run(_with_records(tmp_path))
    sums = text("SELECT * FROM endpoint_activity ORDER BY span, start, series")
    before = [tuple(row) for row in connection.execute(sums)]
    with connection.begin_nested():
        _without_router(connection)
        connection.execute(text("DROP TABLE endpoint_activity"))
        connection.execute(text("DELETE FROM series WHERE key_hash = ''"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0030'"))
    connection.commit()

    migrate("", tmp_path)

    assert len(before) == 2 * 3 * 2
    assert [tuple(row) for row in connection.execute(sums)] == before


def test_generations_that_a_router_placed_are_found_among_those_that_are_there(
    tmp_path: Path, connection: Connection
) -> None:
    migrate("", tmp_path)
    asyncio.run(_with_records(tmp_path))
    placed = text("SELECT count(*), min(router), max(router) FROM generations WHERE router IS NOT NULL")
    _without_router(connection)
    connection.execute(text("UPDATE alembic_version SET version_num = '0031'"))
    connection.execute(
        text("""UPDATE generations SET record = '{"router":"openrouter/auto",' || substr(record, 2)
                WHERE model = 'acme/1'""")
    )
    connection.commit()

    migrate("", tmp_path)

    assert tuple(connection.execute(placed).one()) == (8, "openrouter/auto", "openrouter/auto")


def _without_router(connection: Connection) -> None:
    connection.execute(text("DROP INDEX ix_generations_routed"))
    connection.execute(text("ALTER TABLE generations DROP COLUMN router"))


async def _with_records(data_dir: Path) -> None:
    engine = open_engine("", data_dir)
    await SqlGenerationStore(engine).add(
        encoded(
            *(
                charged(
                    number,
                    5,
                    model=f"acme/{number % 3}",
                    created_at=NOON - number % 2 * DAY,
                    app_title=str(number),
                )
                for number in range(24)
            )
        )
    )
    await engine.dispose()


def test_the_state_before_and_after(tmp_path: Path) -> None:
    where = f"sqlite:///{tmp_path / 'data' / FILE_NAME}"
    before = SchemaState(where, None, REVISIONS)

    assert state("", tmp_path / "data") == before
    assert not (tmp_path / "data").exists()
    assert migrate("", tmp_path / "data") == before
    assert state("", tmp_path / "data") == SchemaState(where, HEAD, ())
    assert migrate("", tmp_path / "data").is_current


def test_a_migration_that_fails_leaves_the_database_as_it_was(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / FILE_NAME) as database:
        database.execute("CREATE TABLE daily_spend (mine TEXT)")
    database.close()

    with pytest.raises(Exception, match="already exists"):
        migrate("", tmp_path)

    with sqlite3.connect(tmp_path / FILE_NAME) as database:
        tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    database.close()
    assert tables == [("daily_spend",)]


def test_processes_that_start_together_migrate_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: _migrated_by_a_process(tmp_path), range(4)))

    assert state("", tmp_path).is_current


def test_a_database_that_is_current_is_recognised_without_alembic(tmp_path: Path) -> None:
    migrate("", tmp_path)

    loaded = _migrated_by_a_process(tmp_path)

    assert loaded == "False"


def test_a_database_of_a_newer_program_is_left_alone(tmp_path: Path) -> None:
    migrate("", tmp_path)
    with sqlite3.connect(tmp_path / FILE_NAME) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()

    with pytest.raises(SettingsError, match="newer Waystation"):
        migrate("", tmp_path)


def test_a_file_that_is_no_database_is_no_reason_to_crash(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"this is something else entirely" * 100)

    with pytest.raises(Unavailable, match="cannot be read"):
        state("", tmp_path)


def _migrated_by_a_process(data_dir: Path) -> str:
    """Migrate in a process of its own; whether that loaded Alembic."""
    program = (
        "import sys; from pathlib import Path; from waystation.storage.migrations import migrate;"
        "migrate('', Path(sys.argv[1])); print('alembic' in sys.modules)"
    )
    source = Path(__file__).resolve().parents[2] / "src"
    finished = subprocess.run(
        [sys.executable, "-c", program, str(data_dir)],
        env={"PYTHONPATH": str(source)},
        check=True,
        capture_output=True,
        text=True,
    )
    return finished.stdout.strip()
