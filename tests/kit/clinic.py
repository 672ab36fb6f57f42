"""A small clinic: providers with open hours and the clients who book there."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import insert

from domain import errors
from domain.choice import SlotChoice
from domain.person import Contact
from domain.policy import BookingPolicy
from domain.ports import UnitOfWork
from domain.provider import Provider, Role
from domain.reservation import Reservation
from domain.timespan import TimeSpan
from domain.usecases.acting import own_provider
from domain.usecases.choose_settings import choose_zone
from domain.usecases.hold_slot import hold_slot
from storage.database import Database
from storage.tables import person
from storage.unit_of_work import SqlUnitOfWork
from tests.kit.bot import BotHarness
from tests.kit.cells import QUARTER, cell_of
from tests.kit.chat import ChatUser

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
# 9:00 UTC two days later, and the end of the open hours.
OPENING = cell_of(datetime(2026, 6, 3, 9, tzinfo=UTC))
CLOSING = OPENING + 32 * QUARTER
HOURS = TimeSpan(OPENING, CLOSING)

BERLIN = ZoneInfo("Europe/Berlin")
POLICY = BookingPolicy()
# A statement is compiled once for each object, so this is made once.
ADD_PERSON = insert(person)
SECOND = timedelta(seconds=1)

# The numbers of people: clients, and the two who are providers.
ALICE, BOB, CARA = 101, 102, 103
DORA, EMIL = 901, 902


def account_of(number: int) -> int:
    """Return the Telegram user id of a person in the clinic, which is never their number."""
    return 7_000_000 + number


async def add_people(uow: SqlUnitOfWork, *numbers: int) -> None:
    """Add people with these numbers."""
    for number in numbers:
        row = {
            "id": number,
            "telegram_id": account_of(number),
            "name": f"Person {number}",
            "first_seen_at": NOW,
        }
        await uow.connection.execute(ADD_PERSON, row)


async def add_self(
    uow: UnitOfWork, number: int, name: str, slug: str, now: datetime = NOW
) -> Provider:
    """Make a person a provider."""
    provider = await uow.providers.add(name, slug, None, now)
    await uow.providers.appoint(number, provider.id, Role.SELF, now)
    return provider


async def open_clinic(
    uow: SqlUnitOfWork, *, clients: Sequence[int] = (ALICE, BOB, CARA), hours: TimeSpan = HOURS
) -> tuple[Provider, Provider]:
    """Add the clients and two providers, Dora and Emil, with the same open hours."""
    await add_people(uow, *clients, DORA, EMIL)
    dora = await add_self(uow, DORA, "Dora", "dora")
    emil = await add_self(uow, EMIL, "Emil", "emil")
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


def in_berlin(day: int, hour: int, minute: int = 0, *, month: int = 11) -> int:
    """Return the cell that begins at a Berlin time in 2026, in November by default."""
    return cell_of(datetime(2026, month, day, hour, minute, tzinfo=BERLIN))


async def live_in(user: ChatUser, zone: str) -> None:
    """Let a person choose a time zone, written to the database directly."""
    number = await user.number()
    async with user.bot.app.database.transaction() as uow:
        await choose_zone(uow, number, zone)


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
    hours = [TimeSpan(in_berlin(day, 9), in_berlin(day, 12)) for day in days]
    async with bot.app.database.transaction() as uow:
        someone = await uow.people.record_contact(Contact(provider.id, name), bot.now)
        added = await add_self(uow, someone.id, name, name.lower(), bot.now)
        if zone:
            await choose_zone(uow, someone.id, zone)
        await uow.availability.replace(added.id, [], hours)
    return provider


async def add_assistant(provider: ChatUser, assistant: ChatUser) -> None:
    """Let a person assist a provider, written to the database directly."""
    provider_number, number = await provider.number(), await assistant.number()
    async with provider.bot.app.database.transaction() as uow:
        own = await own_provider(uow, provider_number)
        assert own is not None
        await uow.providers.appoint(number, own.id, Role.ASSISTANT, provider.bot.now)
