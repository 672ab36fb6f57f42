"""The one connection that writes to an SQLite file, and whose turn it is."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from storage.at_once import BEGIN, AtOnceConnection, adapter_of, as_sqlalchemy


class SoleWriter:
    """Keeps the connection, and has each transaction wait for the one before.

    A transaction begins and ends by the driver's own means: SQLAlchemy's, with a pool around them, take as long as the work of a tap.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        """Write over a connection of this engine; it is opened when it is needed."""
        self._engine = engine
        self._turn = asyncio.Lock()
        self._connection: AsyncConnection | None = None

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that commits at the end of the block, or not at all where the block raises."""
        async with self._turn:
            connection = self._connection = self._connection or await self._engine.connect()
            driver = adapter_of(connection)
            try:
                await self._begin(driver)
                yield connection
                await self._commit(driver)
            except BaseException:
                await self._undo(driver)
                raise
            finally:
                _forget(connection)

    async def close(self) -> None:
        """Close the connection once nobody writes."""
        async with self._turn:
            if self._connection is not None:
                await self._connection.close()
                self._connection = None

    async def _begin(self, driver: AtOnceConnection) -> None:
        """Take the file's lock: at once where nobody has it, as nearly always, else in the thread, where the lock may be waited for."""
        try:
            if not driver.begins_to_write():
                await driver.driver_connection.execute(BEGIN)
        except sqlite3.Error as error:
            raise as_sqlalchemy(error, BEGIN, self._engine.dialect) from error

    async def _commit(self, driver: AtOnceConnection) -> None:
        """Write it down for good, in the thread, since that waits for the disk."""
        try:
            if not driver.raw.in_transaction:
                raise sqlite3.OperationalError("SQLite has undone the transaction by itself")
            await driver.driver_connection.commit()
        except sqlite3.Error as error:
            raise as_sqlalchemy(error, "COMMIT", self._engine.dialect) from error

    async def _undo(self, driver: AtOnceConnection) -> None:
        """Undo what is not committed, after a commit that is in work still where nobody waits for it any more."""
        try:
            await driver.driver_connection.rollback()
        except BaseException:
            # Nobody knows how it stands with this connection: the next one gets another.
            abandoned, self._connection = self._connection, None
            if abandoned is not None:
                await abandoned.invalidate()
                await abandoned.close()
            raise


def _forget(connection: AsyncConnection) -> None:
    """Have SQLAlchemy forget the transaction, of which it knows where something went its way: it is over, so nothing is left to be done."""
    ours = connection.sync_connection
    if ours is not None and ours.in_transaction():
        ours.rollback()
