"""Execute compiled statements directly on asyncpg (decision 0018)."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine.driver import adapter_of, raise_as_sqlalchemy


class PostgresDirect:
    """A connection that executes statements directly on asyncpg.

    SQLAlchemy's view of the connection, including its transaction, stays correct.
    """

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._adapter = adapter_of(connection)

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
            # Begin the transaction as the adapter's cursors do, so that the adapter ends it.
            if self._adapter._transaction is None:  # noqa: SLF001
                await self._adapter._start_transaction()  # noqa: SLF001
            if len(rows) == 1:
                found: Sequence[Any] = await self._adapter.driver_connection.fetch(sql, *rows[0])
                return found
            await self._adapter.driver_connection.executemany(sql, rows)
        except Exception as error:  # noqa: BLE001  (SQLAlchemy raises it)
            await raise_as_sqlalchemy(self._connection, self._translated(error), sql)
        except BaseException as error:  # noqa: BLE001  (SQLAlchemy raises it)
            await raise_as_sqlalchemy(self._connection, error, sql)
        return ()

    def _translated(self, error: Exception) -> Exception:
        """Return the adapter's error for an error of asyncpg."""
        try:
            self._adapter._handle_exception(error)  # noqa: SLF001  (no public mapping exists)
        except Exception as translated:  # noqa: BLE001
            return translated
        return error
