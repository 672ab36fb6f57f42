"""Group commit on SQLite: writes share transactions, and no wait blocks the event loop."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, closing
from functools import partial

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from domain.failures import DatabaseAway
from domain.person import Contact
from storage.database import Database
from storage.engine.executor import Executor
from storage.group_commit import TASK_NAME, GroupCommit
from storage.unit_of_work import SqlUnitOfWork
from tests.kit.clinic import NOW
from tests.kit.raw_database import rows

pytestmark = pytest.mark.engines("sqlite")

# Takes long enough to be observed.
_COUNTING = text(
    "WITH RECURSIVE up(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up WHERE n < 300000)"
    " SELECT count(*) FROM up"
)


async def greet(uow: SqlUnitOfWork, person: int) -> Executor:
    await uow.people.record_contact(Contact(person, f"Person {person}"), NOW)
    return uow.connection


async def violate_a_foreign_key(uow: SqlUnitOfWork) -> None:
    await uow.connection.execute(
        text("INSERT INTO dialogue (person_id, data, changed_at) VALUES (-1, '{}', 0)")
    )


def accounts(database: Database) -> list[tuple[int]]:
    return rows(database.url, "SELECT telegram_id FROM person ORDER BY telegram_id")


@asynccontextmanager
async def ticking() -> AsyncIterator[list[int]]:
    """Count the iterations of the event loop during a block."""
    ticks = [0]

    async def tick() -> None:
        while True:
            ticks[0] += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(tick())
    yield ticks
    task.cancel()


async def test_waiting_writes_share_the_next_transaction(database: Database) -> None:
    async with database.transaction():
        waiting = [
            asyncio.create_task(database.write(partial(greet, person=number)))
            for number in range(1, 6)
        ]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert len(set(await asyncio.gather(*waiting))) == 1
    assert accounts(database) == [(1,), (2,), (3,), (4,), (5,)]


async def test_a_failing_write_does_not_fail_the_others(database: Database) -> None:
    async with database.transaction():
        waiting = [
            asyncio.create_task(database.write(lambda uow: greet(uow, 1))),
            asyncio.create_task(database.write(violate_a_foreign_key)),
            asyncio.create_task(database.write(lambda uow: greet(uow, 2))),
        ]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    first, lost, last = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(lost, IntegrityError)
    assert {type(first), type(last)} == {Executor}
    assert accounts(database) == [(1,), (2,)]


async def test_a_write_cancelled_while_it_waits_is_not_executed(database: Database) -> None:
    async with database.transaction():
        cancelled = asyncio.create_task(database.write(lambda uow: greet(uow, 1)))
        stays = asyncio.create_task(database.write(lambda uow: greet(uow, 2)))
        await asyncio.sleep(0)
        cancelled.cancel()
        await asyncio.sleep(0)
    await stays
    assert cancelled.cancelled()
    assert accounts(database) == [(2,)]


async def test_a_locked_file_fails_all_waiting_writes_at_once(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.engine.sqlite_direct.SET_BUSY_TIMEOUT", "PRAGMA busy_timeout=100")
    tries = 0

    @asynccontextmanager
    async def count_tries() -> AsyncIterator[Callable[[], SqlUnitOfWork]]:
        nonlocal tries
        tries += 1
        async with database.transaction() as uow:
            yield lambda: uow

    group_commit = GroupCommit(count_tries)
    with closing(
        sqlite3.connect(database.url.removeprefix("sqlite:///"), isolation_level=None)
    ) as other:
        other.execute("BEGIN IMMEDIATE")
        waiting = [group_commit.write(partial(greet, person=number)) for number in range(1, 6)]
        errors = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(each) for each in errors] == [DatabaseAway] * 5
    assert tries == 1
    assert accounts(database) == []


@pytest.mark.parametrize("executing", [True, False])
async def test_cancelling_the_worker_cancels_all_pending_writes(
    database: Database, *, executing: bool
) -> None:
    reached, never = asyncio.Event(), asyncio.Event()

    async def wait_forever(_uow: SqlUnitOfWork) -> None:
        reached.set()
        await never.wait()

    async with AsyncExitStack() as held:
        if not executing:
            await held.enter_async_context(database.transaction())
        waiting = [asyncio.create_task(database.write(wait_forever)) for _ in range(2)]
        if executing:
            await reached.wait()
        else:
            await asyncio.sleep(0)
        waiting.append(asyncio.create_task(database.write(wait_forever)))
        await asyncio.sleep(0)
        [worker] = [task for task in asyncio.all_tasks() if task.get_name() == TASK_NAME]
        worker.cancel()
        assert {type(each) for each in await asyncio.gather(*waiting, return_exceptions=True)} == {
            asyncio.CancelledError
        }


async def test_a_write_that_raises_cancelled_error_cancels_only_itself(database: Database) -> None:
    async def raise_cancelled(_uow: SqlUnitOfWork) -> None:
        raise asyncio.CancelledError

    waiting = [
        database.write(raise_cancelled),
        database.write(lambda uow: greet(uow, 1)),
        database.write(raise_cancelled),
    ]
    caught = await asyncio.gather(*waiting, return_exceptions=True)
    alone = await asyncio.gather(database.write(raise_cancelled), return_exceptions=True)

    assert [type(each) for each in [*caught, *alone]] == [
        asyncio.CancelledError,
        Executor,
        asyncio.CancelledError,
        asyncio.CancelledError,
    ]
    assert accounts(database) == [(1,)]


async def test_waiting_for_another_process_does_not_block_the_event_loop(
    database: Database,
) -> None:
    with closing(
        sqlite3.connect(database.url.removeprefix("sqlite:///"), isolation_level=None)
    ) as other:
        other.execute("BEGIN IMMEDIATE")
        async with ticking() as ticks:
            waiting = asyncio.create_task(database.write(lambda uow: greet(uow, 1)))
            while ticks[0] < 1000:  # noqa: ASYNC110  (counts iterations of the loop)
                await asyncio.sleep(0)
            assert not waiting.done()
            other.execute("COMMIT")
            await waiting
    assert accounts(database) == [(1,)]


@pytest.mark.parametrize("long_running", [True, False])
async def test_a_long_running_statement_does_not_block_the_event_loop(
    database: Database, *, long_running: bool
) -> None:
    async with database.snapshot() as uow, ticking() as ticks:
        await asyncio.sleep(0)
        before = ticks[0]
        await uow.connection.execute(_COUNTING, long_running=long_running)
        assert (ticks[0] > before) is long_running
