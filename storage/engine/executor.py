"""Execute the statements of repositories."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection, Executable
from sqlalchemy.exc import MultipleResultsFound, NoResultFound
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine.postgres_direct import PostgresDirect
from storage.engine.sqlite_direct import SqliteDirect
from storage.engine.statement_cache import compiled_statement

Result = TypeVar("Result")

Values = Mapping[str, Any] | list[dict[str, Any]] | None


@dataclass(slots=True)
class Fetched:
    """The rows of a result. Rows are named tuples."""

    rows: Sequence[Any]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def first(self) -> Any:
        """Return the first row, or None if there is none."""
        return self.rows[0] if self.rows else None

    def one(self) -> Any:
        """Return the only row. Raises NoResultFound or MultipleResultsFound."""
        if not self.rows:
            raise NoResultFound("no row was found")
        return self.one_or_none()

    def scalar_one(self) -> Any:
        """Return the first value of the only row. Raises like ``one``."""
        return self.one()[0]

    def one_or_none(self) -> Any:
        """Return the only row, or None if there is none. Raises MultipleResultsFound."""
        if len(self.rows) > 1:
            raise MultipleResultsFound(f"{len(self.rows)} rows were found")
        return self.first()


class Executor:
    """A connection in a transaction. Compiled statements go directly to the driver.

    A ``long_running`` statement is executed in a thread on SQLite. PostgreSQL ignores the flag.
    """

    def __init__(self, connection: AsyncConnection) -> None:
        self.dialect = connection.dialect
        self._connection = connection
        self._driver = _driver(connection)

    async def execute(
        self, statement: Executable, values: Values = None, *, long_running: bool = False
    ) -> Fetched:
        """Execute a statement and return its rows.

        A list of several dictionaries executes the statement once for each and returns no rows.
        """
        rows = values if isinstance(values, list) else [values or {}]
        if self._driver and (
            compiled := compiled_statement(statement, tuple(rows[0]), self.dialect)
        ):
            bind_values = [compiled.bind_values(row) for row in rows]
            return Fetched(
                compiled.read(
                    await self._driver.fetch(
                        compiled.sql, bind_values, long_running=long_running or compiled.in_thread
                    )
                )
            )
        result = await self._connection.execute(statement, values)
        return Fetched(result.all() if result.returns_rows else ())

    async def scalar(
        self, statement: Executable, values: Values = None, *, long_running: bool = False
    ) -> Any:
        """Return the first value of the first row, or None if there is no row."""
        row = (await self.execute(statement, values, long_running=long_running)).first()
        return row and row[0]

    async def scalars(self, statement: Executable, values: Values = None) -> list[Any]:
        """Return the first value of each row."""
        return [row[0] for row in await self.execute(statement, values)]

    async def run_sync(self, do: Callable[[Connection], Result]) -> Result:
        """Call a function with SQLAlchemy's synchronous connection, and return its result."""
        return await self._connection.run_sync(do)

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """Open a savepoint. An exception in the block rolls back its statements."""
        if isinstance(self._driver, SqliteDirect):
            with self._driver.savepoint():
                yield
        else:
            async with self._connection.begin_nested():
                yield


def _driver(connection: AsyncConnection) -> SqliteDirect | PostgresDirect | None:
    """Return the direct path to the driver, or None if SQLAlchemy executes every statement."""
    if connection.sync_engine.get_execution_options().get("in_thread"):
        return None
    return (
        SqliteDirect(connection)
        if connection.dialect.name == "sqlite"
        else PostgresDirect(connection)
    )
