"""What repositories execute statements with."""

import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar

from sqlalchemy import Connection, Executable
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.at_once import IN_THREAD, AtOnceDialect, adapter_of
from storage.prepared import Fetched, prepared

Result = TypeVar("Result")

Values = Mapping[str, Any] | Sequence[Mapping[str, Any]] | None
FEW = 20
"""As many rows may be written at once."""


class Executor:
    """One connection, in a transaction: a statement that is not ``patient`` is executed at once where the database allows it."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.dialect = connection.dialect
        self._connection = connection
        self._raw = _raw(connection)

    async def execute(self, statement: Executable, values: Values = None, *, patient: bool = False) -> Fetched:
        """Execute a statement; several rows of values are executed one after the other."""
        rows = values if isinstance(values, Sequence) else [values or {}]
        takes_long = patient or len(rows) > FEW or "in_thread" in statement.get_execution_options()
        if self._raw is not None and not takes_long and (ready := prepared(statement, tuple(rows[0]), self.dialect)):
            return ready.execute(self._raw, rows)
        result = await self._connection.execute(statement, values, execution_options=IN_THREAD)
        return Fetched(result.all() if result.returns_rows else (), result.rowcount)

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
        if self._raw is None:
            async with self._connection.begin_nested():
                yield
        else:
            with _savepoint(self._raw):
                yield


@contextmanager
def _savepoint(raw: sqlite3.Connection) -> Iterator[None]:
    """The same, at once; SQLite takes the innermost of those that have one name."""
    raw.execute("SAVEPOINT part")
    try:
        yield
    except BaseException:
        # Where the disk is full, say, SQLite has undone all of the transaction by itself.
        if raw.in_transaction:
            raw.execute("ROLLBACK TO part")
        raise
    finally:
        if raw.in_transaction:
            raw.execute("RELEASE part")


def _raw(connection: AsyncConnection) -> sqlite3.Connection | None:
    """Return what statements are executed on at once, in a transaction; None where they cannot be, or are not to be."""
    ours = connection.sync_connection
    if ours is None or not isinstance(connection.dialect, AtOnceDialect) or ours.engine.get_execution_options().get("in_thread"):
        return None
    raw = adapter_of(connection).raw
    if not raw.in_transaction:
        raw.execute("BEGIN")
    return raw
