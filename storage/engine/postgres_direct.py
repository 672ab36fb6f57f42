"""Execute compiled statements directly on asyncpg (decisions 0018 and 0022)."""

from collections.abc import Sequence
from contextlib import closing, suppress
from typing import Any, NoReturn

import asyncpg
from sqlalchemy import Connection
from sqlalchemy.exc import (
    DBAPIError,
    EmulatedDBAPIException,
    IntegrityError,
    InterfaceError,
    InternalError,
    ProgrammingError,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine.postgres import DRIVER_ERRORS, is_connection_lost, strip_detail

_CLOSE_SECONDS = 2

# SQLAlchemy's errors for those of asyncpg, as it raises them itself; DBAPIError for all others.
_KINDS: dict[type[Exception], type[DBAPIError]] = {
    asyncpg.IntegrityConstraintViolationError: IntegrityError,
    asyncpg.SyntaxOrAccessError: ProgrammingError,
    asyncpg.InterfaceError: InterfaceError,
    asyncpg.InternalServerError: InternalError,
    asyncpg.InternalClientError: InternalError,
}


class PostgresDirect:
    """A connection that executes statements directly on asyncpg.

    SQLAlchemy begins and ends the transaction: its cursor executes the first statement.
    """

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        sync_connection: Any = connection.sync_connection
        self._driver: asyncpg.Connection = sync_connection.connection.driver_connection

    async def fetch(
        self,
        sql: str,
        rows: Sequence[Sequence[Any]],
        *,
        long_running: bool,  # noqa: ARG002
    ) -> Sequence[Any]:
        """Execute a statement for each row of parameters. Raises what SQLAlchemy raises.

        Return the rows for one row of parameters, and nothing for several.
        """
        try:
            if not self._driver.is_in_transaction():
                return await self._connection.run_sync(_execute_first, sql, rows)
            if len(rows) == 1:
                found: Sequence[Any] = await self._driver.fetch(sql, *rows[0])
                return found
            await self._driver.executemany(sql, rows)
        except DRIVER_ERRORS as error:
            await self._raise_as_sqlalchemy(error, sql)
        except BaseException as error:
            # The state of the connection is unknown, for example after a cancellation.
            await self._connection.invalidate(error)
            raise
        return ()

    async def _raise_as_sqlalchemy(self, error: Exception, sql: str) -> NoReturn:
        """Raise what SQLAlchemy raises for an error of asyncpg; discard an unusable connection."""
        strip_detail(error)
        is_unusable = (
            self._driver.is_closed()
            or is_connection_lost(error)
            # A migration changed a type. SQLAlchemy's cursor would keep its prepared statement.
            or isinstance(error, asyncpg.InvalidCachedStatementError)
        )
        if is_unusable:
            await self._discard_connections()
        if isinstance(error, OSError):
            raise error
        kind = next((kind for base, kind in _KINDS.items() if isinstance(error, base)), DBAPIError)
        raise kind(
            sql, None, error, hide_parameters=True, connection_invalidated=is_unusable
        ) from error

    async def _discard_connections(self) -> None:
        """Close the connection, and let SQLAlchemy notice it.

        SQLAlchemy then also empties its pool, so that no caller tries the other broken connections.
        """
        try:
            # Closing also cancels a statement that still runs on the server and holds locks.
            with suppress(*DRIVER_ERRORS):
                await self._driver.close(timeout=_CLOSE_SECONDS)
        finally:
            with suppress(DBAPIError):
                await self._connection.exec_driver_sql("SELECT 1")


def _execute_first(connection: Connection, sql: str, rows: Sequence[Sequence[Any]]) -> Any:
    """Execute the first statement of a transaction by SQLAlchemy's cursor, which begins it.

    Raises asyncpg's errors. SQLAlchemy ends the transaction, because its cursor began it.
    """
    with closing(connection.connection.cursor()) as cursor:
        try:
            if len(rows) == 1:
                cursor.execute(sql, rows[0])
            else:
                cursor.executemany(sql, rows)
        except EmulatedDBAPIException as error:
            # ``driver_exception`` is missing for an outdated prepared statement.
            raise error.__cause__ or error from None
        return cursor.fetchall()
