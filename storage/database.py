"""The engines, and how each begins a transaction. The one place that knows which database is underneath."""

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, event, make_url, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from storage.unit_of_work import SqlUnitOfWork

Answer = TypeVar("Answer")

_READERS = 4
_POOL_TIMEOUT_SECONDS = 30


class DatabaseUnsupported(Exception):
    """``DATABASE_URL`` names a kind of database that is not there."""


class DatabaseUnusable(Exception):
    """What ``DATABASE_URL`` names cannot be read or written; the message is one sentence on why and what to do."""


def make_engine(url: str, *, write: bool, foreign_keys: bool = True) -> AsyncEngine:
    """Return an engine for a plain ``sqlite:///path`` URL; the driver is chosen here.

    Writers begin with BEGIN IMMEDIATE over one single connection: the lock is taken before the first read, so what a rule has read
    cannot change before it writes, and a queue in this process is fairer than SQLite's busy handler. See decision 0003.

    Raises:
        DatabaseUnsupported: the URL is of another kind.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        raise DatabaseUnsupported(f"DATABASE_URL must begin with sqlite:/// in this version, not {parsed.get_backend_name()}")
    engine = create_async_engine(
        parsed.set(drivername="sqlite+aiosqlite"),
        pool_size=1 if write else _READERS,
        max_overflow=0,
        # Errors are logged and kept: they must not tell what people are called or wrote.
        hide_parameters=True,
        pool_timeout=_POOL_TIMEOUT_SECONDS,
    )
    _set_up_sqlite(engine, write=write, foreign_keys=foreign_keys)
    return engine


def _set_up_sqlite(engine: AsyncEngine, *, write: bool, foreign_keys: bool) -> None:
    """Give each new connection its settings, and each transaction its kind of BEGIN."""
    pragmas = ["synchronous=FULL", "busy_timeout=5000", f"foreign_keys={'ON' if foreign_keys else 'OFF'}"]
    # The file itself remembers its journal: a reader, who may have been given a stranger's file to look at, leaves it as it is.
    pragmas += ["journal_mode=WAL"] if write else ["query_only=ON", "wal_autocheckpoint=0"]

    @event.listens_for(engine.sync_engine, "connect")
    def connected(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # The driver must not begin transactions of its own.
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begun(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


class Database:
    """A database that is open: transactions to write in, snapshots to read from."""

    def __init__(self, url: str) -> None:
        """Prepare the engines; nothing is opened yet. Raises DatabaseUnsupported."""
        self.url = url
        self._writer = make_engine(url, write=True)
        self._reader = make_engine(url, write=False)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[SqlUnitOfWork]:
        """Open a unit of work that commits at the end of the block, or not at all where the block raises.

        Never open a second one inside: there is one writing connection, and it would wait for itself.
        """
        async with self._writer.begin() as connection:
            yield SqlUnitOfWork(connection)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[SqlUnitOfWork]:
        """Open a unit of work that sees one unchanging state and can write nothing; no writer makes it wait."""
        async with self._reader.connect() as connection:
            yield SqlUnitOfWork(connection)

    async def read(self, question: Callable[[Connection], Answer]) -> Answer:
        """Put a question that only reads to the database itself."""
        async with self._reader.connect() as connection:
            return await connection.run_sync(question)

    async def sqlite_version(self) -> str:
        """Return the version of the SQLite library underneath."""
        async with self._reader.connect() as connection:
            return str(await connection.scalar(text("SELECT sqlite_version()")))

    async def close(self) -> None:
        """Close all connections."""
        await self._reader.dispose()
        await self._writer.dispose()


def database_file(url: str) -> Path | None:
    """Return the file behind an SQLite URL, or None where there is none."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database or parsed.database == ":memory:":
        return None
    return Path(parsed.database)


def prepare_file(url: str) -> None:
    """Make the folder of a database where there is none, and see that the file, there or not, can be written.

    Raises:
        DatabaseUnusable: see there.
    """
    if (file := database_file(url)) is None:
        return
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseUnusable(f"DATABASE_URL: the folder {file.parent} cannot be made: {error.strerror}.") from error
    _tried(file, "BEGIN IMMEDIATE")


def check_file(url: str) -> None:
    """See that the file of a database, which is there, can be read; raises DatabaseUnusable."""
    if (file := database_file(url)) is not None:
        _tried(file, "SELECT count(*) FROM sqlite_master")


def _tried(file: Path, statement: str) -> None:
    """Try a statement on a file, and keep nothing of it."""
    try:
        with closing(sqlite3.connect(file, isolation_level=None)) as connection:
            connection.execute(statement)
    except sqlite3.Error as error:
        raise DatabaseUnusable(f"DATABASE_URL: {file} cannot be used as a database: {error}.") from error
