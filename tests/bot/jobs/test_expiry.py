"""Overdue holds are ended in many batches, each once, by however many sweepers the database bears."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from bot.jobs.expiry import end_overdue_holds
from domain.ports import DatabaseAway
from storage.database import Database, Result
from storage.unit_of_work import SqlUnitOfWork
from tests.kit.clinic import ALICE, BOB, CARA, NOW, OPENING, POLICY, hold, open_clinic
from tests.kit.raw_database import rows

OVER = NOW + timedelta(minutes=31)


@pytest.fixture(autouse=True)
async def holds(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.jobs.expiry.BATCH", 2)
    async with database.transaction() as uow:
        dora, _ = await open_clinic(uow)
    for number in range(9):
        await hold(database, (ALICE, BOB, CARA)[number % 3], dora, OPENING + number)


def told(database: Database) -> list[tuple[str, int]]:
    return rows(
        database.url,
        "SELECT status, (SELECT count(*) FROM outbox WHERE reservation_id = reservation.id AND kind = 'hold_expired') FROM reservation",
    )


async def test_however_many_batches_it_takes_all_are_ended_and_told_of_once(
    database: Database,
) -> None:
    await end_overdue_holds(database, POLICY, lambda: OVER)

    assert told(database) == [("expired", 1)] * 9
    assert rows(database.url, "SELECT count(*) FROM busy") == [(0,)]


async def test_where_one_batch_fails_that_is_raised_and_the_rest_is_left_for_the_next_time(
    database: Database,
) -> None:
    writes = Failing(database)
    with pytest.raises(DatabaseAway):
        await end_overdue_holds(writes, POLICY, lambda: OVER)
    before = sorted(told(database))
    await end_overdue_holds(database, POLICY, lambda: OVER)

    assert ("held", 0) in before
    assert ("expired", 1) in before
    assert told(database) == [("expired", 1)] * 9


class Failing:
    """A database whose second transaction, and each that follows, finds it away."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._writes = 0
        self.max_concurrent_writes = database.max_concurrent_writes

    async def write(self, do: Callable[[SqlUnitOfWork], Awaitable[Result]]) -> Result:
        self._writes += 1
        if self._writes > 1:
            raise DatabaseAway("gone")
        return await self._database.write(do)
