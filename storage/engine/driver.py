"""What lies under a connection of SQLAlchemy's: its adapter of the driver, and what the driver's errors are for it."""

from typing import Any, NoReturn

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.ext.asyncio import AsyncConnection


def adapter_of(connection: AsyncConnection) -> Any:
    """Return SQLAlchemy's adapter of the driver's connection; that one is its ``driver_connection``."""
    ours: Any = connection.sync_connection
    return ours.connection.dbapi_connection


def as_sqlalchemy(error: Exception, statement: str, connection: AsyncConnection) -> StatementError:
    """Return what SQLAlchemy would raise for an error of the driver's, without what people are called or wrote."""
    dialect = connection.dialect
    return DBAPIError.instance(
        statement, None, error, dialect.loaded_dbapi.Error, hide_parameters=True, dialect=dialect
    )


async def handled(connection: AsyncConnection, error: BaseException, statement: str) -> NoReturn:
    """Do what SQLAlchemy does where a statement of its own ends so, and raise what it raises.

    Where the server is gone it empties the pool, so that nobody tries the other connections in vain; nor does anybody have one on which
    somebody was cancelled in the middle, and of which nobody knows how it stands.
    """
    # What is none of the driver's errors, such as a broken connection's, is raised as it is; it is wrapped where a statement is named.
    ours = isinstance(error, connection.dialect.loaded_dbapi.Error)
    await connection.run_sync(_handled, error, statement if ours else None)
    raise error


def _handled(ours: Connection, error: BaseException, statement: str | None) -> None:
    """Have it handled as what is being raised here."""
    try:
        raise error  # noqa: TRY301  (it is this very one)
    except BaseException as raised:  # noqa: BLE001  (it is raised again)
        ours._handle_dbapi_exception(raised, statement, None, None, None)  # noqa: SLF001  (nothing else does all of it)
