"""The bare drivers: the very statements that our code sends, recorded from it, with nothing between them and the database.

A recording is made once, with values that stand for themselves; played, other values take their places.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import aiosqlite
import asyncpg
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.engine.sqlite_direct import IN_THREAD

# As many connections as our own engine has, set up like those.
_POOL: dict[str, Any] = {"min_size": 10, "max_size": 10, "server_settings": {"jit": "off"}}

Values = Mapping[object, object]
"""What takes the places of the values that were recorded."""


@dataclass(slots=True)
class Recording:
    """Statements with their parameters, in order: one transaction."""

    statements: list[tuple[str, Sequence[Any], bool]] = field(default_factory=list)

    def with_values(self, values: Values) -> Iterator[tuple[str, Any, bool]]:
        """Yield the statements with other values; the last part tells that there are several rows of them."""
        for sql, parameters, many in self.statements:
            if many:
                yield (
                    sql,
                    [tuple(values.get(each, each) for each in row) for row in parameters],
                    True,
                )
            else:
                yield sql, tuple(values.get(each, each) for each in parameters), False


@contextmanager
def recorded(engine: AsyncEngine) -> Iterator[Recording]:
    """Record what goes over an engine in a block, but for the beginning and the end of transactions."""
    recording = Recording()

    def executed(
        _connection: object, _cursor: object, sql: str, parameters: Any, *_others: object
    ) -> None:
        if not sql.startswith("BEGIN"):
            # Several rows in one VALUES are one row of parameters, whatever SQLAlchemy calls them.
            recording.statements.append((sql, parameters, isinstance(parameters, list)))

    # What is executed with nothing between is not told of, so for as long all of it goes the long way.
    engine.sync_engine.update_execution_options(**IN_THREAD)
    event.listen(engine.sync_engine, "before_cursor_execute", executed)
    try:
        yield recording
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", executed)
        engine.sync_engine.update_execution_options(in_thread=False)


class BareSqlite:
    """aiosqlite with the settings of our own connections: one connection, that one writer has after the other."""

    def __init__(self, connection: aiosqlite.Connection, begin: str) -> None:
        self._connection = connection
        self._turn = asyncio.Lock()
        self._begin = begin

    async def play(self, recording: Recording, values: Values) -> list[Any]:
        """Send a recording in one transaction, and return the first row that each statement gave, None where it gave none."""
        async with self._turn:
            await self._connection.execute(self._begin)
            firsts = [await self._sent(*each) for each in recording.with_values(values)]
            await self._connection.execute("COMMIT")
        return firsts

    async def _sent(self, sql: str, parameters: Any, many: bool) -> Any:  # noqa: FBT001  (as it was recorded)
        if many:
            await self._connection.executemany(sql, parameters)
            return None
        rows = list(await self._connection.execute_fetchall(sql, parameters))
        return rows[0] if rows else None


class BarePostgres:
    """asyncpg with as many connections as our own engine has."""

    def __init__(self, pool: asyncpg.Pool, *, reading: bool) -> None:
        self._pool = pool
        self._how: dict[str, Any] = (
            {"isolation": "repeatable_read", "readonly": True} if reading else {}
        )

    async def play(self, recording: Recording, values: Values) -> list[Any]:
        """The same."""
        async with self._pool.acquire() as connection, connection.transaction(**self._how):
            return [await self._sent(connection, *each) for each in recording.with_values(values)]

    async def _sent(
        self,
        connection: asyncpg.Connection,
        sql: str,
        parameters: Any,
        many: bool,  # noqa: FBT001  (SQLAlchemy passes it by position)
    ) -> Any:
        if many:
            await connection.executemany(sql, parameters)
            return None
        rows = await connection.fetch(sql, *parameters)
        return rows[0] if rows else None


@asynccontextmanager
async def bare(url: str, *, reading: bool = False) -> AsyncIterator[BareSqlite | BarePostgres]:
    """Have the bare driver on a database for a block."""
    if url.startswith("postgresql:"):
        async with asyncpg.create_pool(url, **_POOL) as pool:
            yield BarePostgres(pool, reading=reading)
        return
    async with aiosqlite.connect(
        url.removeprefix("sqlite:///"), isolation_level=None
    ) as connection:
        for pragma in ("synchronous=FULL", "busy_timeout=5000", "foreign_keys=ON"):
            await connection.execute(f"PRAGMA {pragma}")
        yield BareSqlite(connection, "BEGIN" if reading else "BEGIN IMMEDIATE")
