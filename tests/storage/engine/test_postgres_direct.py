"""Each statement of a PostgreSQL transaction behaves alike, whether it begins it or goes direct."""

import traceback
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from domain.failures import AlreadyThere, DatabaseAway
from domain.person import Contact
from storage.database import Database, make_engine
from storage.engine.executor import Values
from storage.unit_of_work import SqlUnitOfWork
from tests.kit.clinic import NOW
from tests.kit.raw_database import run_sql
from tests.storage.engine.test_unavailable import accounts, greet, terminate_connections

pytestmark = pytest.mark.engines("postgresql")

INSERT = text("INSERT INTO person (telegram_id, name, first_seen_at) VALUES (:id, :name, now())")


@pytest.fixture(params=[0, 1, 2], ids=["first", "second", "third"])
def earlier(request: pytest.FixtureRequest) -> int:
    """How many statements the transaction has executed before."""
    count: int = request.param
    return count


async def execute_earlier(uow: SqlUnitOfWork, earlier: int) -> None:
    for number in range(earlier):
        await uow.connection.execute(
            text(f"{INSERT.text} ON CONFLICT DO NOTHING"), {"id": 1000 + number, "name": "Earlier"}
        )


async def execute(
    database: Database, earlier: int, statement: str, values: Values = None
) -> Sequence[Any]:
    """Execute a statement after earlier ones in a transaction, and return its rows."""
    async with database.transaction() as uow:
        await execute_earlier(uow, earlier)
        return (await uow.connection.execute(text(statement), values)).rows


async def process_id(database: Database) -> int:
    """Return the id of the server process of the connection that is used next."""
    [[found]] = await execute(database, 0, "SELECT pg_backend_pid()")
    number: int = found
    return number


async def test_a_unique_violation_is_translated_without_the_row(
    database: Database, earlier: int
) -> None:
    await greet(database, 1)
    # A variable, because a traceback quotes the line that raises.
    person = {"id": 1, "name": "Alice"}

    with pytest.raises(AlreadyThere) as caught:
        await execute(database, earlier, INSERT.text, person)

    assert isinstance(caught.value.__cause__, IntegrityError)
    lines = "".join(traceback.format_exception(caught.value))
    assert "duplicate key" in lines
    assert "DETAIL" not in lines
    assert "Alice" not in lines
    assert accounts(database.url) == [1]


@pytest.mark.parametrize(
    ("statement", "values"),
    [
        ("SELECT CAST(:n AS bigint)", {"n": "ten"}),
        ("SELECT nothing", None),
        ("SELECT 1 / 0", None),
        ("INSERT INTO person (telegram_id) VALUES (1)", None),
        ("DO $$ BEGIN RAISE 'refused' USING ERRCODE = 'internal_error'; END $$", None),
    ],
)
async def test_a_refused_statement_raises_what_sqlalchemy_raises_and_keeps_the_connection(
    database: Database, earlier: int, statement: str, values: dict[str, Any] | None
) -> None:
    engine = make_engine(database.url, write=True)
    async with engine.connect() as connection:
        with pytest.raises(DBAPIError) as expected:
            await connection.execute(text(statement), values)
    await engine.dispose()
    before = await process_id(database)

    with pytest.raises(DBAPIError) as raised:
        await execute(database, earlier, statement, values)

    assert type(raised.value) is type(expected.value)
    assert await process_id(database) == before
    assert accounts(database.url) == []


async def test_several_rows_are_written_by_any_statement(database: Database, earlier: int) -> None:
    people = [{"id": 1, "name": "A"}, {"id": 2, "name": "B"}]

    assert not await execute(database, earlier, INSERT.text, people)
    assert accounts(database.url) == [1, 2, *range(1000, 1000 + earlier)]


async def test_all_statements_are_in_one_transaction(database: Database) -> None:
    current = text("SELECT pg_current_xact_id()::text")
    async with database.transaction() as uow:
        numbers = {await uow.connection.scalar(current) for _ in range(3)}
    async with database.transaction() as uow:
        assert await uow.connection.scalar(current) not in numbers

    assert len(numbers) == 1


async def test_a_lost_connection_empties_the_pool(database: Database, earlier: int) -> None:
    async with AsyncExitStack() as transactions:
        for number in range(3):
            uow = await transactions.enter_async_context(database.transaction())
            await uow.people.record_contact(Contact(number, "Person"), NOW)

    async def write_and_disconnect(uow: SqlUnitOfWork) -> None:
        await execute_earlier(uow, earlier)
        terminate_connections(database.url)
        await uow.connection.execute(text("SELECT 1"))

    with pytest.raises(DatabaseAway):
        await database.write(write_and_disconnect)

    for number in range(3, 6):
        await greet(database, number)
    assert accounts(database.url) == [*range(6)]


@pytest.mark.changes_schema
async def test_after_a_migration_changed_a_type_at_most_one_transaction_fails(
    database: Database, earlier: int
) -> None:
    run_sql(database.url, "CREATE TABLE sample AS SELECT 1 AS number")
    sample = "SELECT number FROM sample"
    assert [*await execute(database, earlier, sample)] == [(1,)]
    run_sql(database.url, "ALTER TABLE sample ALTER COLUMN number TYPE text")

    with suppress(DatabaseAway):
        await execute(database, earlier, sample)
    assert [*await execute(database, earlier, sample)] == [("1",)]
