"""What the engines keep to, whatever is done with them."""

from datetime import UTC, datetime

import pytest
from sqlalchemy.exc import IntegrityError

from domain.client import Contact
from storage.database import Database


async def test_an_error_of_the_database_names_nobody(database: Database) -> None:
    async with database.transaction() as uow:
        await uow._connection.exec_driver_sql("CREATE TRIGGER full BEFORE INSERT ON client BEGIN SELECT raise(ABORT, 'disk full'); END")

    with pytest.raises(IntegrityError, match="disk full") as caught:
        async with database.transaction() as uow:
            await uow.clients.seen(Contact(1, "Alice"), datetime(2026, 11, 23, tzinfo=UTC))

    assert "Alice" not in str(caught.value)
