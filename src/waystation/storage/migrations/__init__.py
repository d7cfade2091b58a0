"""How the schema came to be, step by step, and bringing a database to the newest. Blocks: for the start and for commands.

Alembic is slow to import, so a database that is current is recognised without it.
"""

import sqlite3
from pathlib import Path

from msgspec import Struct
from sqlalchemy import URL, Connection, create_engine, event, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from waystation.errors import Unavailable
from waystation.settings.problem import SettingsError
from waystation.storage.engine import PAGE_BYTES, database_url, sync_url

REVISIONS = ("0001", "0002", "0020", "0030", "0031", "0032")
"""Every revision in order; a test compares them with the files in `versions`."""
HEAD = REVISIONS[-1]


class SchemaState(Struct, frozen=True):
    """Where the database is (password masked), its revision (None: never migrated), and the revisions it lacks."""

    where: str
    revision: str | None
    pending: tuple[str, ...]

    @property
    def is_current(self) -> bool:
        """Whether there is nothing to do."""
        return self.revision == HEAD


def state(url: str, data_dir: Path) -> SchemaState:
    """How the schema stands, without touching it.

    `Unavailable` where the database cannot be read, `SettingsError` where it is newer than this program.
    """
    return _state(database_url(url, data_dir))


def migrate(url: str, data_dir: Path) -> SchemaState:
    """Bring the database to the newest revision, making it where there is none. The state as it was before."""
    location = database_url(url, data_dir)
    if location.drivername == "sqlite" and location.database:
        Path(location.database).parent.mkdir(parents=True, exist_ok=True)
    found = _state(location)
    if found.is_current:
        return found
    _upgrade(location)
    return found


def _state(location: URL) -> SchemaState:
    where = location.render_as_string(hide_password=True)
    if location.drivername == "sqlite" and not Path(location.database or "").exists():
        return SchemaState(where, None, REVISIONS)
    engine = create_engine(sync_url(location))
    try:
        with engine.connect() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return SchemaState(where, None, REVISIONS)
            revision = connection.execute(
                text("SELECT version_num FROM alembic_version")
            ).scalar_one_or_none()
    except SQLAlchemyError as error:
        raise Unavailable(f"The database {where} cannot be read.") from error
    finally:
        engine.dispose()
    if revision is not None and revision not in REVISIONS:
        raise SettingsError(f"storage.database_url: {where} is of a newer Waystation (revision {revision})")
    behind = REVISIONS if revision is None else REVISIONS[REVISIONS.index(revision) + 1 :]
    return SchemaState(where, revision, behind)


def _upgrade(location: URL) -> None:
    """Run what is pending as one transaction: a migration that fails leaves the database as it was."""
    from alembic.command import upgrade
    from alembic.config import Config

    engine = create_engine(sync_url(location))
    if location.drivername == "sqlite":
        event.listen(engine, "connect", _leave_transactions_to_us)
        event.listen(engine, "begin", _begin_alone)
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    try:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            upgrade(config, "head")
    finally:
        engine.dispose()


def _leave_transactions_to_us(connection: sqlite3.Connection, _: object) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA busy_timeout = 60000")
    connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")  # counts when this makes the file


def _begin_alone(connection: Connection) -> None:
    """Python's driver begins no transaction for DDL; with this one, processes that start together migrate in turn."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")
