"""SQLite by way of aiosqlite, with its short statements executed at once.

A short statement takes some microseconds, and the way to aiosqlite's thread and back some hundreds, four times for each one: the event
loop, for whose sake the thread is there, is kept busier by the way than by the work (decision 0018). What may take longer has the
execution option ``in_thread`` and goes there; so do a statement for many rows, a commit, and whatever else aiosqlite does.
"""

import sqlite3
from typing import Any

import aiosqlite
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.aiosqlite import (
    AsyncAdapt_aiosqlite_connection,
    AsyncAdapt_aiosqlite_dbapi,
    SQLiteDialect_aiosqlite,
    SQLiteExecutionContext_aiosqlite,
)

DRIVER = "sqlite+at_once"
"""What a URL begins with that is to be opened so."""

IN_THREAD: dict[str, Any] = {"in_thread": True}
"""Execution options of a statement that may take long, or wait for somebody."""

BUSY_TIMEOUT = 5_000
"""For how many milliseconds a statement waits for a lock of another process."""
_PATIENCE = f"PRAGMA busy_timeout={BUSY_TIMEOUT}"
_BEGIN = "BEGIN IMMEDIATE"


class AtOnceConnection(AsyncAdapt_aiosqlite_connection):
    """SQLAlchemy's adapter of an aiosqlite connection, with cursors of both kinds. One that ``only_reads`` has nothing to wait for."""

    __slots__ = ("only_reads",)

    only_reads: bool

    @property
    def raw(self) -> sqlite3.Connection:
        """The driver's own connection, on which things are done here and now."""
        raw: sqlite3.Connection = self._connection._conn  # noqa: SLF001  (aiosqlite shows it to its thread alone)
        return raw

    def begin_to_write(self) -> None:
        """Take the file's lock: at once where nobody has it, as nearly always, else in the thread, where the lock may be waited for."""
        raw = self.raw
        raw.execute("PRAGMA busy_timeout=0")
        try:
            raw.execute(_BEGIN)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
        finally:
            raw.execute(_PATIENCE)
        if not raw.in_transaction:
            self.run_async(lambda connection: connection.execute(_BEGIN))

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


registry.register("sqlite.at_once", __name__, AtOnceDialect.__name__)
