"""Incidents are counted by kind, and one replica takes them at most once an hour."""

import asyncio
from datetime import timedelta

from domain.operations.incident import Incident, IncidentKind
from storage.database import Database
from tests.kit.clinic import NOW, SECOND

HOUR = timedelta(hours=1)


async def note(database: Database, kind: IncidentKind, error: str) -> None:
    async with database.transaction() as uow:
        await uow.incidents.note(kind, error, NOW)


async def take(database: Database, after: timedelta = timedelta()) -> list[Incident]:
    async with database.transaction() as uow:
        return list(await uow.incidents.take(NOW + after, NOW + after - HOUR))


async def test_incidents_are_counted_by_kind_with_the_last_error(database: Database) -> None:
    for error in ("KeyError", "ValueError"):
        await note(database, IncidentKind.UPDATE_SET_ASIDE, error)
    await note(database, IncidentKind.JOB_FAILED, "OSError")

    assert await take(database) == [
        Incident(IncidentKind.JOB_FAILED, 1, "OSError"),
        Incident(IncidentKind.UPDATE_SET_ASIDE, 2, "ValueError"),
    ]


async def test_later_incidents_wait_for_an_hour_after_the_last_summary(database: Database) -> None:
    await note(database, IncidentKind.JOB_FAILED, "OSError")
    assert len(await take(database)) == 1
    await note(database, IncidentKind.JOB_FAILED, "OSError")

    # A replica that checked before the other one took them would try now.
    assert await take(database) == []
    assert await take(database, HOUR - SECOND) == []
    assert len(await take(database, HOUR)) == 1


async def test_of_many_who_take_at_once_one_gets_them(database: Database) -> None:
    await note(database, IncidentKind.JOB_FAILED, "OSError")
    taken = await asyncio.gather(*(take(database) for _ in range(10)))

    assert sum(map(len, taken)) == 1
