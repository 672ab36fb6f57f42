"""A PostgreSQL server that is not there, or no longer: told as such, nothing kept by half, and all is well once it is back."""

import socket
from contextlib import AsyncExitStack

import pytest
from sqlalchemy import text

from domain.client import Contact
from domain.ports import DatabaseAway
from storage.database import Database
from storage.engine.sqlite_file import DatabaseUnusable
from storage.maintenance.migrate import migrate
from storage.unit_of_work import SqlUnitOfWork
from tests.kit.clinic import ALICE, BOB, NOW
from tests.kit.postgres import named
from tests.kit.raw_database import rows

pytestmark = pytest.mark.engines("postgresql")


def cut_all(url: str) -> None:
    """Cut all connections of the program under test."""
    ours = "application_name = 'slotkeeper' AND datname = current_database()"
    assert rows(url, f"SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE {ours}")


async def greet(database: Database, number: int) -> None:
    async with database.transaction() as uow:
        await uow.clients.record_contact(Contact(number, "Somebody"), NOW)


def known(url: str) -> list[int]:
    return [number for (number,) in rows(url, "SELECT id FROM client ORDER BY id")]


async def test_a_transaction_that_is_cut_off_keeps_nothing_and_the_next_one_works(
    database: Database,
) -> None:
    async def is_cut_off(uow: SqlUnitOfWork) -> None:
        await uow.clients.record_contact(Contact(ALICE, "Alice"), NOW)
        cut_all(database.url)
        await uow.clients.record_contact(Contact(BOB, "Bob"), NOW)

    with pytest.raises(DatabaseAway):
        await database.write(is_cut_off)

    await greet(database, BOB)
    assert known(database.url) == [BOB]


async def test_a_transaction_that_is_cut_off_before_its_commit_keeps_nothing(
    database: Database,
) -> None:
    async def is_cut_off(uow: SqlUnitOfWork) -> None:
        await uow.clients.record_contact(Contact(ALICE, "Alice"), NOW)
        cut_all(database.url)

    with pytest.raises(DatabaseAway):
        await database.write(is_cut_off)

    await greet(database, BOB)
    assert known(database.url) == [BOB]


async def test_a_look_that_is_cut_off_is_told_so_and_the_next_one_works(database: Database) -> None:
    async def looks(*, cut: bool) -> object:
        async with database.snapshot() as uow:
            await uow.clients.get(ALICE)
            if cut:
                cut_all(database.url)
            return await uow.clients.get(ALICE)

    with pytest.raises(DatabaseAway):
        await looks(cut=True)
    assert await looks(cut=False) is None


async def test_after_all_idle_connections_were_cut_one_transaction_at_most_is_lost(
    database: Database,
) -> None:
    async with AsyncExitStack() as open_at_once:
        for number in range(2):
            work = await open_at_once.enter_async_context(database.transaction())
            await work.clients.record_contact(Contact(number, "Somebody"), NOW)
    cut_all(database.url)

    lost = 0
    for number in range(2, 6):
        try:
            await greet(database, number)
        except DatabaseAway:
            lost += 1

    assert lost <= 1
    assert len(known(database.url)) == 6 - lost


@pytest.fixture
def deaf_port() -> int:
    """A port where nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_where_nothing_listens_that_is_told_in_a_sentence_without_the_password(
    deaf_port: int,
) -> None:
    with pytest.raises(DatabaseAway) as told:
        await migrate(f"postgresql://dora:open%20sesame@127.0.0.1:{deaf_port}/slots")

    assert str(told.value).startswith("DATABASE_URL: the PostgreSQL server cannot be used: ")
    assert str(told.value).endswith(".")
    assert "\n" not in str(told.value)
    assert not any(secret in str(told.value) for secret in ("sesame", "dora"))


async def test_where_nothing_listens_a_transaction_and_a_look_are_told_so(deaf_port: int) -> None:
    database = Database(f"postgresql://dora:secret@127.0.0.1:{deaf_port}/slots")

    with pytest.raises(DatabaseAway):
        await greet(database, ALICE)
    with pytest.raises(DatabaseAway):
        async with database.snapshot():
            pytest.fail("there is nothing to look at")
    await database.close()


async def test_a_database_that_the_server_does_not_have_is_told_by_name(
    postgres_server: str,
) -> None:
    with pytest.raises(
        DatabaseUnusable, match=r'cannot be used: database "nowhere" does not exist\.$'
    ):
        await migrate(named(postgres_server, "nowhere"))


async def test_a_server_that_gives_no_answer_in_time_is_away_and_asked_over_another_connection_next(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.engine.postgres._ANSWER_SECONDS", 0.3)
    database = Database(postgres_url)
    with pytest.raises(DatabaseAway, match="no answer"):
        async with database.transaction() as work:
            await work.clients._connection.execute(text("SELECT pg_sleep(20)"))

    await greet(database, ALICE)
    assert known(postgres_url) == [ALICE]
    await database.close()
