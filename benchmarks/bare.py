"""The bare database drivers, which replay the statements of our code without any layer between.

A recording is made once, with unique values; a replay substitutes other values for them.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import aiosqlite
import asyncpg
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.engine.sqlite_direct import IN_THREAD

# The same pool size and settings as our own engine.
_POOL: dict[str, Any] = {"min_size": 10, "max_size": 10, "server_settings": {"jit": "off"}}

_NUMBER = re.compile(r"\d+")

Values = Mapping[object, object]
"""Maps recorded values to the values of a replay."""
Execute = Callable[[str, Any, bool], Awaitable[Any]]


@dataclass(slots=True)
class Recording:
    """The statements of one transaction with their parameters, in order."""

    statements: list[tuple[str, Sequence[Any], bool]] = field(default_factory=list)
    added: int | None = None
    """The number of the reservation that was added; a replay adds one with another number."""

    async def replay(self, execute: Execute, values: Values) -> list[Any]:
        """Execute the statements with other values; return each one's first row, or None."""
        known, firsts = dict(values), list[Any]()
        for sql, parameters, many in self.with_values(known):
            firsts.append(await execute(sql, parameters, many))
            if self.added is not None and sql.startswith("INSERT INTO reservation"):
                known[self.added] = firsts[-1][0]
        return firsts

    def with_values(self, values: Values) -> Iterator[tuple[str, Any, bool]]:
        """Yield the statements with substituted values; the last item marks several rows."""
        for sql, parameters, many in self.statements:
            if many:
                yield sql, [_substituted(row, values) for row in parameters], True
            else:
                yield sql, _substituted(parameters, values), False


def _substituted(parameters: Sequence[Any], values: Values) -> tuple[Any, ...]:
    """Return the parameters with other values, also within rows that are passed as JSON."""

    def number(found: "re.Match[str]") -> str:
        return str(values.get(int(found[0]), found[0]))

    return tuple(
        _NUMBER.sub(number, each)
        if isinstance(each, str) and each.startswith("[")
        else values.get(each, each)
        for each in parameters
    )


@contextmanager
def recorded(engine: AsyncEngine) -> Iterator[Recording]:
    """Record the statements of an engine in a block, without BEGIN and COMMIT."""
    recording = Recording()

    def executed(
        _connection: object, _cursor: object, sql: str, parameters: Any, *_others: object
    ) -> None:
        if not sql.startswith("BEGIN"):
            # Several rows in one VALUES clause are one row of parameters.
            recording.statements.append((sql, parameters, isinstance(parameters, list)))

    # The direct path sends no events, so force the path through the thread while recording.
    engine.sync_engine.update_execution_options(**IN_THREAD)
    event.listen(engine.sync_engine, "before_cursor_execute", executed)
    try:
        yield recording
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", executed)
        engine.sync_engine.update_execution_options(in_thread=False)


class BareSqlite:
    """aiosqlite with our own settings: one connection with one writer at a time."""

    def __init__(self, connection: aiosqlite.Connection, begin: str) -> None:
        self._connection = connection
        self._lock = asyncio.Lock()
        self._begin = begin

    async def replay(self, recording: Recording, values: Values) -> list[Any]:
        """Replay a recording in one transaction; return each statement's first row, or None."""
        async with self._lock:
            await self._connection.execute(self._begin)
            firsts = await recording.replay(self._execute, values)
            await self._connection.execute("COMMIT")
        return firsts

    async def _execute(self, sql: str, parameters: Any, many: bool) -> Any:  # noqa: FBT001  (as it was recorded)
        if many:
            await self._connection.executemany(sql, parameters)
            return None
        rows = list(await self._connection.execute_fetchall(sql, parameters))
        return rows[0] if rows else None


class BarePostgres:
    """asyncpg with a pool of the size of our own engine's."""

    def __init__(self, pool: asyncpg.Pool, *, reading: bool) -> None:
        self._pool = pool
        self._options: dict[str, Any] = (
            {"isolation": "repeatable_read", "readonly": True} if reading else {}
        )

    async def replay(self, recording: Recording, values: Values) -> list[Any]:
        """Replay a recording as ``BareSqlite.replay`` does."""
        async with self._pool.acquire() as connection, connection.transaction(**self._options):
            return await recording.replay(partial(self._execute, connection), values)

    async def _execute(
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
    """Connect the bare driver to a database for a block."""
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
