"""Execute short SQLite statements on the event loop's thread instead of aiosqlite's.

Short statements take microseconds. Handing one to aiosqlite's thread takes hundreds of
microseconds, and SQLAlchemy does so four times for each statement: it costs the event loop more
than the statement itself (decisions 0018 and 0022).

Statements with the execution option ``in_thread``, statements with many rows of parameters and
commits go to the thread, once. Statements that SQLAlchemy executes itself, like one with an IN
list, go there four times.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import aiosqlite
from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine.sqlite_errors import is_busy

IN_THREAD: dict[str, Any] = {"in_thread": True}
"""Execution options of a statement that may take long or wait for a lock."""

MAX_INLINE_ROWS = 20
"""The most rows of parameters that are executed on the event loop's thread."""

BUSY_TIMEOUT = 5_000
"""The milliseconds for which a statement waits for another process's lock."""
SET_BUSY_TIMEOUT = f"PRAGMA busy_timeout={BUSY_TIMEOUT}"
BEGIN = "BEGIN IMMEDIATE"
"""Takes the lock before the first read, so that what was read is still true at the write."""

INFO_KEY = "sqlite_connection"
"""The key under which SQLAlchemy's ``info`` has the ``SqliteConnection`` of a connection."""


@dataclass(frozen=True, slots=True)
class SqliteConnection:
    """One connection to a file: ``inline`` runs on the current thread, ``threaded`` on its own."""

    inline: sqlite3.Connection
    threaded: aiosqlite.Connection
    read_only: bool

    def try_begin_immediate(self) -> bool:
        """Begin a write transaction and return True, or False if another process has the lock."""
        self.inline.execute("PRAGMA busy_timeout=0")
        try:
            self.inline.execute(BEGIN)
        except sqlite3.OperationalError as error:
            if not is_busy(error):
                raise
        finally:
            self.inline.execute(SET_BUSY_TIMEOUT)
        return self.inline.in_transaction


async def configure_connection(
    threaded: aiosqlite.Connection, pragmas: Sequence[str], *, read_only: bool
) -> SqliteConnection:
    """Set pragmas on a new connection, and return both ways to use it."""
    async with threaded.cursor() as cursor:
        for pragma in pragmas:
            await cursor.execute(f"PRAGMA {pragma}")
        return SqliteConnection(cursor.connection, threaded, read_only)


def sqlite_connection(connection: AsyncConnection) -> SqliteConnection:
    """Return the SQLite connection under a SQLAlchemy connection."""
    found: SqliteConnection = connection.info[INFO_KEY]
    return found


def as_sqlalchemy_error(
    error: Exception, statement: str, connection: AsyncConnection
) -> StatementError:
    """Return the error that SQLAlchemy raises for a driver error, without the parameters.

    Parameters contain names and messages of people, which must not reach the logs.
    """
    return DBAPIError.instance(
        statement,
        None,
        error,
        sqlite3.Error,
        hide_parameters=True,
        dialect=connection.dialect,
    )


class SqliteDirect:
    """The direct path to SQLite: executes short statements on the current thread.

    The connection is in a transaction.
    """

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._sqlite = sqlite_connection(connection)
        if not self._sqlite.inline.in_transaction:
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
                    list(await self._sqlite.threaded.execute_fetchall(sql, rows[0]))
                    if in_thread
                    else self._sqlite.inline.execute(sql, rows[0]).fetchall()
                )
            await self._execute_many(sql, rows, in_thread=in_thread)
        except Exception as error:
            raise as_sqlalchemy_error(error, sql, self._connection) from error
        except BaseException as error:
            # The thread may still be reading, so a reader's connection must not be reused. A writer
            # rolls back in the thread and keeps its connection.
            if self._sqlite.read_only:
                await self._connection.invalidate(error)
            raise
        return ()

    async def _execute_many(
        self, sql: str, rows: Sequence[Sequence[Any]], *, in_thread: bool
    ) -> None:
        """Execute a statement that returns nothing for many rows of parameters."""
        if in_thread:
            async with self._sqlite.threaded.executemany(sql, rows):
                pass
        else:
            self._sqlite.inline.executemany(sql, rows)

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
            if self._sqlite.inline.in_transaction:
                self._execute("ROLLBACK TO part")
                self._execute("RELEASE part")
            raise
        self._execute("RELEASE part")

    def _execute(self, sql: str) -> None:
        """Execute a statement without parameters or result. Raises what SQLAlchemy raises."""
        try:
            self._sqlite.inline.execute(sql)
        except sqlite3.Error as error:
            raise as_sqlalchemy_error(error, sql, self._connection) from error
