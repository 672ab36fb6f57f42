"""A small clinic: providers with open hours and the clients who book there."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from domain import errors
from domain.choice import SlotChoice
from domain.client import Contact
from domain.policy import BookingPolicy
from domain.ports import UnitOfWork
from domain.provider import Provider
from domain.reservation import Reservation
from domain.timespan import TimeSpan
from domain.usecases.hold_slot import hold_slot
from storage.database import Database
from tests.kit.bot import BotHarness
from tests.kit.chat import ChatUser

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
# 9:00 UTC two days later, and the end of the open hours.
OPENING = int(datetime(2026, 6, 3, 9, tzinfo=UTC).timestamp()) // 900
CLOSING = OPENING + 32
HOURS = TimeSpan(OPENING, CLOSING)

BERLIN = ZoneInfo("Europe/Berlin")
POLICY = BookingPolicy()
SECOND = timedelta(seconds=1)

ALICE, BOB, CARA = 101, 102, 103
# The Telegram user ids of the providers.
DORA, EMIL = 901, 902


async def open_clinic(
    uow: UnitOfWork, *, clients: Sequence[int] = (ALICE, BOB, CARA), hours: TimeSpan = HOURS
) -> tuple[Provider, Provider]:
    """Add the clients and two providers, Dora and Emil, with the same open hours."""
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
        return await hold_slot(uow, POLICY, client, SlotChoice(provider.id, start, moving), now)


async def refusal_of(
    database: Database, client: int, provider: Provider, start: int, now: datetime = NOW
) -> type[errors.Refusal] | None:
    """Try to hold a slot; return the class of the refusal, or None. A refusal is rolled back."""
    try:
        await hold(database, client, provider, start, now)
    except errors.Refusal as refused:
        return type(refused)
    return None


def quarter(day: int, hour: int, minute: int = 0, *, month: int = 11) -> int:
    """Return the cell that begins at a Berlin time in 2026, in November by default."""
    return int(datetime(2026, month, day, hour, minute, tzinfo=BERLIN).timestamp()) // 900


async def add_provider(
    bot: BotHarness,
    name: str = "Dora",
    *,
    days: tuple[int, ...] = (25,),
    zone: str | None = None,
    **details: str,
) -> ChatUser:
    """Add a provider who works from 9:00 to 12:00 on these days of November 2026.

    They are written to the database directly. ``zone`` is the time zone they chose, if any.
    """
    provider = bot.joins(name, **details)
    provider.person.sends("/agenda")
    bot.simulator.take_updates()
    hours = [TimeSpan(quarter(day, 9), quarter(day, 12)) for day in days]
    async with bot.app.database.transaction() as uow:
        await uow.clients.record_contact(Contact(provider.id, name), bot.now)
        if zone:
            await uow.clients.choose_zone(provider.id, zone)
        added = await uow.providers.add(provider.id, name, name.lower(), bot.now)
        await uow.availability.replace(added.id, [], hours)
    return provider
