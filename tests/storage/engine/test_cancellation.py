"""Whoever is cancelled in the middle of a transaction leaves no connection behind that fails the next one."""

import asyncio
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text

from domain.client import Contact
from domain.ports import DatabaseAway
from storage.database import Database, make_engine
from storage.engine.driver import adapter_of
from storage.engine.write_lock import WriteLock
from tests.kit.clinic import NOW
from tests.kit.raw_database import rows


async def says_hello(database: Database, person: int) -> None:
    async with database.transaction() as work:
        await work.clients.record_contact(Contact(person, "Somebody"), NOW)


def known(database: Database) -> set[int]:
    return {number for (number,) in rows(database.url, "SELECT id FROM client")}


async def test_what_comes_after_somebody_was_cancelled_is_kept(database: Database) -> None:
    outcomes = set()
    for rounds in range(0, 400, 4):
        given_up = asyncio.create_task(says_hello(database, 100 + rounds))
        for _ in range(rounds):
            await asyncio.sleep(0)
        given_up.cancel()
        await asyncio.gather(given_up, return_exceptions=True)
        outcomes.add(given_up.cancelled())
        await asyncio.gather(*(says_hello(database, 1000 + rounds + person) for person in range(4)))
        if not given_up.cancelled():
            break

    assert outcomes == {True, False}
    assert known(database) >= set(range(1000, 1000 + rounds + 4))


@pytest.mark.engines("postgresql")
@pytest.mark.parametrize("place", ["transaction.Transaction.start", "Connection.fetch"])
async def test_nobody_has_a_connection_on_which_somebody_was_cancelled(
    database: Database, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    await says_hello(database, 1)
    *path, name = place.split(".")
    owner: Any = asyncpg
    for part in path:
        owner = getattr(owner, part)
    theirs, reached = getattr(owner, name), asyncio.Event()

    async def watched(*args: Any, **more: Any) -> Any:
        reached.set()
        return await theirs(*args, **more)

    monkeypatch.setattr(owner, name, watched)
    given_up = asyncio.create_task(says_hello(database, 2))
    await reached.wait()
    given_up.cancel()
    await asyncio.gather(given_up, return_exceptions=True)
    await says_hello(database, 3)

    assert given_up.cancelled()
    assert known(database) == {1, 3}


@pytest.mark.engines("sqlite")
async def test_a_savepoint_in_which_somebody_is_cancelled_is_undone_with_all_of_the_transaction(
    database: Database,
) -> None:
    reached = asyncio.Event()

    async def stays() -> None:
        async with database.transaction() as work:
            await work.clients.record_contact(Contact(1, "Somebody"), NOW)
            async with work.savepoint():
                await work.clients.record_contact(Contact(2, "Somebody"), NOW)
                reached.set()
                await asyncio.Event().wait()

    given_up = asyncio.create_task(stays())
    await reached.wait()
    given_up.cancel()
    await asyncio.gather(given_up, return_exceptions=True)
    await says_hello(database, 3)

    assert known(database) == {3}


@pytest.mark.engines("sqlite")
async def test_nobody_waits_for_ever_for_his_turn_to_write(database: Database) -> None:
    database._write_lock = WriteLock(database._writer, turn_seconds=0.05)
    async with database.transaction():
        with pytest.raises(DatabaseAway, match="no connection is free"):
            await says_hello(database, 1)
    await says_hello(database, 2)

    assert known(database) == {2}


@pytest.mark.engines("sqlite")
async def test_why_a_transaction_was_undone_is_told_where_undoing_it_fails_as_well(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    engine = make_engine(database_url, write=True)
    writer = WriteLock(engine)

    async def fails() -> None:
        async with writer.transaction() as connection:
            await connection.execute(
                text("INSERT INTO worked_update (update_id, worked_at) VALUES (1, 0)")
            )
            # Neither this nor what comes after it can be undone over a connection that is closed.
            await adapter_of(connection).driver_connection.close()
            raise ValueError("for a reason of its own")

    with pytest.raises(ValueError, match="for a reason of its own"):
        await fails()
    async with writer.transaction() as connection:
        assert (
            await connection.execute(text("SELECT count(*) FROM worked_update"))
        ).scalar_one() == 0
    await writer.close()
    await engine.dispose()

    assert "could not be undone" in caplog.text
