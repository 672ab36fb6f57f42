"""How the one writer of an SQLite file is shared: small writes go together, and nobody keeps the event loop while he waits."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, closing
from functools import partial

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError

from domain.client import Contact
from storage.database import Database
from storage.engine.executor import Executor
from storage.group_commit import GroupCommit
from storage.unit_of_work import SqlUnitOfWork
from tests.kit.clinic import NOW
from tests.kit.raw_database import rows

pytestmark = pytest.mark.engines("sqlite")

# Long enough to be seen working, and ended by the step after it.
_COUNTING = text(
    "WITH RECURSIVE up(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up WHERE n < 300000) SELECT count(*) FROM up"
)


async def says_hello(work: SqlUnitOfWork, person: int) -> Executor:
    await work.clients.record_contact(Contact(person, f"Person {person}"), NOW)
    return work._connection


async def loses_its_row(work: SqlUnitOfWork) -> None:
    await work._connection.execute(
        text("INSERT INTO dialogue (client_id, data, changed_at) VALUES (-1, '{}', 0)")
    )


def known(database: Database) -> list[tuple[int]]:
    return rows(database.url, "SELECT id FROM client ORDER BY id")


@asynccontextmanager
async def ticking() -> AsyncIterator[list[int]]:
    """Count how often the event loop comes round during a block."""
    ticks = [0]

    async def tick() -> None:
        while True:
            ticks[0] += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(tick())
    yield ticks
    task.cancel()


async def test_those_who_wait_for_the_writer_share_its_next_transaction(database: Database) -> None:
    async with database.transaction():
        waiting = [
            asyncio.create_task(database.write(partial(says_hello, person=number)))
            for number in range(1, 6)
        ]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert len(set(await asyncio.gather(*waiting))) == 1
    assert known(database) == [(1,), (2,), (3,), (4,), (5,)]


async def test_one_that_fails_takes_nobody_with_it(database: Database) -> None:
    async with database.transaction():
        waiting = [
            asyncio.create_task(database.write(lambda work: says_hello(work, 1))),
            asyncio.create_task(database.write(loses_its_row)),
            asyncio.create_task(database.write(lambda work: says_hello(work, 2))),
        ]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    first, lost, last = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(lost, IntegrityError)
    assert {type(first), type(last)} == {Executor}
    assert known(database) == [(1,), (2,)]


async def test_what_nobody_waits_for_any_more_is_not_done(database: Database) -> None:
    async with database.transaction():
        given_up = asyncio.create_task(database.write(lambda work: says_hello(work, 1)))
        stays = asyncio.create_task(database.write(lambda work: says_hello(work, 2)))
        await asyncio.sleep(0)
        given_up.cancel()
        await asyncio.sleep(0)
    await stays
    assert given_up.cancelled()
    assert known(database) == [(2,)]


async def test_all_hear_at_once_that_the_file_stays_locked(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.engine.sqlite_direct._PATIENCE", "PRAGMA busy_timeout=100")
    tries = 0
    opened = database._opened

    def counted() -> AbstractAsyncContextManager[Callable[[], SqlUnitOfWork]]:
        nonlocal tries
        tries += 1
        return opened()

    together = GroupCommit(counted)
    with closing(
        sqlite3.connect(database.url.removeprefix("sqlite:///"), isolation_level=None)
    ) as other:
        other.execute("BEGIN IMMEDIATE")
        waiting = [together.do(partial(says_hello, person=number)) for number in range(1, 6)]
        heard = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(each) for each in heard] == [OperationalError] * 5
    assert tries == 1
    assert known(database) == []


@pytest.mark.parametrize("in_work", [True, False])
async def test_nobody_waits_for_a_worker_that_was_ended(
    database: Database, *, in_work: bool
) -> None:
    together = GroupCommit(database._opened)
    reached, never = asyncio.Event(), asyncio.Event()

    async def stays(_work: SqlUnitOfWork) -> None:
        reached.set()
        await never.wait()

    async with AsyncExitStack() as held:
        if not in_work:
            await held.enter_async_context(database.transaction())
        waiting = [asyncio.create_task(together.do(stays)) for _ in range(2)]
        if in_work:
            await reached.wait()
        else:
            await asyncio.sleep(0)
        waiting.append(asyncio.create_task(together.do(stays)))
        await asyncio.sleep(0)
        assert together._work is not None
        together._work.cancel()
        assert {type(each) for each in await asyncio.gather(*waiting, return_exceptions=True)} == {
            asyncio.CancelledError
        }


async def test_a_cancellation_that_one_runs_into_is_its_own(database: Database) -> None:
    async def runs_into_one(_work: SqlUnitOfWork) -> None:
        raise asyncio.CancelledError

    together = GroupCommit(database._opened)
    waiting = [
        together.do(runs_into_one),
        together.do(lambda work: says_hello(work, 1)),
        together.do(runs_into_one),
    ]
    told = await asyncio.gather(*waiting, return_exceptions=True)
    alone = await asyncio.gather(together.do(runs_into_one), return_exceptions=True)

    assert [type(each) for each in [*told, *alone]] == [
        asyncio.CancelledError,
        Executor,
        asyncio.CancelledError,
        asyncio.CancelledError,
    ]
    assert known(database) == [(1,)]


async def test_a_lock_of_another_process_is_waited_for_without_the_event_loop(
    database: Database,
) -> None:
    with closing(
        sqlite3.connect(database.url.removeprefix("sqlite:///"), isolation_level=None)
    ) as other:
        other.execute("BEGIN IMMEDIATE")
        async with ticking() as ticks:
            waiting = asyncio.create_task(database.write(lambda work: says_hello(work, 1)))
            while ticks[0] < 1000:  # noqa: ASYNC110  (what is waited for is the loop itself)
                await asyncio.sleep(0)
            assert not waiting.done()
            other.execute("COMMIT")
            await waiting
    assert known(database) == [(1,)]


@pytest.mark.parametrize("patient", [True, False])
async def test_what_takes_long_keeps_the_event_loop_only_where_it_is_not_said_to(
    database: Database, *, patient: bool
) -> None:
    async with database.snapshot() as work, ticking() as ticks:
        await asyncio.sleep(0)
        before = ticks[0]
        await work._connection.execute(_COUNTING, patient=patient)
        assert (ticks[0] > before) is patient
