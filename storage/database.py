"""The engines, and how each begins a transaction. The one place that knows which database is underneath."""

import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, event, make_url, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from domain.operations.retry import again_on_conflict
from domain.ports import DatabaseAway, Misconfigured
from storage.engine.executor import Executor
from storage.engine.postgres import meant, postgres_engine
from storage.engine.sqlite_direct import BEGIN, BUSY_TIMEOUT, DRIVER, IN_THREAD
from storage.engine.sqlite_errors import sqlite_meant
from storage.engine.sqlite_file import DatabaseUnusable, check_ours, check_unused_log
from storage.engine.write_lock import WriteLock
from storage.group_commit import GroupCommit
from storage.unit_of_work import SqlUnitOfWork

Result = TypeVar("Result")

_READERS = 4
_SIDE_BY_SIDE = 3
_POOL_TIMEOUT_SECONDS = 30
# invalid_authorization_specification, invalid_password, invalid_catalog_name: no other try goes better.
_TURNED_AWAY = {"28000", "28P01", "3D000"}
_JOURNAL_TRIES, _JOURNAL_PAUSE = 500, 0.01


class DatabaseUnsupported(Misconfigured):
    """``DATABASE_URL`` names a kind of database that is not there."""


def make_engine(url: str, *, write: bool, migrating: bool = False) -> AsyncEngine:
    """Return an engine for a plain ``sqlite:///path`` or ``postgresql://…`` URL; the driver is chosen here.

    One for ``migrating`` checks no foreign keys on SQLite, where rebuilding a table would delete its children, and has all the time it
    needs on PostgreSQL.

    Raises:
        DatabaseUnsupported: the URL is of another kind.
    """
    kind = make_url(url).get_backend_name()
    if kind == "postgresql":
        return postgres_engine(url, write=write, patient=migrating)
    if kind == "sqlite":
        return _sqlite_engine(url, write=write, migrating=migrating)
    raise DatabaseUnsupported(
        f"DATABASE_URL must begin with sqlite:/// or postgresql://, not {kind}."
    )


def _sqlite_engine(url: str, *, write: bool, migrating: bool) -> AsyncEngine:
    """Return an engine on a file.

    One that writes has one single connection, and begins with BEGIN IMMEDIATE: the lock is taken before the first read, so what a rule has
    read cannot change before it writes, and our own queue (``WriteLock``) is fairer than SQLite's busy handler. See decision 0003.
    """
    engine = create_async_engine(
        make_url(url).set(drivername=DRIVER),
        pool_size=1 if write else _READERS,
        max_overflow=0,
        # Errors are logged and kept: they must not tell what people are called or wrote.
        hide_parameters=True,
        pool_timeout=_POOL_TIMEOUT_SECONDS,
        execution_options=IN_THREAD if migrating else {},
    )
    _set_up_sqlite(engine, write=write, foreign_keys=not migrating)
    return engine


def _set_up_sqlite(engine: AsyncEngine, *, write: bool, foreign_keys: bool) -> None:
    """Give each new connection its settings, and each transaction its kind of BEGIN."""
    pragmas = [
        "synchronous=FULL",
        f"busy_timeout={BUSY_TIMEOUT}",
        f"foreign_keys={'ON' if foreign_keys else 'OFF'}",
    ]
    # The file itself remembers its journal: a reader, who may have been given a stranger's file to look at, leaves it as it is.
    pragmas += ["journal_mode=WAL"] if write else ["query_only=ON", "wal_autocheckpoint=0"]

    @event.listens_for(engine.sync_engine, "connect")
    def connected(connection: Any, _record: object) -> None:
        connection.only_reads = not write
        connection.isolation_level = None  # The driver must not begin transactions of its own.
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begun(connection: Connection) -> None:
        adapter: Any = connection.connection.dbapi_connection
        if not adapter.raw.in_transaction:
            connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


class Database:
    """A database that is open: transactions to write in, snapshots to read from."""

    def __init__(self, url: str, *, replica: int = 0) -> None:
        """Prepare the engines; nothing is opened yet. ``replica`` is whose leases are taken. Raises DatabaseUnsupported."""
        self.url = url
        self._replica = replica
        self._writer = make_engine(url, write=True)
        self._reader = make_engine(url, write=False)
        # Where there is one writer, those who wait for it have more from sharing its next transaction than from their turn.
        self._write_lock = (
            WriteLock(self._writer) if self._writer.dialect.name == "sqlite" else None
        )
        self._group_commit = GroupCommit(self._opened) if self._write_lock else None

    @property
    def side_by_side(self) -> int:
        """How many writers get on better together than one after the other."""
        return 1 if self._write_lock else _SIDE_BY_SIDE

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[SqlUnitOfWork]:
        """Open a unit of work that commits at the end of the block, or not at all where the block raises.

        Never open a second one inside: on SQLite there is one writing connection, and it would wait for itself.

        Raises:
            TransactionConflict: on PostgreSQL alone.
            DatabaseAway: the server is not there; on SQLite, nobody could write for half a minute.
        """
        with _errors_told():
            async with self._opened() as unit:
                work = unit()
                yield work
                await work.outbox.tell_replicas()

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[Callable[[], SqlUnitOfWork]]:
        """Open a transaction, and give what makes a unit of work in it."""
        async with (
            self._write_lock.transaction()
            if self._write_lock
            else self._writer.begin() as connection
        ):
            executor = Executor(connection)
            yield lambda: SqlUnitOfWork(executor, self._replica)

    async def write(self, do: Callable[[SqlUnitOfWork], Awaitable[Result]]) -> Result:
        """Do something that may be done again where it met another's work, or shares a transaction with what fails.

        A caller that is cancelled meanwhile may find it done all the same: of what must not be lost sight of then, such as a claim, the
        lease ends by itself.

        Raises:
            DatabaseAway: as ``transaction``.
        """
        if self._group_commit is not None:
            with _errors_told():
                return await self._group_commit.do(do)

        async def attempt() -> Result:
            async with self.transaction() as work:
                return await do(work)

        return await again_on_conflict(attempt)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[SqlUnitOfWork]:
        """Open a unit of work that sees one unchanging state and can write nothing; no writer makes it wait. Raises DatabaseAway."""
        with _errors_told(reading=True):
            async with self._reader.connect() as connection:
                yield SqlUnitOfWork(Executor(connection), self._replica)

    async def read(self, question: Callable[[Connection], Result]) -> Result:
        """Put a question that only reads to the database itself; raises DatabaseAway."""
        with _errors_told(reading=True):
            async with self._reader.connect() as connection:
                return await connection.run_sync(question)

    async def version(self) -> str:
        """Return which database is underneath, and its version; raises DatabaseAway."""
        with _errors_told(reading=True):
            async with self._reader.connect() as connection:
                executor = Executor(connection)
                if connection.dialect.name == "sqlite":
                    return f"SQLite {await executor.scalar(text('SELECT sqlite_version()'))}"
                return f"PostgreSQL {await executor.scalar(text('SHOW server_version'))}"

    async def close(self) -> None:
        """Close all connections."""
        if self._group_commit is not None:
            await self._group_commit.idle()
        if self._write_lock is not None:
            await self._write_lock.close()
        await self._reader.dispose()
        await self._writer.dispose()


@contextmanager
def _errors_told(*, reading: bool = False) -> Iterator[None]:
    """Turn the driver's errors that mean a conflict, or that nobody is there, into those that the ports know."""
    try:
        yield
    except Exception as error:
        if told := sqlite_meant(error, reading=reading) or meant(error, reading=reading):
            raise told from error
        raise


@contextmanager
def reachable() -> Iterator[None]:
    """Tell in a sentence that a server is not there (DatabaseAway), or that it turns us away (DatabaseUnusable)."""
    try:
        yield
    except DatabaseAway as error:
        kind = (
            DatabaseUnusable
            if getattr(error.__cause__, "sqlstate", None) in _TURNED_AWAY
            else DatabaseAway
        )
        raise kind(f"DATABASE_URL: the PostgreSQL server cannot be used: {error}.") from error


def database_file(url: str) -> Path | None:
    """Return the file behind an SQLite URL, or None where there is none."""
    parsed = make_url(url)
    if (
        parsed.get_backend_name() != "sqlite"
        or not parsed.database
        or parsed.database == ":memory:"
    ):
        return None
    return Path(parsed.database)


def is_there(file: Path) -> bool:
    """Tell whether there is something under this name; raises DatabaseUnusable where nobody may look."""
    try:
        return file.exists()
    except OSError as error:
        raise DatabaseUnusable(f"DATABASE_URL: {file} cannot be read: {error.strerror}.") from error


def prepare_folder(file: Path) -> None:
    """Make the folder of a database where there is none, and refuse a file that is not Slotkeeper's; raises DatabaseUnusable."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseUnusable(
            f"DATABASE_URL: the folder {file.parent} cannot be made: {error.strerror}."
        ) from error
    if is_there(file):
        check_ours(file)


def prepare_file(file: Path) -> None:
    """See that the file of a database, there or not, can be written, and has its journal; raises DatabaseUnusable.

    SQLite copies the write-ahead log into the file here, so the log must have been checked.
    """
    _tried(file, BEGIN)
    _given_its_journal(file)


def check_file(url: str) -> None:
    """See that the file of a database, which is there, is Slotkeeper's and sound; raises DatabaseUnusable."""
    if (file := database_file(url)) is not None:
        check_ours(file)
        check_unused_log(file)


def _tried(file: Path, statement: str) -> None:
    """Try a statement on a file, and keep nothing of it."""
    try:
        with closing(sqlite3.connect(file, isolation_level=None)) as connection:
            connection.execute(statement)
    except sqlite3.Error as error:
        raise DatabaseUnusable(
            f"DATABASE_URL: {file} cannot be used as a database: {error}."
        ) from error


def _given_its_journal(file: Path) -> None:
    """Have a file remember its journal: of several processes that do so at once SQLite turns some away, and those try again."""
    for turn in range(_JOURNAL_TRIES):
        try:
            return _tried(file, "PRAGMA journal_mode=WAL")
        except DatabaseUnusable as error:
            if turn == _JOURNAL_TRIES - 1 or not _is_busy(error.__cause__):
                raise
            time.sleep(_JOURNAL_PAUSE)
    return None


def _is_busy(error: BaseException | None) -> bool:
    """Tell whether SQLite has merely turned us away."""
    return (
        isinstance(error, sqlite3.OperationalError)
        and error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
    )
