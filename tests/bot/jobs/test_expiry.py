"""Overdue holds expire in batches, each once, by as many workers as the database supports."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from bot.jobs.expiry import expire_overdue_holds
from domain.failures import DatabaseAway
from storage.database import Database, Result
from storage.unit_of_work import SqlUnitOfWork
from tests.kit.cells import QUARTER
from tests.kit.clinic import ALICE, BOB, CARA, NOW, OPENING, POLICY, hold, open_clinic
from tests.kit.raw_database import rows

OVER = NOW + timedelta(minutes=31)


@pytest.fixture(autouse=True)
async def holds(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.jobs.expiry.BATCH", 2)
    async with database.transaction() as uow:
        dora, _ = await open_clinic(uow)
    for number in range(9):
        await hold(database, (ALICE, BOB, CARA)[number % 3], dora, OPENING + number * QUARTER)


def expiries(database: Database) -> list[tuple[str, int]]:
    return rows(
        database.url,
        "SELECT status, (SELECT count(*) FROM outbox"
        " WHERE subject_id = reservation.id AND kind = 'hold_expired') FROM reservation",
    )


async def test_all_holds_expire_and_are_notified_once_in_any_number_of_batches(
    database: Database,
) -> None:
    await expire_overdue_holds(database, POLICY, lambda: OVER)

    assert expiries(database) == [("expired", 1)] * 9
    assert rows(database.url, "SELECT count(*) FROM busy") == [(0,)]


async def test_a_failed_batch_raises_and_leaves_the_rest_for_the_next_run(
    database: Database,
) -> None:
    writes = Failing(database)
    with pytest.raises(DatabaseAway):
        await expire_overdue_holds(writes, POLICY, lambda: OVER)
    before = sorted(expiries(database))
    await expire_overdue_holds(database, POLICY, lambda: OVER)

    assert ("held", 0) in before
    assert ("expired", 1) in before
    assert expiries(database) == [("expired", 1)] * 9


class Failing:
    """A database that is unavailable from the second transaction on."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._writes = 0
        self.max_concurrent_writes = database.max_concurrent_writes

    async def write(self, do: Callable[[SqlUnitOfWork], Awaitable[Result]]) -> Result:
        self._writes += 1
        if self._writes > 1:
            raise DatabaseAway("gone")
        return await self._database.write(do)
