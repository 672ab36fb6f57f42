"""A task cancelled inside a transaction must not leave a connection that fails the next one."""

import asyncio
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text

from domain.failures import DatabaseAway
from domain.person import Contact
from storage.database import Database, make_engine
from storage.engine.sqlite_direct import sqlite_connection
from storage.engine.write_lock import WriteLock
from tests.kit.clinic import NOW
from tests.kit.raw_database import rows


async def greet(database: Database, person: int) -> None:
    async with database.transaction() as uow:
        await uow.people.record_contact(Contact(person, "Person"), NOW)


def accounts(database: Database) -> set[int]:
    return {number for (number,) in rows(database.url, "SELECT telegram_id FROM person")}


async def test_transactions_after_a_cancelled_one_are_committed(database: Database) -> None:
    outcomes = set()
    for rounds in range(0, 400, 4):
        cancelled = asyncio.create_task(greet(database, 100 + rounds))
        for _ in range(rounds):
            await asyncio.sleep(0)
        cancelled.cancel()
        await asyncio.gather(cancelled, return_exceptions=True)
        outcomes.add(cancelled.cancelled())
        await asyncio.gather(*(greet(database, 1000 + rounds + person) for person in range(4)))
        if not cancelled.cancelled():
            break

    assert outcomes == {True, False}
    assert accounts(database) >= set(range(1000, 1000 + rounds + 4))


@pytest.mark.engines("postgresql")
@pytest.mark.parametrize("place", ["transaction.Transaction.start", "Connection.fetch"])
async def test_a_connection_on_which_a_task_was_cancelled_is_not_reused(
    database: Database, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    await greet(database, 1)
    *path, name = place.split(".")
    owner: Any = asyncpg
    for part in path:
        owner = getattr(owner, part)
    original, reached = getattr(owner, name), asyncio.Event()

    async def watched(*args: Any, **more: Any) -> Any:
        reached.set()
        return await original(*args, **more)

    monkeypatch.setattr(owner, name, watched)
    cancelled = asyncio.create_task(greet(database, 2))
    await reached.wait()
    cancelled.cancel()
    await asyncio.gather(cancelled, return_exceptions=True)
    await greet(database, 3)

    assert cancelled.cancelled()
    assert accounts(database) == {1, 3}


@pytest.mark.engines("sqlite")
async def test_cancelling_inside_a_savepoint_rolls_back_the_whole_transaction(
    database: Database,
) -> None:
    reached = asyncio.Event()

    async def wait_in_savepoint() -> None:
        async with database.transaction() as uow:
            await uow.people.record_contact(Contact(1, "Person"), NOW)
            async with uow.savepoint():
                await uow.people.record_contact(Contact(2, "Person"), NOW)
                reached.set()
                await asyncio.Event().wait()

    cancelled = asyncio.create_task(wait_in_savepoint())
    await reached.wait()
    cancelled.cancel()
    await asyncio.gather(cancelled, return_exceptions=True)
    await greet(database, 3)

    assert accounts(database) == {3}


@pytest.mark.engines("sqlite")
async def test_waiting_for_the_write_lock_times_out(database_url: str) -> None:
    database = Database(database_url, write_timeout=0.05)
    async with database.transaction():
        with pytest.raises(DatabaseAway, match="no connection is free"):
            await greet(database, 1)
    await greet(database, 2)
    await database.close()

    assert accounts(database) == {2}


@pytest.mark.engines("sqlite")
async def test_a_failed_rollback_does_not_hide_its_cause(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    engine = make_engine(database_url, write=True)
    writer = WriteLock(engine)

    async def fails() -> None:
        async with writer.transaction() as connection:
            await connection.execute(
                text("INSERT INTO processed_update (update_id, processed_at) VALUES (1, 0)")
            )
            # The rollback fails on a closed connection.
            await sqlite_connection(connection).threaded.close()
            raise ValueError("the cause")

    with pytest.raises(ValueError, match="the cause"):
        await fails()
    async with writer.transaction() as connection:
        assert (
            await connection.execute(text("SELECT count(*) FROM processed_update"))
        ).scalar_one() == 0
    await writer.close()
    await engine.dispose()

    assert "rollback failed" in caplog.text
