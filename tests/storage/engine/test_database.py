"""What all engines guarantee."""

import traceback
from datetime import UTC, datetime

import pytest
from sqlalchemy.exc import IntegrityError

from domain.person import Contact
from storage.database import Database
from tests.kit.raw_database import run_sql

NOW = datetime(2026, 11, 23, tzinfo=UTC)
REFUSED = {
    "sqlite": "CREATE TRIGGER refused BEFORE INSERT ON person"
    " BEGIN SELECT raise(ABORT, 'disk full'); END",
    # PostgreSQL adds the rejected row to the error as its detail.
    "postgresql": 'ALTER TABLE person ADD CONSTRAINT "disk full" CHECK (telegram_id > 1)',
}


@pytest.mark.changes_schema
async def test_a_database_error_contains_no_personal_data(database: Database, engine: str) -> None:
    run_sql(database.url, REFUSED[engine])
    person = Contact(1, "Alice")

    with pytest.raises(IntegrityError, match="disk full") as caught:
        async with database.transaction() as uow:
            await uow.people.record_contact(person, NOW)

    # A log contains the whole traceback, including the driver's error.
    assert "Alice" not in "".join(traceback.format_exception(caught.value))
