"""SQLite files whose work takes virtual time, in place of aiosqlite and its threads.

What is asked of a connection is done in order. Each job and the news of it are separate steps, so a
process can be killed before, between and after them. A job that needs a locked file tries again in
virtual time: SQLite itself would wait in real time, for a lock that only this program can release.
"""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Awaitable, Callable, Generator, Iterable, Sequence
from typing import Any, Generic, Self, TypeVar

from simulation.world.streams import Stream

Result = TypeVar("Result")

_SHORTEST_SECONDS, _SPREAD_SECONDS = 0.0002, 0.002
# As long as the bot waits for a lock.
_LOCKED_SECONDS, _LOCK_TIMEOUT = 0.02, 5.0


class Disk:
    """The disk of the bot's machine.

    ``before_commit`` may raise an error in place of a commit. ``extra_seconds`` returns how much
    longer the next job takes than usual.
    """

    def __init__(self, random: Stream) -> None:
        self.before_commit: Callable[[sqlite3.Connection], None] = lambda _connection: None
        self.after_commit: Callable[[], None] = lambda: None
        self.extra_seconds: Callable[[], float] = lambda: 0.0
        self.waits = self.failed_commits = 0
        """How often a job found the file locked, and how often a commit failed."""
        self._open: list[tuple[asyncio.AbstractEventLoop, sqlite3.Connection]] = []
        self._random = random

    async def connect(self, database: str, **options: Any) -> "Connection":
        """Open a file; the options are those of ``sqlite3.connect``."""
        connection = sqlite3.connect(database, **options)
        self._open.append((asyncio.get_running_loop(), connection))
        return Connection(self, connection)

    def abandon(self, process: asyncio.AbstractEventLoop) -> None:
        """Close the connections that a killed process left open, which rolls back its work."""
        for loop, connection in self._open:
            if loop is process:
                connection.close()
        self._open = [each for each in self._open if each[0] is not process]

    def forget(self) -> Sequence[sqlite3.Connection]:
        """Return all open connections, and close none of them from now on."""
        open_ones, self._open = self._open, []
        return [connection for _, connection in open_ones]

    def seconds(self) -> float:
        """Return how long the next job takes."""
        usual = _SHORTEST_SECONDS + self._random.random() * _SPREAD_SECONDS
        return usual + self.extra_seconds()


class _Awaited(Generic[Result]):
    """The result of a job, which can be awaited or entered, as in aiosqlite."""

    def __init__(self, job: Awaitable[Result]) -> None:
        self._job = job

    def __await__(self) -> Generator[Any, None, Result]:
        return self._job.__await__()

    async def __aenter__(self) -> Result:
        return await self._job

    async def __aexit__(self, *_error: object) -> None:
        """Close nothing: cursors end with their connection."""


class Connection:
    """Has the methods of ``aiosqlite.Connection`` that SQLAlchemy and the storage use."""

    def __init__(self, disk: Disk, sqlite: sqlite3.Connection) -> None:
        self.isolation_level = sqlite.isolation_level
        # SQLAlchemy asks whether the connection is open by this name.
        self._connection: sqlite3.Connection | None = sqlite
        self._disk = disk
        self._sqlite = sqlite
        self._jobs: deque[_Job] = deque()

    def cursor(self) -> "_Awaited[Cursor]":
        """Open a cursor."""
        return _Awaited(self._open_cursor())

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> "_Awaited[Cursor]":
        """Execute a statement on a new cursor."""
        return _Awaited(self._execute("execute", sql, parameters))

    def executemany(self, sql: str, parameters: Iterable[Any]) -> "_Awaited[Cursor]":
        """Execute a statement for many rows of parameters."""
        return _Awaited(self._execute("executemany", sql, parameters))

    async def execute_fetchall(self, sql: str, parameters: Sequence[Any] = ()) -> Sequence[Any]:
        """Execute a statement and return all its rows."""
        return await self.do(lambda: self._sqlite.execute(sql, parameters).fetchall())

    async def create_function(self, *args: Any, **options: Any) -> None:
        """Register a function for SQL."""
        await self.do(lambda: self._sqlite.create_function(*args, **options))

    async def commit(self) -> None:
        """Commit."""
        await self.do(self._commit)

    async def rollback(self) -> None:
        """Roll back."""
        await self.do(self._sqlite.rollback)

    async def close(self) -> None:
        """Close the connection; closing it twice does no harm."""
        await self.do(self._sqlite.close)
        self._connection = None

    def stop(self) -> None:
        """Close the connection without waiting."""
        self._sqlite.close()
        self._connection = None

    async def do(self, work: Callable[[], Result]) -> Result:
        """Do one thing after the others that were asked before, and return its result."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = loop.create_future()
        self._jobs.append(_Job(work, future))
        if len(self._jobs) == 1:
            loop.call_later(self._disk.seconds(), self._do_next, loop.time() + _LOCK_TIMEOUT)
        return await future

    def _do_next(self, give_up_at: float) -> None:
        """Do the next job; if the file is locked, try again until an instant."""
        loop = asyncio.get_running_loop()
        if self._is_locked_out(self._jobs[0]) and loop.time() < give_up_at:
            self._disk.waits += 1
            loop.call_later(_LOCKED_SECONDS, self._do_next, give_up_at)
            return
        self._jobs.popleft().settle()
        if self._jobs:
            loop.call_later(self._disk.seconds(), self._do_next, loop.time() + _LOCK_TIMEOUT)

    def _is_locked_out(self, job: "_Job") -> bool:
        """Do a job, and return whether the file was locked by another connection."""
        if self._connection is not None:
            self._sqlite.execute("PRAGMA busy_timeout=0")
        job.attempt()
        return is_busy(job.error)

    async def _open_cursor(self) -> "Cursor":
        return Cursor(self, self._sqlite.cursor())

    async def _execute(self, method: str, sql: str, parameters: Iterable[Any]) -> "Cursor":
        run = getattr(self._sqlite, method)
        return Cursor(self, await self.do(lambda: run(sql, parameters)))

    def _commit(self) -> None:
        try:
            self._disk.before_commit(self._sqlite)
        except sqlite3.Error:
            self._disk.failed_commits += 1
            raise
        self._sqlite.commit()
        self._disk.after_commit()


class Cursor:
    """Has the methods of ``aiosqlite.Cursor`` that SQLAlchemy and the storage use."""

    def __init__(self, connection: Connection, sqlite: sqlite3.Cursor) -> None:
        self._threaded = connection
        self._sqlite = sqlite
        self.arraysize = sqlite.arraysize

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.close()

    @property
    def connection(self) -> sqlite3.Connection:
        """Return the connection of the standard library."""
        return self._sqlite.connection

    @property
    def description(self) -> Any:
        """Return the columns of the result."""
        return self._sqlite.description

    @property
    def rowcount(self) -> int:
        """Return how many rows the statement changed."""
        return self._sqlite.rowcount

    @property
    def lastrowid(self) -> int | None:
        """Return the id of the row that was inserted last."""
        return self._sqlite.lastrowid

    async def execute(self, sql: str, parameters: Sequence[Any] | None = None) -> "Cursor":
        """Execute a statement."""
        await self._threaded.do(lambda: self._sqlite.execute(sql, parameters or ()))
        return self

    async def executemany(self, sql: str, parameters: Iterable[Any]) -> "Cursor":
        """Execute a statement for many rows of parameters."""
        await self._threaded.do(lambda: self._sqlite.executemany(sql, parameters))
        return self

    async def fetchone(self) -> Any:
        """Return the next row, or None."""
        return await self._threaded.do(self._sqlite.fetchone)

    async def fetchall(self) -> list[Any]:
        """Return the remaining rows."""
        return await self._threaded.do(self._sqlite.fetchall)

    async def fetchmany(self, size: int | None = None) -> list[Any]:
        """Return some of the remaining rows."""
        return await self._threaded.do(lambda: self._sqlite.fetchmany(size or self.arraysize))

    async def close(self) -> None:
        """Close the cursor."""
        self._sqlite.close()


class _Job:
    """Something to do with a connection, and the future that gets its result."""

    def __init__(self, work: Callable[[], Any], future: "asyncio.Future[Any]") -> None:
        self.error: Exception | None = None
        self._work = work
        self._future = future
        self._result: Any = None

    def attempt(self) -> None:
        """Do it, and keep the result or the error."""
        self.error = None
        try:
            self._result = self._work()
        except Exception as error:  # noqa: BLE001  (the caller gets it)
            self.error = error

    def settle(self) -> None:
        """Report what the last attempt brought, unless the waiter was cancelled."""
        if self._future.done():
            return
        if self.error is not None:
            self._future.set_exception(self.error)
        else:
            self._future.set_result(self._result)


def is_busy(error: BaseException | None) -> bool:
    """Return whether a file was locked by another connection."""
    return (
        isinstance(error, sqlite3.OperationalError)
        and error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
    )
