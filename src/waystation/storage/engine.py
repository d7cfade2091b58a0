"""The one seam to a database: SQLite (WAL) by default, PostgreSQL by URL where its driver is installed."""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from sqlalchemy import URL, event, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    DisconnectionError,
    IntegrityError,
    InterfaceError,
    StatementError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from waystation.errors import Unavailable
from waystation.settings.problem import SettingsError

FILE_NAME = "waystation.db"
BUSY_SECONDS = 10.0
"""How long a connection waits for another process's write."""
PAGE_BYTES = 16384
"""Of a new SQLite file: with SQLite's own 4096 only three records share a page, and each costs a third more."""

_POSTGRESQL_DRIVER = "psycopg"


def database_url(url: str, data_dir: Path) -> URL:
    """The configured database without a driver; empty means SQLite in the data folder. `SettingsError` for any other."""
    if not url:
        return URL.create("sqlite", database=str(data_dir / FILE_NAME))
    try:
        parsed = make_url(url)
        kind = "postgresql" if parsed.drivername == "postgres" else parsed.get_backend_name()
    except (ArgumentError, ImportError):
        raise SettingsError("storage.database_url: this is no database URL") from None
    if kind not in ("sqlite", "postgresql"):
        raise SettingsError("storage.database_url: expected sqlite:///... or postgresql://...")
    if kind == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise SettingsError("storage.database_url: SQLite needs a file, sqlite:///path/to/file")
    if kind == "postgresql" and find_spec(_POSTGRESQL_DRIVER) is None:
        raise SettingsError(
            f'storage.database_url: PostgreSQL needs a driver, "pip install {_POSTGRESQL_DRIVER}"'
        )
    return parsed.set(drivername=kind)


def sync_url(url: URL) -> URL:
    """The same database for code that blocks: migrations, and a look from the command line."""
    return url.set(drivername=f"postgresql+{_POSTGRESQL_DRIVER}") if url.drivername == "postgresql" else url


def open_engine(url: str, data_dir: Path) -> AsyncEngine:
    """The engine that stores share. Connects on first use; `dispose` it in the end."""
    parsed = database_url(url, data_dir)
    if parsed.drivername == "postgresql":
        return create_async_engine(
            parsed.set(drivername=f"postgresql+{_POSTGRESQL_DRIVER}"), pool_pre_ping=True
        )
    engine = create_async_engine(
        parsed.set(drivername="sqlite+aiosqlite"),
        connect_args={"timeout": BUSY_SECONDS},
        pool_size=4,
        paramstyle="named",
    )
    event.listen(engine.sync_engine, "connect", prepare_sqlite)
    _keep_to_file(engine, Path(parsed.database or ""))
    return engine


def file_of(engine: AsyncEngine) -> tuple[int, int] | None:
    """Which file the database is now; None where it is none, or is gone."""
    path = engine.url.database
    return _identity(Path(path)) if engine.dialect.name == "sqlite" and path else None


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _keep_to_file(engine: AsyncEngine, path: Path) -> None:
    """Never make the file anew, and never write to one that was deleted or replaced: nobody would find it again."""

    def before(*_: object) -> None:
        if not path.exists():
            raise FileNotFoundError(errno.ENOENT, "the database's file is gone", str(path))

    def connected(_: object, record: ConnectionPoolEntry) -> None:
        record.info["file"] = _identity(path)

    def taken(_: object, record: ConnectionPoolEntry, __: object) -> None:
        if record.info.get("file") != _identity(path):
            raise DisconnectionError("the database's file was deleted or replaced")

    event.listen(engine.sync_engine, "do_connect", before)
    event.listen(engine.sync_engine, "connect", connected)
    event.listen(engine.sync_engine, "checkout", taken)


def prepare_sqlite(connection: sqlite3.Connection, _: object) -> None:
    """Readers beside one writer, commits without waiting for the disk, references that hold."""
    cursor = connection.cursor()
    for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


class NotStorable(Exception):
    """The database is there and refuses the data itself."""


@contextmanager
def reaching() -> Iterator[None]:
    """Turn the database's failures into ours: `Unavailable` for its own, `NotStorable` for those of the data."""
    try:
        yield
    except (IntegrityError, DataError, OverflowError, UnicodeError) as error:
        raise NotStorable(str(error)) from error
    except (DBAPIError, DisconnectionError, InterfaceError, PoolTimeout, OSError) as error:
        raise Unavailable("The database cannot be reached.") from error
    except StatementError as error:
        raise NotStorable(str(error)) from error
