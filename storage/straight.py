"""PostgreSQL by way of asyncpg, with prepared statements fetched straight from it (decision 0018)."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.postgres import is_lost, without_detail


class Straight:
    """One connection; what SQLAlchemy knows of it, its transaction too, stays true."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        ours: Any = connection.sync_connection
        self._adapter = ours.connection.dbapi_connection

    async def fetch(self, sql: str, rows: Sequence[Sequence[Any]], *, patient: bool) -> Sequence[Any]:  # noqa: ARG002  (all may take long)
        """Execute a statement for each row of values; return what it gives for one, nothing for several. Raises what SQLAlchemy would."""
        try:
            if self._adapter._transaction is None:  # noqa: SLF001  (begun as its own cursors begin it, so that it ends it too)
                await self._adapter._start_transaction()  # noqa: SLF001
            found: Sequence[Any] = ()
            if len(rows) == 1:
                found = await self._adapter.driver_connection.fetch(sql, *rows[0])
            else:
                await self._adapter.driver_connection.executemany(sql, rows)
        except Exception as error:
            if (told := await self._told(error, sql)) is error:
                raise
            raise told from error
        except BaseException as error:
            # Whoever was cancelled in the middle knows not how it stands with this connection: nobody is to have it after him.
            await self._connection.invalidate(error)
            raise
        return found

    async def _told(self, error: Exception, sql: str) -> Exception:
        """Return what SQLAlchemy would raise, having done what it would do with a connection that is lost."""
        without_detail(error)
        lost = self._adapter.driver_connection.is_closed() or is_lost(error)
        if lost:
            await self._connection.invalidate(error)
        try:
            self._adapter._handle_exception(error)  # noqa: SLF001  (it knows which of its errors stands for which of asyncpg's)
        except Exception as translated:  # noqa: BLE001
            error = translated
        kind = self._connection.dialect.loaded_dbapi.Error
        if not isinstance(error, kind):
            return error
        return DBAPIError.instance(
            sql, None, error, kind, hide_parameters=True, connection_invalidated=lost, dialect=self._connection.dialect
        )
