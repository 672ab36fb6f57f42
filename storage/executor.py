"""What repositories execute statements with."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from sqlalchemy import Connection, CursorResult, Dialect, Executable, ScalarResult
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.at_once import IN_THREAD, AtOnceDialect

Result = TypeVar("Result")

Values = Mapping[str, Any] | Sequence[Mapping[str, Any]] | None
FEW = 20
"""As many rows may be written at once."""


class Executor:
    """One connection, in a transaction: a statement that is not ``patient`` is executed at once where the database allows it."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._at_once = connection.sync_connection if isinstance(connection.dialect, AtOnceDialect) else None

    @property
    def dialect(self) -> Dialect:
        """The dialect of the database."""
        return self._connection.dialect

    async def execute(self, statement: Executable, values: Values = None, *, patient: bool = False) -> CursorResult[*tuple[Any, ...]]:
        """Execute a statement; several rows of values are executed one after the other."""
        if self._at_once is None or patient or _takes_long(statement, values):
            return await self._connection.execute(statement, values, execution_options=IN_THREAD)
        return self._at_once.execute(statement, values)

    async def scalar(self, statement: Executable, values: Values = None, *, patient: bool = False) -> Any:
        """Return the first value of the first row, None where there is none."""
        return (await self.execute(statement, values, patient=patient)).scalar()

    async def scalars(self, statement: Executable, values: Values = None) -> ScalarResult[Any]:
        """Return the first value of each row."""
        return (await self.execute(statement, values)).scalars()

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


def _takes_long(statement: Executable, values: Values) -> bool:
    """Tell whether a statement is one that the event loop must not wait for."""
    count = 1 if values is None or isinstance(values, Mapping) else len(values)
    return count > FEW or "in_thread" in statement.get_execution_options()
