"""An unreachable PostgreSQL server raises DatabaseAway, loses no commit and may come back."""

import socket
from contextlib import AsyncExitStack

import pytest
from sqlalchemy import text

from domain.failures import DatabaseAway
from domain.person import Contact
from storage.database import Database
from storage.engine.sqlite_file import DatabaseUnusable
from storage.maintenance.migrate import migrate
from storage.unit_of_work import SqlUnitOfWork
from tests.kit.clinic import ALICE, BOB, NOW
from tests.kit.postgres import url_of_database
from tests.kit.raw_database import rows
from tests.kit.waiting import until

pytestmark = pytest.mark.engines("postgresql")

SLEEPING = (
    "SELECT pid FROM pg_stat_activity WHERE state = 'active' AND wait_event = 'PgSleep'"
    " AND datname = current_database()"
)


def terminate_connections(url: str) -> None:
    """Terminate all connections of the program under test."""
    ours = "application_name = 'slotkeeper' AND datname = current_database()"
    assert rows(url, f"SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE {ours}")


async def greet(database: Database, number: int) -> None:
    async with database.transaction() as uow:
        await uow.people.record_contact(Contact(number, "Person"), NOW)


def accounts(url: str) -> list[int]:
    found = rows(url, "SELECT telegram_id FROM person ORDER BY telegram_id")
    return [number for (number,) in found]


async def test_a_disconnected_transaction_is_rolled_back_and_the_next_one_commits(
    database: Database,
) -> None:
    async def write_and_disconnect(uow: SqlUnitOfWork) -> None:
        await uow.people.record_contact(Contact(ALICE, "Alice"), NOW)
        terminate_connections(database.url)
        await uow.people.record_contact(Contact(BOB, "Bob"), NOW)

    with pytest.raises(DatabaseAway):
        await database.write(write_and_disconnect)

    await greet(database, BOB)
    assert accounts(database.url) == [BOB]


async def test_a_transaction_disconnected_before_its_commit_is_rolled_back(
    database: Database,
) -> None:
    async def write_and_disconnect(uow: SqlUnitOfWork) -> None:
        await uow.people.record_contact(Contact(ALICE, "Alice"), NOW)
        terminate_connections(database.url)

    with pytest.raises(DatabaseAway):
        await database.write(write_and_disconnect)

    await greet(database, BOB)
    assert accounts(database.url) == [BOB]


async def test_a_disconnected_snapshot_raises_and_the_next_one_works(database: Database) -> None:
    async def read(*, disconnect: bool) -> object:
        async with database.snapshot() as uow:
            await uow.queries.person(ALICE)
            if disconnect:
                terminate_connections(database.url)
            return await uow.queries.person(ALICE)

    with pytest.raises(DatabaseAway):
        await read(disconnect=True)
    assert await read(disconnect=False) is None


async def test_after_all_idle_connections_are_cut_at_most_one_transaction_fails(
    database: Database,
) -> None:
    async with AsyncExitStack() as transactions:
        for number in range(2):
            uow = await transactions.enter_async_context(database.transaction())
            await uow.people.record_contact(Contact(number, "Person"), NOW)
    terminate_connections(database.url)

    lost = 0
    for number in range(2, 6):
        try:
            await greet(database, number)
        except DatabaseAway:
            lost += 1

    assert lost <= 1
    assert len(accounts(database.url)) == 6 - lost


@pytest.fixture
def closed_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_an_unreachable_server_is_reported_in_one_sentence_without_the_password(
    closed_port: int,
) -> None:
    with pytest.raises(DatabaseAway) as caught:
        await migrate(f"postgresql://dora:open%20sesame@127.0.0.1:{closed_port}/slots")

    assert str(caught.value).startswith("DATABASE_URL: the PostgreSQL server cannot be used: ")
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)
    assert not any(secret in str(caught.value) for secret in ("sesame", "dora"))


async def test_an_unreachable_server_fails_transactions_and_snapshots(closed_port: int) -> None:
    database = Database(f"postgresql://dora:secret@127.0.0.1:{closed_port}/slots")

    with pytest.raises(DatabaseAway):
        await greet(database, ALICE)
    with pytest.raises(DatabaseAway):
        async with database.snapshot():
            pytest.fail("the server is unreachable")
    await database.close()


async def test_a_missing_database_is_reported_by_name(postgres_server: str) -> None:
    with pytest.raises(
        DatabaseUnusable, match=r'cannot be used: database "nowhere" does not exist\.$'
    ):
        await migrate(url_of_database(postgres_server, "nowhere"))


@pytest.mark.parametrize("begun", [False, True])
async def test_a_server_that_does_not_answer_is_unavailable_and_gets_a_new_connection(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, *, begun: bool
) -> None:
    monkeypatch.setattr("storage.engine.postgres.ANSWER_SECONDS", 0.3)
    database = Database(postgres_url)

    async def write_and_wait(uow: SqlUnitOfWork) -> None:
        if begun:
            await uow.people.record_contact(Contact(BOB, "Bob"), NOW)
        await uow.connection.execute(text("SELECT pg_sleep(20)"))

    with pytest.raises(DatabaseAway, match="no answer"):
        await database.write(write_and_wait)

    await greet(database, ALICE)
    assert accounts(postgres_url) == [ALICE]
    # The server does not hold the locks of the lost transaction until the statement ends.
    await until(lambda: not rows(postgres_url, SLEEPING), within=10)
    await database.close()
