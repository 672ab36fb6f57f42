"""Open the database: engines, transactions and snapshots.

This is the only module that knows both SQLite and PostgreSQL.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import AdaptedConnection, Connection, event, make_url, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from domain.failures import DatabaseAway, Misconfigured
from domain.operations.database_retry import retry_on_conflict
from storage.engine.executor import Executor
from storage.engine.postgres import postgres_engine, translate_postgres_error
from storage.engine.sqlite_direct import (
    BEGIN,
    BUSY_TIMEOUT,
    IN_THREAD,
    INFO_KEY,
    configure_connection,
)
from storage.engine.sqlite_errors import is_busy, translate_sqlite_error
from storage.engine.sqlite_file import DatabaseUnusable, check_ownership, check_unused_wal
from storage.engine.write_lock import ACQUIRE_TIMEOUT, WriteLock
from storage.group_commit import GroupCommit
from storage.unit_of_work import SqlUnitOfWork

Result = TypeVar("Result")

SqliteConnect = Callable[..., Awaitable[Any]]
"""Opens a file and returns a connection with the methods of ``aiosqlite.Connection``.

It takes the arguments of ``sqlite3.connect``.
"""

_READERS = 4
_MAX_CONCURRENT_WRITES = 3
_POOL_TIMEOUT_SECONDS = 30
# invalid_authorization_specification, invalid_password, invalid_catalog_name: retrying does not
# help.
_REJECTED = {"28000", "28P01", "3D000"}
_LOCK_ATTEMPTS, _LOCK_RETRY_SECONDS = 500, 0.01


class DatabaseUnsupported(Misconfigured):
    """``DATABASE_URL`` names a kind of database that Slotkeeper does not support."""


def make_engine(
    url: str, *, write: bool, migrating: bool = False, connect: SqliteConnect | None = None
) -> AsyncEngine:
    """Return an engine for a plain ``sqlite:///path`` or ``postgresql://…`` URL.

    An engine for ``migrating`` checks no foreign keys on SQLite, where rebuilding a table would
    delete its children, and has no timeouts on PostgreSQL. ``connect`` opens SQLite files instead
    of aiosqlite.

    Raises:
        DatabaseUnsupported: the URL names another kind of database.
    """
    kind = make_url(url).get_backend_name()
    if kind == "postgresql":
        return postgres_engine(url, write=write, long_running=migrating)
    if kind == "sqlite":
        return _sqlite_engine(url, write=write, migrating=migrating, connect=connect)
    raise DatabaseUnsupported(
        f"DATABASE_URL must begin with sqlite:/// or postgresql://, not {kind}."
    )


def _sqlite_engine(
    url: str, *, write: bool, migrating: bool, connect: SqliteConnect | None
) -> AsyncEngine:
    """Return an engine for a file.

    A writing engine has one connection and begins with BEGIN IMMEDIATE: it takes the lock before
    the first read, so what a rule has read is still true when it writes. ``WriteLock`` queues
    writers, which is fairer than SQLite's busy handler. See decision 0003.
    """
    engine = create_async_engine(
        make_url(url).set(drivername="sqlite+aiosqlite"),
        # The driver must not begin transactions.
        connect_args={"isolation_level": None}
        | ({} if connect is None else {"async_creator_fn": connect}),
        pool_size=1 if write else _READERS,
        max_overflow=0,
        # Errors are logged and stored. They must not contain names or messages of people.
        hide_parameters=True,
        pool_timeout=_POOL_TIMEOUT_SECONDS,
        pool_reset_on_return="rollback" if write else None,
        execution_options=IN_THREAD if migrating else {},
    )
    _configure_sqlite(engine, write=write, foreign_keys=not migrating)
    return engine


def _configure_sqlite(engine: AsyncEngine, *, write: bool, foreign_keys: bool) -> None:
    """Configure each new connection, and the begin and end of each transaction."""
    pragmas = _pragmas(write=write, foreign_keys=foreign_keys)

    @event.listens_for(engine.sync_engine, "connect")
    def on_connect(adapter: AdaptedConnection, record: ConnectionPoolEntry) -> None:
        record.info[INFO_KEY] = adapter.run_async(
            partial(configure_connection, pragmas=pragmas, read_only=not write)
        )

    @event.listens_for(engine.sync_engine, "begin")
    def on_begin(connection: Connection) -> None:
        if not connection.info[INFO_KEY].inline.in_transaction:
            connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    if not write:

        @event.listens_for(engine.sync_engine, "reset")
        def on_reset(_adapter: object, record: ConnectionPoolEntry, _state: object) -> None:
            # Ending a read takes no time, unlike the round trip to the thread.
            record.info[INFO_KEY].inline.rollback()


def _pragmas(*, write: bool, foreign_keys: bool) -> list[str]:
    """Return the settings of a connection."""
    # The journal mode is stored in the file. A reader may look at any file, so it leaves it as it
    # is.
    return [
        "synchronous=FULL",
        f"busy_timeout={BUSY_TIMEOUT}",
        f"foreign_keys={'ON' if foreign_keys else 'OFF'}",
        *(["journal_mode=WAL"] if write else ["query_only=ON", "wal_autocheckpoint=0"]),
    ]


class Database:
    """An open database: transactions to write in, snapshots to read from."""

    def __init__(
        self,
        url: str,
        *,
        replica: int = 0,
        write_timeout: float = ACQUIRE_TIMEOUT,
        connect: SqliteConnect | None = None,
    ) -> None:
        """Create the engines without connecting. Raises DatabaseUnsupported.

        Outbox leases are taken for ``replica``. ``write_timeout`` is the longest wait for the write
        lock on SQLite, in seconds. ``connect`` opens SQLite files instead of aiosqlite.
        """
        self.url = url
        self._replica = replica
        self._writer = make_engine(url, write=True, connect=connect)
        self._reader = make_engine(url, write=False, connect=connect)
        # With a single writer, sharing its next transaction is faster than waiting in line for it.
        self._write_lock = (
            WriteLock(self._writer, acquire_timeout=write_timeout)
            if self._writer.dialect.name == "sqlite"
            else None
        )
        self._group_commit = GroupCommit(self._open_transaction) if self._write_lock else None

    @property
    def max_concurrent_writes(self) -> int:
        """The number of writes that run faster concurrently than one after the other."""
        return 1 if self._write_lock else _MAX_CONCURRENT_WRITES

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[SqlUnitOfWork]:
        """Open a unit of work that commits at the end of the block, or rolls back on an exception.

        Do not open a second one inside: SQLite has one writing connection, so it would wait for
        itself.

        Raises:
            TransactionConflict: two transactions conflict; on PostgreSQL only.
            DatabaseAway: the server is unreachable, or SQLite's write lock was not free in time.
        """
        with _translated_errors():
            async with self._open_transaction() as new_uow:
                uow = new_uow()
                yield uow
                await uow.outbox.notify_replicas()

    @asynccontextmanager
    async def _open_transaction(self) -> AsyncIterator[Callable[[], SqlUnitOfWork]]:
        """Open a transaction, and yield a factory of units of work in it."""
        async with (
            self._write_lock.transaction()
            if self._write_lock
            else self._writer.begin() as connection
        ):
            executor = Executor(connection)
            yield lambda: SqlUnitOfWork(executor, self._replica)

    async def write(self, write: Callable[[SqlUnitOfWork], Awaitable[Result]]) -> Result:
        """Call a function in a transaction and return its result after the commit.

        The function may be called again: after a conflict, or if another write that shares its
        transaction fails. If the caller is cancelled, the write may still be committed; what a lost
        claim has leased is released when the lease ends.

        Raises:
            DatabaseAway: like ``transaction``.
        """
        if self._group_commit is not None:
            with _translated_errors():
                return await self._group_commit.write(write)

        async def attempt() -> Result:
            async with self.transaction() as uow:
                return await write(uow)

        return await retry_on_conflict(attempt)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[SqlUnitOfWork]:
        """Open a unit of work that reads one unchanging state. Raises DatabaseAway.

        It cannot write, and never waits for writers.
        """
        with _translated_errors(reading=True):
            async with self._reader.connect() as connection:
                yield SqlUnitOfWork(Executor(connection), self._replica)

    async def read(self, query: Callable[[Connection], Result]) -> Result:
        """Call a function with a reading connection and return its result. Raises DatabaseAway."""
        with _translated_errors(reading=True):
            async with self._reader.connect() as connection:
                return await connection.run_sync(query)

    async def version(self) -> str:
        """Return the database's product name and version. Raises DatabaseAway."""
        async with self.reader() as executor:
            if self._reader.dialect.name == "sqlite":
                return f"SQLite {await executor.scalar(text('SELECT sqlite_version()'))}"
            return f"PostgreSQL {await executor.scalar(text('SHOW server_version'))}"

    @asynccontextmanager
    async def reader(self) -> AsyncIterator[Executor]:
        """Open a reading connection, for statements below the repositories. Raises DatabaseAway."""
        with _translated_errors(reading=True):
            async with self._reader.connect() as connection:
                yield Executor(connection)

    @property
    def write_connection(self) -> AsyncConnection | None:
        """The connection that writes to a SQLite file, or None if there is none yet."""
        return self._write_lock.connection if self._write_lock else None

    async def close(self) -> None:
        """Close all connections."""
        if self._group_commit is not None:
            await self._group_commit.wait_idle()
        if self._write_lock is not None:
            await self._write_lock.close()
        await self._reader.dispose()
        await self._writer.dispose()


@contextmanager
def _translated_errors(*, reading: bool = False) -> Iterator[None]:
    """Translate driver errors for conflicts and unavailability into the domain's errors."""
    try:
        yield
    except Exception as error:
        if translated := translate_sqlite_error(error, reading=reading) or translate_postgres_error(
            error, reading=reading
        ):
            raise translated from error
        raise


@contextmanager
def explain_connection_errors() -> Iterator[None]:
    """Add a readable message to DatabaseAway; a rejected login becomes DatabaseUnusable."""
    try:
        yield
    except DatabaseAway as error:
        kind = (
            DatabaseUnusable
            if getattr(error.__cause__, "sqlstate", None) in _REJECTED
            else DatabaseAway
        )
        raise kind(f"DATABASE_URL: the PostgreSQL server cannot be used: {error}.") from error


def database_file(url: str) -> Path | None:
    """Return the path of a SQLite URL, or None for any other database."""
    parsed = make_url(url)
    if (
        parsed.get_backend_name() != "sqlite"
        or not parsed.database
        or parsed.database == ":memory:"
    ):
        return None
    return Path(parsed.database)


def file_exists(file: Path) -> bool:
    """Return whether a file exists. Raises DatabaseUnusable if its folder cannot be read."""
    try:
        return file.exists()
    except OSError as error:
        raise DatabaseUnusable(f"DATABASE_URL: {file} cannot be read: {error.strerror}.") from error


def prepare_folder(file: Path) -> None:
    """Create the folder of a database, and check an existing file. Raises DatabaseUnusable."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseUnusable(
            f"DATABASE_URL: the folder {file.parent} cannot be made: {error.strerror}."
        ) from error
    if file_exists(file):
        check_ownership(file)


async def prepare_file(file: Path) -> None:
    """Check that a database file can be written, and enable WAL mode. Raises DatabaseUnusable.

    SQLite copies an existing write-ahead log into the file here, so check the log first.
    """
    await _execute_when_free(file, BEGIN)
    await _execute_when_free(file, "PRAGMA journal_mode=WAL")


def check_file(url: str) -> None:
    """Check an existing database file and its WAL. Raises DatabaseUnusable."""
    if (file := database_file(url)) is not None:
        check_ownership(file)
        check_unused_wal(file)


async def _execute_when_free(file: Path, statement: str) -> None:
    """Execute a statement once no other process locks the file. Raises DatabaseUnusable.

    Several processes may start at once, and SQLite rejects some of those that enable WAL mode.
    """
    for attempt in range(_LOCK_ATTEMPTS):
        try:
            with closing(sqlite3.connect(file, isolation_level=None, timeout=0)) as connection:
                connection.execute(statement)
                return
        except sqlite3.Error as error:
            if attempt == _LOCK_ATTEMPTS - 1 or not is_busy(error):
                raise DatabaseUnusable(
                    f"DATABASE_URL: {file} cannot be used as a database: {error}."
                ) from error
            await asyncio.sleep(_LOCK_RETRY_SECONDS)
