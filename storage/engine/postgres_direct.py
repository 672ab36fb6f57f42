"""PostgreSQL by way of asyncpg, with prepared statements fetched straight from it (decision 0018)."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine.driver import adapter_of, handled


class Straight:
    """One connection; what SQLAlchemy knows of it, its transaction too, stays true."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._adapter = adapter_of(connection)

    async def fetch(
        self,
        sql: str,
        rows: Sequence[Sequence[Any]],
        *,
        patient: bool,  # noqa: ARG002
    ) -> Sequence[Any]:
        """Execute a statement for each row of values; return what it gives for one, nothing for several. Raises what SQLAlchemy would."""
        try:
            if self._adapter._transaction is None:  # noqa: SLF001  (begun as its own cursors begin it, so that it ends it too)
                await self._adapter._start_transaction()  # noqa: SLF001
            if len(rows) == 1:
                found: Sequence[Any] = await self._adapter.driver_connection.fetch(sql, *rows[0])
                return found
            await self._adapter.driver_connection.executemany(sql, rows)
        except Exception as error:  # noqa: BLE001  (whatever it is, SQLAlchemy raises what comes of it)
            await handled(self._connection, self._translated(error), sql)
        except BaseException as error:  # noqa: BLE001  (likewise)
            await handled(self._connection, error, sql)
        return ()

    def _translated(self, error: Exception) -> Exception:
        """Return which of the adapter's errors stands for one of asyncpg's."""
        try:
            self._adapter._handle_exception(error)  # noqa: SLF001  (nothing else knows)
        except Exception as translated:  # noqa: BLE001
            return translated
        return error
