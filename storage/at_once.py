"""SQLite by way of aiosqlite, with its short statements executed at once.

A short statement takes some microseconds, and the way to aiosqlite's thread and back some hundreds, four times for each one: the event
loop, for whose sake the thread is there, is kept busier by the way than by the work (decision 0018). What may take longer has the
execution option ``in_thread`` and goes there; so do a statement for many rows, a commit, and whatever else aiosqlite does.
"""

import sqlite3
from typing import Any

import aiosqlite
from sqlalchemy import Dialect
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.aiosqlite import (
    AsyncAdapt_aiosqlite_connection,
    AsyncAdapt_aiosqlite_dbapi,
    SQLiteDialect_aiosqlite,
    SQLiteExecutionContext_aiosqlite,
)
from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.ext.asyncio import AsyncConnection

DRIVER = "sqlite+at_once"
"""What a URL begins with that is to be opened so."""

IN_THREAD: dict[str, Any] = {"in_thread": True}
"""Execution options of a statement that may take long, or wait for somebody."""

BUSY_TIMEOUT = 5_000
"""For how many milliseconds a statement waits for a lock of another process."""
_PATIENCE = f"PRAGMA busy_timeout={BUSY_TIMEOUT}"
BEGIN = "BEGIN IMMEDIATE"
"""Takes the lock before the first read, so what a rule has read cannot change before it writes."""


class AtOnceConnection(AsyncAdapt_aiosqlite_connection):
    """SQLAlchemy's adapter of an aiosqlite connection, with cursors of both kinds. One that ``only_reads`` has nothing to wait for."""

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
        connection = AtOnceConnection(self, super().connect(*arguments, **options).driver_connection)
        connection.only_reads = False
        return connection


class _Context(SQLiteExecutionContext_aiosqlite):
    """One execution of a statement."""

    def create_default_cursor(self) -> Any:
        """Return the kind of cursor that this statement needs."""
        if self.execution_options.get("in_thread"):
            return super().create_default_cursor()
        return self._dbapi_connection.raw.cursor()


class AtOnceDialect(SQLiteDialect_aiosqlite):
    """SQLAlchemy's dialect for aiosqlite, with cursors of both kinds."""

    supports_statement_cache = True
    execution_ctx_cls = _Context

    @classmethod
    def import_dbapi(cls) -> _Driver:
        """Return the driver."""
        return _Driver(aiosqlite, sqlite3)


def adapter_of(connection: AsyncConnection) -> AtOnceConnection:
    """Return the adapter under a connection of this dialect that is open."""
    ours: Any = connection.sync_connection
    adapter: AtOnceConnection = ours.connection.dbapi_connection
    return adapter


def as_sqlalchemy(error: Exception, statement: str, dialect: Dialect) -> StatementError:
    """Return what SQLAlchemy would raise for an error of the driver's, without what people are called or wrote."""
    return DBAPIError.instance(statement, None, error, sqlite3.Error, hide_parameters=True, dialect=dialect)


registry.register("sqlite.at_once", __name__, AtOnceDialect.__name__)
