"""Incidents are counted by kind, and taken at most once an hour by whoever comes first."""

import asyncio
from datetime import timedelta

from domain.operations.incident import Incident, Trouble
from storage.database import Database
from tests.kit.clinic import NOW, SECOND

HOUR = timedelta(hours=1)


async def notes(database: Database, kind: Trouble, error: str) -> None:
    async with database.transaction() as work:
        await work.incidents.note(kind, error, NOW)


async def takes(database: Database, after: timedelta = timedelta()) -> list[Incident]:
    async with database.transaction() as work:
        return list(await work.incidents.take(NOW + after, NOW + after - HOUR))


async def test_each_kind_is_counted_and_the_last_error_kept(database: Database) -> None:
    for error in ("KeyError", "ValueError"):
        await notes(database, Trouble.UPDATE_SET_ASIDE, error)
    await notes(database, Trouble.JOB_FAILED, "OSError")

    assert await takes(database) == [
        Incident(Trouble.JOB_FAILED, 1, "OSError"),
        Incident(Trouble.UPDATE_SET_ASIDE, 2, "ValueError"),
    ]


async def test_what_came_since_waits_for_its_hour_whoever_asks(database: Database) -> None:
    await notes(database, Trouble.JOB_FAILED, "OSError")
    assert len(await takes(database)) == 1
    await notes(database, Trouble.JOB_FAILED, "OSError")

    # A replica that looked before the other one took them would come now.
    assert await takes(database) == []
    assert await takes(database, HOUR - SECOND) == []
    assert len(await takes(database, HOUR)) == 1


async def test_of_many_who_take_at_once_one_gets_them(database: Database) -> None:
    await notes(database, Trouble.JOB_FAILED, "OSError")
    taken = await asyncio.gather(*(takes(database) for _ in range(10)))

    assert sum(map(len, taken)) == 1
