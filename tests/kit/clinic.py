"""A practice to write chats about: a provider with posted hours, put straight into the database, and bookings made by chat."""

from datetime import datetime
from zoneinfo import ZoneInfo

from domain.client import Contact
from domain.reservation import Reservation
from domain.timespan import TimeSpan
from tests.kit.bot import BotHarness, ChatUser

BERLIN = ZoneInfo("Europe/Berlin")


def quarter(day: int, hour: int, minute: int = 0, *, month: int = 11) -> int:
    """Return the cell that begins at a time of a day of November 2026, or of another month, in Berlin."""
    return int(datetime(2026, month, day, hour, minute, tzinfo=BERLIN).timestamp()) // 900


async def opens_clinic(
    bot: BotHarness,
    name: str = "Dora",
    *,
    days: tuple[int, ...] = (25,),
    zone: str | None = None,
    **details: str,
) -> ChatUser:
    """Let a provider join who works from nine to twelve on these days of November 2026, and has chosen this zone, if any."""
    provider = bot.joins(name, **details)
    provider.person.sends("/agenda")
    bot.simulator.take_updates()
    async with bot.app.database.transaction() as work:
        await work.clients.record_contact(Contact(provider.id, name), bot.now)
        if zone:
            await work.clients.choose_zone(provider.id, zone)
        added = await work.providers.add(provider.id, name, name.lower(), bot.now)
        await work.availability.replace(
            added.id, [], [TimeSpan(quarter(day, 9), quarter(day, 12)) for day in days]
        )
    return provider


async def holds(
    client: ChatUser, time: str, *, day: str = "25", provider: str | None = None
) -> None:
    """Have a client hold a time by chat; ``provider`` is named where there are several."""
    await client.sends("/book")
    if provider:
        await client.taps(provider)
    await client.taps(day)
    await client.taps(time)


async def books(
    client: ChatUser, time: str, *, day: str = "25", provider: str | None = None
) -> None:
    """Have a client book a time by chat."""
    await holds(client, time, day=day, provider=provider)
    await client.taps("Confirm")


async def cancels_for(provider: ChatUser, number: int, *, reason: str | None = None) -> None:
    """Have a provider cancel a client's reservation by its number, with a typed reason or without one."""
    await provider.sends("/agenda")
    await provider.taps_data(f"ar:{number}" if reason else f"ac:{number}", provider.last.id)
    if reason:
        await provider.sends(reason)
        await provider.taps("Yes, cancel")


async def reservations(bot: BotHarness, client: ChatUser) -> list[Reservation]:
    """Return all reservations of a client that take up time, as the database has them."""
    async with bot.app.database.transaction() as work:
        return list(await work.reservations.live_of_client(client.id, bot.now))
