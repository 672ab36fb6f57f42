"""A small venue: providers with posted hours, clients who book there, and a look into the database that shares no code with storage."""

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from domain import errors
from domain.client import Contact
from domain.policy import BookingPolicy
from domain.ports import UnitOfWork
from domain.provider import Provider
from domain.reservation import Reservation
from domain.timespan import TimeSpan
from domain.usecases.hold_slot import SlotChoice, hold_slot
from storage.database import Database
from tests.kit.postgres import execute, fetch

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
# Nine o'clock two days later, and the end of the hours posted from there.
OPENING = int(datetime(2026, 6, 3, 9, tzinfo=UTC).timestamp()) // 900
CLOSING = OPENING + 32
HOURS = TimeSpan(OPENING, CLOSING)

BERLIN = ZoneInfo("Europe/Berlin")
POLICY = BookingPolicy()
SECOND = timedelta(seconds=1)

ALICE, BOB, CARA = 101, 102, 103
# The Telegram user ids of the providers.
DORA, EMIL = 901, 902


async def open_venue(
    uow: UnitOfWork, *, clients: Sequence[int] = (ALICE, BOB, CARA), hours: TimeSpan = HOURS
) -> tuple[Provider, Provider]:
    """Let everybody say hello once, make two of them providers, and post the same hours for both."""
    for person in (*clients, DORA, EMIL):
        await uow.clients.record_contact(Contact(person, f"Person {person}"), NOW)
    dora = await uow.providers.add(DORA, "Dora", "dora", NOW)
    emil = await uow.providers.add(EMIL, "Emil", "emil", NOW)
    for provider in (dora, emil):
        await uow.availability.replace(provider.id, [], [hours])
    return dora, emil


async def hold(
    database: Database,
    client: int,
    provider: Provider,
    start: int,
    now: datetime = NOW,
    *,
    moving: int | None = None,
) -> Reservation:
    """Hold a slot in a transaction of its own."""
    async with database.transaction() as uow:
        return await hold_slot(uow, POLICY, SlotChoice(client, provider.id, start, moving), now)


async def refusal_of(
    database: Database, client: int, provider: Provider, start: int, now: datetime = NOW
) -> type[errors.Refusal] | None:
    """Try to hold a slot and tell how that was refused, if it was; nothing is kept of a refused one."""
    try:
        await hold(database, client, provider, start, now)
    except errors.Refusal as refused:
        return type(refused)
    return None


def rows(url: str, sql: str) -> list[Any]:
    """Read the database as it is, with the driver alone; instants are microseconds since 1970 whichever it is."""
    if url.startswith("postgresql:"):
        return [
            tuple(micros(value) if isinstance(value, datetime) else value for value in row)
            for row in fetch(url, sql)
        ]
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        return connection.execute(sql).fetchall()


def changes(url: str, sql: str) -> None:
    """Change the database behind everybody's back; foreign keys are not checked."""
    if url.startswith("postgresql:"):
        execute(url, f"SET LOCAL session_replication_role = replica; {sql}")
        return
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection, connection:
        connection.executescript(sql)


def refuses_rows(url: str, table: str) -> None:
    """Have a database refuse each new row of a table, by an error that is none of a lost connection or a full disk."""
    if url.startswith("postgresql:"):
        body = "$$ BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = '22000'; END $$"
        execute(
            url,
            f"CREATE FUNCTION refuses() RETURNS trigger LANGUAGE plpgsql AS {body}",
            f"CREATE TRIGGER refuses BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION refuses()",
        )
    else:
        changes(
            url,
            f"CREATE TRIGGER refuses BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'refused'); END",
        )


async def until(url: str, sql: str) -> None:
    """Wait until a query finds something."""
    async with asyncio.timeout(30):
        while not rows(url, sql):  # noqa: ASYNC110  (a database rings no bell)
            await asyncio.sleep(0.01)


def literal(url: str, moment: datetime) -> str:
    """Return an instant as it is written in SQL."""
    return (
        f"'{moment.isoformat()}'::timestamptz"
        if url.startswith("postgresql:")
        else str(micros(moment))
    )


def everything(url: str) -> dict[str, list[Any]]:
    """Return all rows of all tables: two states are the same where these are."""
    postgres = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
    sqlite = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
    names = [name for (name,) in rows(url, postgres if url.startswith("postgresql:") else sqlite)]
    return {name: sorted(rows(url, f"SELECT * FROM {name}"), key=repr) for name in names}


def micros(moment: datetime) -> int:
    """Return an instant as the file keeps it."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
