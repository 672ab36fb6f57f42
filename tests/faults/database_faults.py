"""Real database faults, each for a block: locked, full, read-only, restarted or slow."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing, suppress
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest
from sqlalchemy import make_url

from storage.engine.sqlite_direct import sqlite_connection
from tests.kit.bot import BotHarness
from tests.kit.postgres import execute
from tests.kit.raw_database import rows
from tests.kit.replicas import drop_connections


@dataclass
class Delays:
    """How often the database delayed an operation without an error."""

    count: int = 0


DatabaseFault = Callable[[BotHarness], AbstractAsyncContextManager[Delays]]

# How long, in milliseconds, SQLite waits for a lock; the default of five seconds only slows the
# test.
_BUSY = 50
_WAIT_FOR_LOCKS = (
    "SELECT count(*) FROM pg_stat_activity "
    "WHERE datname = current_database() AND wait_event_type = 'Lock'"
)
_TABLES = ("outbox", "processed_update", "reservation", "failed_update")


def _writer(bot: BotHarness) -> Any:
    """Return the driver's connection that writes to the file; it must have been used before."""
    connection = bot.app.database.write_connection
    assert connection
    return sqlite_connection(connection).threaded


async def _set_pragma(bot: BotHarness, pragma: str) -> None:
    async with _writer(bot).execute(f"PRAGMA {pragma}") as cursor:
        await cursor.fetchall()


@asynccontextmanager
async def file_locked(bot: BotHarness) -> AsyncIterator[Delays]:
    """Hold a write lock for longer than the bot waits."""
    with (
        pytest.MonkeyPatch.context() as patched,
        closing(
            sqlite3.connect(bot.app.database.url.removeprefix("sqlite:///"), isolation_level=None)
        ) as other,
    ):
        patched.setattr(
            "storage.engine.sqlite_direct.SET_BUSY_TIMEOUT", f"PRAGMA busy_timeout={_BUSY}"
        )
        other.execute("BEGIN IMMEDIATE")
        yield Delays()


@asynccontextmanager
async def file_full(bot: BotHarness) -> AsyncIterator[Delays]:
    """Limit the file to its pages and fill the last page of the outbox, where each act writes."""
    url = bot.app.database.url
    pages = rows(url, "PRAGMA page_count")[0][0]
    await _set_pragma(bot, f"max_page_count={pages}")
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as other:
        other.execute(f"PRAGMA max_page_count={pages}")
        for size in (3000, 300, 30, 3):
            _fill(other, size)
        yield Delays()
        other.execute("DELETE FROM outbox WHERE kind = 'ballast'")
    await _set_pragma(bot, "max_page_count=1073741823")


def _fill(other: sqlite3.Connection, size: int) -> None:
    """Insert rows of this size until there is no room for another."""
    with suppress(sqlite3.OperationalError):
        while True:
            other.execute(
                "INSERT INTO outbox (channel, chat_id, kind, due_at, attempts, state, error) "
                "VALUES ('telegram', 1, 'ballast', 0, 0, 'skipped', ?)",
                ("x" * size,),
            )


@asynccontextmanager
async def file_read_only(bot: BotHarness) -> AsyncIterator[Delays]:
    """Refuse writes as SQLite does for a read-only file; file modes do not stop root."""
    await _set_pragma(bot, "query_only=ON")
    yield Delays()
    await _set_pragma(bot, "query_only=OFF")


@asynccontextmanager
async def file_slow(bot: BotHarness) -> AsyncIterator[Delays]:
    """Delay SQLite every few virtual machine steps."""
    writer, delays = _writer(bot), Delays()

    def delay() -> None:
        delays.count += 1
        time.sleep(0.001)

    await writer.set_progress_handler(delay, 50)
    yield delays
    await writer.set_progress_handler(None, 0)


@asynccontextmanager
async def rows_locked(bot: BotHarness) -> AsyncIterator[Delays]:
    """Lock every row that an act reads first, until a transaction waits for it."""
    other = await asyncpg.connect(bot.app.database.url)
    await other.execute(
        "BEGIN; SELECT 1 FROM person FOR UPDATE; SELECT 1 FROM reservation FOR UPDATE; "
        "SELECT 1 FROM outbox FOR UPDATE"
    )
    delays, over = Delays(), asyncio.Event()
    releasing = asyncio.create_task(_release_locks(other, bot.app.database.url, delays, over))
    yield delays
    over.set()
    await releasing


async def _release_locks(
    other: asyncpg.Connection, url: str, delays: Delays, over: asyncio.Event
) -> None:
    """End a transaction once another has waited for it briefly and not for ten seconds."""
    while not over.is_set() and not delays.count:
        delays.count = rows(url, _WAIT_FOR_LOCKS)[0][0]
        with suppress(TimeoutError):
            await asyncio.wait_for(over.wait(), 0.02)
    await other.close()


@asynccontextmanager
async def disk_full(bot: BotHarness) -> AsyncIterator[Delays]:
    """Make the server refuse each new row as it does on a full disk."""
    async with _insert_trigger(
        bot,
        "RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'",
    ):
        yield Delays()


@asynccontextmanager
async def server_slow(bot: BotHarness) -> AsyncIterator[Delays]:
    """Make the server delay each new row."""
    url, delays = bot.app.database.url, Delays()
    # A sequence keeps its count even if the transaction is rolled back.
    execute(url, "CREATE SEQUENCE delayed")
    async with _insert_trigger(bot, "PERFORM pg_sleep(0.05), nextval('delayed')"):
        yield delays
        delays.count = rows(
            url, "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM delayed"
        )[0][0]
    execute(url, "DROP SEQUENCE delayed")


@asynccontextmanager
async def _insert_trigger(bot: BotHarness, statement: str) -> AsyncIterator[None]:
    """Make the server run a statement before it inserts a row."""
    url = bot.app.database.url
    body = f"BEGIN {statement}; RETURN NEW; END"
    execute(url, f"CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$")
    execute(
        url,
        *(
            f"CREATE TRIGGER fault BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION fault()"
            for table in _TABLES
        ),
    )
    yield
    execute(url, "DROP FUNCTION fault CASCADE")


@asynccontextmanager
async def server_read_only(bot: BotHarness) -> AsyncIterator[Delays]:
    """Make the server read-only, like a standby."""
    url = bot.app.database.url
    name = make_url(url).database
    execute(url, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    drop_connections(url)
    yield Delays()
    execute(
        url,
        "SET default_transaction_read_only = off; "
        f"ALTER DATABASE {name} RESET default_transaction_read_only",
    )
    drop_connections(url)


@asynccontextmanager
async def server_restarted(bot: BotHarness) -> AsyncIterator[Delays]:
    """Cut all connections repeatedly during the block."""
    stop = asyncio.Event()

    async def cut_repeatedly() -> None:
        while not stop.is_set():
            drop_connections(bot.app.database.url)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), 0.02)

    cutting = asyncio.create_task(cut_repeatedly())
    yield Delays()
    stop.set()
    await cutting


DATABASE_FAULTS: dict[str, dict[str, DatabaseFault]] = {
    "sqlite": {
        "locked": file_locked,
        "full": file_full,
        "read-only": file_read_only,
        "slow": file_slow,
    },
    "postgresql": {
        "locked": rows_locked,
        "full": disk_full,
        "read-only": server_read_only,
        "restarted": server_restarted,
        "slow": server_slow,
    },
}
"""The faults of each kind of database."""
