"""The one connection that writes to an SQLite file, and whose turn it is."""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import exc
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from storage.engine.driver import adapter_of, as_sqlalchemy
from storage.engine.sqlite_direct import BEGIN, AtOnceConnection

log = logging.getLogger(__name__)

TURN_SECONDS = 30.0


class WriteLock:
    """Keeps the connection, and has each transaction wait for the one before.

    A transaction begins and ends by the driver's own means: SQLAlchemy's, with a pool around them, take as long as the work of a tap.
    """

    def __init__(self, engine: AsyncEngine, *, turn_seconds: float = TURN_SECONDS) -> None:
        """Write over a connection of this engine, which is opened when it is needed; nobody waits longer than this for his turn."""
        self._engine = engine
        self._turn_seconds = turn_seconds
        self._turn = asyncio.Lock()
        self._connection: AsyncConnection | None = None

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that commits at the end of the block, or not at all where the block raises.

        Raises:
            exc.TimeoutError: the turn did not come in time, as where a pool has no connection free.
        """
        await self._take_turn()
        try:
            connection = self._connection = self._connection or await self._engine.connect()
            driver: AtOnceConnection = adapter_of(connection)
            try:
                await self._begin(connection, driver)
                yield connection
                await self._commit(connection, driver)
            except BaseException:
                await self._undo(driver)
                raise
            finally:
                await _forget(connection)
        finally:
            self._turn.release()

    async def close(self) -> None:
        """Close the connection once nobody writes."""
        async with self._turn:
            if self._connection is not None:
                await self._connection.close()
                self._connection = None

    async def _take_turn(self) -> None:
        """Wait for the transaction before to end."""
        try:
            async with asyncio.timeout(self._turn_seconds):
                await self._turn.acquire()
        except TimeoutError:
            raise exc.TimeoutError(
                f"nobody could write for {self._turn_seconds:.0f} seconds"
            ) from None

    async def _begin(self, connection: AsyncConnection, driver: AtOnceConnection) -> None:
        """Take the file's lock: at once where nobody has it, as nearly always, else in the thread, where the lock may be waited for."""
        try:
            if not driver.begins_to_write():
                await driver.driver_connection.execute(BEGIN)
        except sqlite3.Error as error:
            raise as_sqlalchemy(error, BEGIN, connection) from error

    async def _commit(self, connection: AsyncConnection, driver: AtOnceConnection) -> None:
        """Write it down for good, in the thread, since that waits for the disk."""
        try:
            if not driver.raw.in_transaction:
                raise sqlite3.OperationalError("SQLite has undone the transaction by itself")
            await driver.driver_connection.commit()
        except sqlite3.Error as error:
            raise as_sqlalchemy(error, "COMMIT", connection) from error

    async def _undo(self, driver: AtOnceConnection) -> None:
        """Undo what is not committed, after a commit that is in work still where nobody waits for it any more.

        Where that fails, nobody knows how it stands with this connection: the next one gets another. Why it was to be undone matters more.
        """
        try:
            await driver.driver_connection.rollback()
        except Exception:
            log.exception("a transaction could not be undone; its connection is given up")
            await self._give_up_connection()
        except BaseException:
            await self._give_up_connection()
            raise

    async def _give_up_connection(self) -> None:
        """Have the next one get another connection."""
        abandoned, self._connection = self._connection, None
        if abandoned is not None:
            try:
                await abandoned.invalidate()
            finally:
                await abandoned.close()


async def _forget(connection: AsyncConnection) -> None:
    """Have SQLAlchemy forget the transaction, of which it knows where something went its way: it is over, so nothing is left to be done."""
    if connection.in_transaction():
        await connection.rollback()
