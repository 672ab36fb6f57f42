"""Serialise the write transactions of an SQLite file on one connection."""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import exc
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from storage.engine.sqlite_direct import (
    BEGIN,
    SqliteConnection,
    as_sqlalchemy_error,
    sqlite_connection,
)

log = logging.getLogger(__name__)

ACQUIRE_TIMEOUT = 30.0


class WriteLock:
    """Owns the writing connection and admits one transaction at a time.

    Transactions begin and end directly on the driver. Through SQLAlchemy and its pool, that alone
    takes as long as all the statements of a tap.
    """

    def __init__(self, engine: AsyncEngine, *, acquire_timeout: float = ACQUIRE_TIMEOUT) -> None:
        """Use a connection of this engine, opened when it is first needed.

        ``acquire_timeout`` is the longest wait for the lock, in seconds.
        """
        self._engine = engine
        self._acquire_timeout = acquire_timeout
        self._lock = asyncio.Lock()
        self._connection: AsyncConnection | None = None

    @property
    def connection(self) -> AsyncConnection | None:
        """The connection for writing, or None before the first transaction."""
        return self._connection

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that commits at the end of the block, or rolls back on an exception.

        Raises:
            exc.TimeoutError: the lock was not free in time, like a pool without a free connection.
        """
        await self._acquire()
        try:
            connection = self._connection = self._connection or await self._engine.connect()
            sqlite = sqlite_connection(connection)
            try:
                await self._begin(connection, sqlite)
                yield connection
                await self._commit(connection, sqlite)
            except BaseException:
                await self._rollback(sqlite)
                raise
            finally:
                await _end_sqlalchemy_transaction(connection)
        finally:
            self._lock.release()

    async def close(self) -> None:
        """Close the connection after the current transaction."""
        async with self._lock:
            if self._connection is not None:
                await self._connection.close()
                self._connection = None

    async def _acquire(self) -> None:
        """Wait for the lock. Raises exc.TimeoutError."""
        try:
            async with asyncio.timeout(self._acquire_timeout):
                await self._lock.acquire()
        except TimeoutError:
            raise exc.TimeoutError(
                f"the write lock was not free for {self._acquire_timeout:.0f} seconds"
            ) from None

    async def _begin(self, connection: AsyncConnection, sqlite: SqliteConnection) -> None:
        """Begin the transaction: directly if the file is not locked, otherwise in the thread.

        The file is nearly always free. Only the thread may wait for another process's lock.
        """
        try:
            if not sqlite.try_begin_immediate():
                await sqlite.threaded.execute(BEGIN)
        except sqlite3.Error as error:
            raise as_sqlalchemy_error(error, BEGIN, connection) from error

    async def _commit(self, connection: AsyncConnection, sqlite: SqliteConnection) -> None:
        """Commit in the thread, because a commit waits for the disk."""
        try:
            if not sqlite.inline.in_transaction:
                raise sqlite3.OperationalError("SQLite has rolled back the transaction itself")
            await sqlite.threaded.commit()
        except sqlite3.Error as error:
            raise as_sqlalchemy_error(error, "COMMIT", connection) from error

    async def _rollback(self, sqlite: SqliteConnection) -> None:
        """Roll back; a commit that is still running for a cancelled task finishes first.

        If the rollback fails, the state of the connection is unknown, so the next transaction opens
        a new one. The failure is only logged: the caller needs the error that caused the rollback.
        """
        try:
            await sqlite.threaded.rollback()
        except Exception:
            log.exception("rollback failed; the connection is discarded")
            await self._discard_connection()
        except BaseException:
            await self._discard_connection()
            raise

    async def _discard_connection(self) -> None:
        """Close the connection, so that the next transaction opens a new one."""
        abandoned, self._connection = self._connection, None
        if abandoned is not None:
            try:
                await abandoned.invalidate()
            finally:
                await abandoned.close()


async def _end_sqlalchemy_transaction(connection: AsyncConnection) -> None:
    """End SQLAlchemy's own transaction, which begins if SQLAlchemy executes a statement itself.

    The driver's transaction is over by then, so this only resets SQLAlchemy's state.
    """
    if connection.in_transaction():
        await connection.rollback()
