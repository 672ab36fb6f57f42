"""What repositories execute statements with."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection, Executable
from sqlalchemy.exc import MultipleResultsFound, NoResultFound
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine.postgres_direct import Straight
from storage.engine.prepared import prepared
from storage.engine.sqlite_direct import AtOnce, AtOnceDialect

Result = TypeVar("Result")

Values = Mapping[str, Any] | list[dict[str, Any]] | None


@dataclass(slots=True)
class Fetched:
    """The rows that a statement gave; they have names."""

    rows: Sequence[Any]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def first(self) -> Any:
        """Return the first row, None where there is none."""
        return self.rows[0] if self.rows else None

    def one(self) -> Any:
        """Return the only row; raises NoResultFound, MultipleResultsFound."""
        if not self.rows:
            raise NoResultFound("there is no row")
        return self.one_or_none()

    def scalar_one(self) -> Any:
        """Return the first value of the only row; raises as ``one`` does."""
        return self.one()[0]

    def one_or_none(self) -> Any:
        """Return the only row, None where there is none; raises MultipleResultsFound."""
        if len(self.rows) > 1:
            raise MultipleResultsFound(f"there are {len(self.rows)} rows")
        return self.first()


class Executor:
    """One connection, in a transaction: statements are prepared once and given to the driver; ``patient`` ones may take long."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.dialect = connection.dialect
        self._connection = connection
        self._driver = _driver(connection)

    async def execute(
        self, statement: Executable, values: Values = None, *, patient: bool = False
    ) -> Fetched:
        """Execute a statement; for several rows of values it is executed one after the other, and gives nothing back."""
        rows = values if isinstance(values, list) else [values or {}]
        if self._driver and (ready := prepared(statement, tuple(rows[0]), self.dialect)):
            given = [ready.given(row) for row in rows]
            return Fetched(
                ready.read(
                    await self._driver.fetch(ready.sql, given, patient=patient or ready.in_thread)
                )
            )
        result = await self._connection.execute(statement, values)
        return Fetched(result.all() if result.returns_rows else ())

    async def scalar(
        self, statement: Executable, values: Values = None, *, patient: bool = False
    ) -> Any:
        """Return the first value of the first row, None where there is none."""
        row = (await self.execute(statement, values, patient=patient)).first()
        return row and row[0]

    async def scalars(self, statement: Executable, values: Values = None) -> list[Any]:
        """Return the first value of each row."""
        return [row[0] for row in await self.execute(statement, values)]

    async def run_sync(self, do: Callable[[Connection], Result]) -> Result:
        """Do something with SQLAlchemy's own connection."""
        return await self._connection.run_sync(do)

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """Open a block whose statements are undone where it raises."""
        if isinstance(self._driver, AtOnce):
            with self._driver.savepoint():
                yield
        else:
            async with self._connection.begin_nested():
                yield


def _driver(connection: AsyncConnection) -> AtOnce | Straight | None:
    """Return what statements are given to, None where all of them are to go the long way."""
    ours = connection.sync_connection
    if ours is None or ours.engine.get_execution_options().get("in_thread"):
        return None
    return (
        AtOnce(connection)
        if isinstance(connection.dialect, AtOnceDialect)
        else Straight(connection)
    )
