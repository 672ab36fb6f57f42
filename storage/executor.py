"""What repositories execute statements with."""

import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from sqlalchemy import Connection, CursorResult, Dialect, Executable
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.at_once import IN_THREAD, AtOnceDialect
from storage.prepared import Fetched, prepared

Result = TypeVar("Result")

Values = Mapping[str, Any] | Sequence[Mapping[str, Any]] | None
FEW = 20
"""As many rows may be written at once."""


class Executor:
    """One connection, in a transaction: a statement that is not ``patient`` is executed at once where the database allows it."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._at_once = _at_once(connection)
        adapter: Any = self._at_once and self._at_once.connection.dbapi_connection
        self._raw: sqlite3.Connection | None = adapter and adapter.raw

    @property
    def dialect(self) -> Dialect:
        """The dialect of the database."""
        return self._connection.dialect

    async def execute(self, statement: Executable, values: Values = None, *, patient: bool = False) -> Fetched:
        """Execute a statement; several rows of values are executed one after the other."""
        rows = values if isinstance(values, Sequence) else [values or {}]
        if self._at_once is None or self._raw is None or patient or len(rows) > FEW or "in_thread" in statement.get_execution_options():
            return _fetched(await self._connection.execute(statement, values, execution_options=IN_THREAD))
        if (ready := prepared(statement, tuple(rows[0]), self.dialect)) is None:
            return _fetched(self._at_once.execute(statement, values))
        return ready.execute(self._raw, rows)

    async def scalar(self, statement: Executable, values: Values = None, *, patient: bool = False) -> Any:
        """Return the first value of the first row, None where there is none."""
        return (await self.execute(statement, values, patient=patient)).scalar()

    async def scalars(self, statement: Executable, values: Values = None) -> list[Any]:
        """Return the first value of each row."""
        return [row[0] for row in await self.execute(statement, values)]

    async def run_sync(self, do: Callable[[Connection], Result]) -> Result:
        """Do something with SQLAlchemy's own connection."""
        return await self._connection.run_sync(do)

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """Open a block whose statements are undone where it raises."""
        if self._at_once is None:
            async with self._connection.begin_nested():
                yield
        else:
            with self._at_once.begin_nested():
                yield


def _at_once(connection: AsyncConnection) -> Connection | None:
    """Return a connection on which statements can be executed at once, in a transaction; None where they cannot, or are not to be."""
    ours = connection.sync_connection
    if ours is None or not isinstance(connection.dialect, AtOnceDialect) or ours.get_execution_options().get("in_thread"):
        return None
    if not ours.in_transaction():
        ours.begin()
    return ours


def _fetched(result: CursorResult[*tuple[Any, ...]]) -> Fetched:
    """Fetch what SQLAlchemy has of a statement."""
    return Fetched(result.all() if result.returns_rows else (), result.rowcount)
