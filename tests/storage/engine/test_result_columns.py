"""Rows of the direct path have the values and names of rows that SQLAlchemy fetches itself."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import Executable, Integer, func, literal, null, select, text, union_all

from storage.database import Database, make_engine
from storage.types import Instant

NOON = literal(datetime(2026, 6, 1, 12, tzinfo=UTC), Instant())

STATEMENTS: dict[str, Executable] = {
    "labelled": select(literal(1).label("number"), NOON.label("at")),
    "unlabelled": select(func.max(literal(1)), func.max(NOON)),
    "same name": select(NOON.label("at"), literal(1).label("at")),
    "keyword": select(literal(1).label("number"), NOON.label("from")),
    "null": select(null().cast(Instant()).label("at")),
    "union": union_all(
        select(literal(1).label("number"), NOON.label("at")), select(literal(2), NOON)
    ),
    "subquery": select(select(NOON.label("at")).subquery()),
    "text": text("SELECT 1, 'two'"),
    "text with columns": text("SELECT 1 AS number").columns(number=Integer()),
    "no row": select(NOON.label("at")).where(literal(1) == 2),
}


@pytest.mark.parametrize("statement", STATEMENTS.values(), ids=STATEMENTS)
async def test_values_are_converted_as_sqlalchemy_converts_them(
    database: Database, statement: Executable
) -> None:
    engine = make_engine(database.url, write=False)
    async with engine.connect() as connection:
        expected = (await connection.execute(statement)).all()
    await engine.dispose()
    async with database.snapshot() as uow:
        # The first statement of a transaction begins it on PostgreSQL.
        fetched = [await uow.connection.execute(statement) for _ in range(2)]

    assert [[tuple(row) for row in each] for each in fetched] == [
        [tuple(row) for row in expected]
    ] * 2


async def test_labelled_values_have_names(database: Database) -> None:
    async with database.snapshot() as uow:
        row = (await uow.connection.execute(STATEMENTS["labelled"])).one()

    assert (row.number, row.at) == (1, datetime(2026, 6, 1, 12, tzinfo=UTC))


@pytest.mark.engines("sqlite")
async def test_a_closed_snapshot_ends_its_transaction(database: Database) -> None:
    """Otherwise a connection that is used again would show what it read before."""
    for number in range(12):
        async with database.transaction() as uow:
            await uow.connection.execute(
                text("INSERT INTO processed_update (update_id, processed_at) VALUES (:n, 0)"),
                {"n": number},
            )
        async with database.snapshot() as uow:
            count = await uow.connection.scalar(text("SELECT count(*) FROM processed_update"))
        assert count == number + 1
