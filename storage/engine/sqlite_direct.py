"""SQLite by way of aiosqlite, with its short statements executed at once.

A short statement takes some microseconds, and the way to aiosqlite's thread and back some hundreds, four times for each one: the event
loop, for whose sake the thread is there, is kept busier by the way than by the work (decision 0018). What may take longer has the
execution option ``in_thread`` and goes there, in one way; so do a statement for many rows, and a commit. What goes SQLAlchemy's way, as a
statement with an IN for a list does, takes all four.
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

from storage.engine.driver import adapter_of, as_sqlalchemy

DRIVER = "sqlite+at_once"
"""What a URL begins with that is to be opened so."""

IN_THREAD: dict[str, Any] = {"in_thread": True}
"""Execution options of a statement that may take long, or wait for somebody."""

FEW = 20
"""As many rows may be written at once."""

BUSY_TIMEOUT = 5_000
"""For how many milliseconds a statement waits for a lock of another process."""
_PATIENCE = f"PRAGMA busy_timeout={BUSY_TIMEOUT}"
BEGIN = "BEGIN IMMEDIATE"
"""Takes the lock before the first read, so what a rule has read cannot change before it writes."""


class AtOnceConnection(AsyncAdapt_aiosqlite_connection):
    """SQLAlchemy's adapter of an aiosqlite connection. One that ``only_reads`` has nothing to wait for."""

    __slots__ = ("only_reads",)

    only_reads: bool

    @property
    def raw(self) -> sqlite3.Connection:
        """The driver's own connection, on which things are done here and now."""
        raw: sqlite3.Connection = self._connection._conn  # noqa: SLF001  (aiosqlite shows it to its thread alone)
        return raw

    def begins_to_write(self) -> bool:
        """Take the file's lock unless somebody else has it."""
        raw = self.raw
        raw.execute("PRAGMA busy_timeout=0")
        try:
            raw.execute(BEGIN)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
        finally:
            raw.execute(_PATIENCE)
        return raw.in_transaction

    def rollback(self) -> None:
        """End a transaction, where one is open."""
        raw: sqlite3.Connection | None = self._connection._connection  # noqa: SLF001  (as above; None once it is closed)
        if raw is None or (raw.in_transaction and not self.only_reads):
            super().rollback()
        else:
            raw.rollback()


class _Driver(AsyncAdapt_aiosqlite_dbapi):
    """SQLAlchemy's adapter of aiosqlite."""

    def connect(self, *arguments: Any, **options: Any) -> AtOnceConnection:
        """Open a connection."""
        connection = AtOnceConnection(
            self, super().connect(*arguments, **options).driver_connection
        )
        connection.only_reads = False
        return connection


class AtOnceDialect(SQLiteDialect_aiosqlite):
    """SQLAlchemy's dialect for aiosqlite, with our connections."""

    supports_statement_cache = True

    @classmethod
    def import_dbapi(cls) -> _Driver:
        """Return the driver."""
        return _Driver(aiosqlite, sqlite3)


class AtOnce:
    """One connection, in a transaction, on which short statements are executed here and now."""

    def __init__(self, connection: AsyncConnection) -> None:
        adapter: AtOnceConnection = adapter_of(connection)
        self._raw, self._driver, self._only_reads = (
            adapter.raw,
            adapter.driver_connection,
            adapter.only_reads,
        )
        self._connection = connection
        if not self._raw.in_transaction:
            self._does("BEGIN")

    async def fetch(
        self, sql: str, rows: Sequence[Sequence[Any]], *, patient: bool
    ) -> Sequence[Any]:
        """Execute a statement for each row of values; return what it gives for one, nothing for several. Raises what SQLAlchemy would.

        What is ``patient``, or has many rows, is executed in the thread.
        """
        in_thread = patient or len(rows) > FEW
        try:
            if len(rows) == 1:
                return (
                    await self._driver.execute_fetchall(sql, rows[0])
                    if in_thread
                    else self._raw.execute(sql, rows[0]).fetchall()
                )
            await self._many(sql, rows, in_thread=in_thread)
        except Exception as error:
            raise as_sqlalchemy(error, sql, self._connection) from error
        except BaseException as error:
            # The thread may be reading still: nobody is to have this connection. A writer undoes all, in the thread, and keeps it.
            if self._only_reads:
                await self._connection.invalidate(error)
            raise
        return ()

    async def _many(self, sql: str, rows: Sequence[Sequence[Any]], *, in_thread: bool) -> None:
        """Execute a statement, which returns nothing, for many rows of values."""
        if in_thread:
            async with self._driver.executemany(sql, rows):
                pass
        else:
            self._raw.executemany(sql, rows)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Open a block whose statements are undone where it raises; of those that have one name SQLite takes the innermost.

        Where it is cancelled nothing is done here, since the thread may be at work still: all of the transaction is undone then.
        """
        self._does("SAVEPOINT part")
        try:
            yield
        except Exception:
            # Where the disk is full, say, SQLite has undone all of the transaction by itself.
            if self._raw.in_transaction:
                self._does("ROLLBACK TO part")
                self._does("RELEASE part")
            raise
        self._does("RELEASE part")

    def _does(self, sql: str) -> None:
        """Execute a statement that has no values and gives nothing; raises what SQLAlchemy would."""
        try:
            self._raw.execute(sql)
        except sqlite3.Error as error:
            raise as_sqlalchemy(error, sql, self._connection) from error


registry.register("sqlite.at_once", __name__, AtOnceDialect.__name__)
