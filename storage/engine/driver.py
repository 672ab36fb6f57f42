"""Reach the driver connection under a SQLAlchemy connection, and convert its errors."""

from typing import Any, NoReturn

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.ext.asyncio import AsyncConnection


def adapter_of(connection: AsyncConnection) -> Any:
    """Return SQLAlchemy's adapter; its ``driver_connection`` is the driver's own connection."""
    sync_connection: Any = connection.sync_connection
    return sync_connection.connection.dbapi_connection


def as_sqlalchemy_error(
    error: Exception, statement: str, connection: AsyncConnection
) -> StatementError:
    """Return the error that SQLAlchemy raises for a driver error, without the parameters.

    Parameters contain names and messages of people, which must not reach the logs.
    """
    dialect = connection.dialect
    return DBAPIError.instance(
        statement, None, error, dialect.loaded_dbapi.Error, hide_parameters=True, dialect=dialect
    )


async def raise_as_sqlalchemy(
    connection: AsyncConnection, error: BaseException, statement: str
) -> NoReturn:
    """Handle an error as SQLAlchemy handles one of its own statements, and raise the result.

    If the server is gone, SQLAlchemy empties the pool, so that no caller tries the other broken
    connections. It also discards a connection on which a task was cancelled, because its state is
    unknown.
    """
    # SQLAlchemy wraps an error only if a statement is given. Errors that are not the driver's, like
    # an OSError from a broken connection, must stay as they are.
    is_driver_error = isinstance(error, connection.dialect.loaded_dbapi.Error)
    await connection.run_sync(_run_error_handling, error, statement if is_driver_error else None)
    raise error


def _run_error_handling(
    sync_connection: Connection, error: BaseException, statement: str | None
) -> None:
    """Run SQLAlchemy's error handling, which expects the error to be the current exception."""
    try:
        raise error  # noqa: TRY301  (makes it the current exception)
    except BaseException as raised:  # noqa: BLE001  (the handler raises it again)
        # No public function covers all of it.
        sync_connection._handle_dbapi_exception(raised, statement, None, None, None)  # noqa: SLF001
