"""Execute short SQLite statements on the event loop's thread instead of aiosqlite's.

Short statements take microseconds. Handing one to aiosqlite's thread takes hundreds of
microseconds, and SQLAlchemy does so four times for each statement: it costs the event loop more
than the statement itself (decision 0018).

Statements with the execution option ``in_thread``, statements with many rows of parameters and
commits go to the thread, once. Statements that SQLAlchemy executes itself, like one with an IN
list, go there four times.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import aiosqlite
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.aiosqlite import (
    AsyncAdapt_aiosqlite_connection,
    AsyncAdapt_aiosqlite_dbapi,
    SQLiteDialect_aiosqlite,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine.driver import adapter_of, as_sqlalchemy_error

DRIVER = "sqlite+direct"
"""The driver name in a SQLAlchemy URL that selects this dialect."""

IN_THREAD: dict[str, Any] = {"in_thread": True}
"""Execution options of a statement that may take long or wait for a lock."""

MAX_INLINE_ROWS = 20
"""The most rows of parameters that are executed on the event loop's thread."""

BUSY_TIMEOUT = 5_000
"""The milliseconds for which a statement waits for another process's lock."""
SET_BUSY_TIMEOUT = f"PRAGMA busy_timeout={BUSY_TIMEOUT}"
BEGIN = "BEGIN IMMEDIATE"
"""Takes the lock before the first read, so that what was read is still true at the write."""


class SqliteDirectConnection(AsyncAdapt_aiosqlite_connection):
    """SQLAlchemy's adapter of an aiosqlite connection, with access to the sqlite3 connection."""

    __slots__ = ("read_only",)

    read_only: bool

    @property
    def raw(self) -> sqlite3.Connection:
        """The sqlite3 connection. Calls on it run on the current thread."""
        # aiosqlite has no public access to it.
        raw: sqlite3.Connection = self._connection._conn  # noqa: SLF001
        return raw

    def try_begin_immediate(self) -> bool:
        """Begin a write transaction and return True, or False if another process has the lock."""
        raw = self.raw
        raw.execute("PRAGMA busy_timeout=0")
        try:
            raw.execute(BEGIN)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
        finally:
            raw.execute(SET_BUSY_TIMEOUT)
        return raw.in_transaction

    def rollback(self) -> None:
        """Roll back the transaction, if there is one."""
        # None if the connection is closed.
        raw: sqlite3.Connection | None = self._connection._connection  # noqa: SLF001
        if raw is None or (raw.in_transaction and not self.read_only):
            super().rollback()
        else:
            raw.rollback()


class _Driver(AsyncAdapt_aiosqlite_dbapi):
    """SQLAlchemy's adapter of aiosqlite, which opens our connections."""

    def connect(self, *arguments: Any, **options: Any) -> SqliteDirectConnection:
        """Open a connection."""
        connection = SqliteDirectConnection(
            self, super().connect(*arguments, **options).driver_connection
        )
        connection.read_only = False
        return connection


class SqliteDirectDialect(SQLiteDialect_aiosqlite):
    """SQLAlchemy's dialect for aiosqlite, with our driver adapter."""

    supports_statement_cache = True

    @classmethod
    def import_dbapi(cls) -> _Driver:
        """Return the driver adapter."""
        return _Driver(aiosqlite, sqlite3)


class SqliteDirect:
    """The direct path to SQLite: executes short statements on the current thread.

    The connection is in a transaction.
    """

    def __init__(self, connection: AsyncConnection) -> None:
        adapter: SqliteDirectConnection = adapter_of(connection)
        self._raw, self._driver, self._read_only = (
            adapter.raw,
            adapter.driver_connection,
            adapter.read_only,
        )
        self._connection = connection
        if not self._raw.in_transaction:
            self._execute("BEGIN")

    async def fetch(
        self, sql: str, rows: Sequence[Sequence[Any]], *, long_running: bool
    ) -> Sequence[Any]:
        """Execute a statement for each row of parameters. Raises what SQLAlchemy raises.

        Return the rows for one row of parameters, and nothing for several. A ``long_running``
        statement, or one with many rows of parameters, is executed in aiosqlite's thread.
        """
        in_thread = long_running or len(rows) > MAX_INLINE_ROWS
        try:
            if len(rows) == 1:
                return (
                    await self._driver.execute_fetchall(sql, rows[0])
                    if in_thread
                    else self._raw.execute(sql, rows[0]).fetchall()
                )
            await self._execute_many(sql, rows, in_thread=in_thread)
        except Exception as error:
            raise as_sqlalchemy_error(error, sql, self._connection) from error
        except BaseException as error:
            # The thread may still be reading, so a reader's connection must not be reused. A writer
            # rolls back in the thread and keeps its connection.
            if self._read_only:
                await self._connection.invalidate(error)
            raise
        return ()

    async def _execute_many(
        self, sql: str, rows: Sequence[Sequence[Any]], *, in_thread: bool
    ) -> None:
        """Execute a statement that returns nothing for many rows of parameters."""
        if in_thread:
            async with self._driver.executemany(sql, rows):
                pass
        else:
            self._raw.executemany(sql, rows)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Open a savepoint. An exception in the block rolls back its statements.

        SQLite uses the innermost of several savepoints with the same name. If the task is
        cancelled, nothing is done here: aiosqlite's thread may still be executing, and the whole
        transaction is rolled back.
        """
        self._execute("SAVEPOINT part")
        try:
            yield
        except Exception:
            # After some errors, like a full disk, SQLite has rolled back the transaction itself.
            if self._raw.in_transaction:
                self._execute("ROLLBACK TO part")
                self._execute("RELEASE part")
            raise
        self._execute("RELEASE part")

    def _execute(self, sql: str) -> None:
        """Execute a statement without parameters or result. Raises what SQLAlchemy raises."""
        try:
            self._raw.execute(sql)
        except sqlite3.Error as error:
            raise as_sqlalchemy_error(error, sql, self._connection) from error


registry.register("sqlite.direct", __name__, SqliteDirectDialect.__name__)
