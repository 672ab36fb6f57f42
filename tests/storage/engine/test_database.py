"""What the engines keep to, whatever is done with them."""

import traceback
from datetime import UTC, datetime

import pytest
from sqlalchemy.exc import IntegrityError

from domain.client import Contact
from storage.database import Database
from tests.kit.raw_database import changes

NOW = datetime(2026, 11, 23, tzinfo=UTC)
REFUSED = {
    "sqlite": "CREATE TRIGGER refused BEFORE INSERT ON client BEGIN SELECT raise(ABORT, 'disk full'); END",
    # PostgreSQL adds to its message, as a detail, the whole row that it refuses.
    "postgresql": 'ALTER TABLE client ADD CONSTRAINT "disk full" CHECK (id > 1)',
}


@pytest.mark.changes_schema
async def test_an_error_of_the_database_names_nobody(database: Database, engine: str) -> None:
    changes(database.url, REFUSED[engine])
    person = Contact(1, "Alice")

    with pytest.raises(IntegrityError, match="disk full") as caught:
        async with database.transaction() as uow:
            await uow.clients.record_contact(person, NOW)

    # A log has all of it, down to what the driver raised.
    assert "Alice" not in "".join(traceback.format_exception(caught.value))
