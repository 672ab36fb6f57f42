"""A practice in which people work for several providers."""

from domain.person import Contact
from domain.provider import Provider, Role
from domain.timespan import TimeSpan
from tests.kit.bot import BotHarness
from tests.kit.chat import ChatUser
from tests.kit.clinic import in_berlin


async def add_absent_provider(
    bot: BotHarness,
    name: str,
    *,
    days: tuple[int, ...] = (),
    zone: str | None = None,
    slug: str | None = None,
) -> Provider:
    """Add a provider without Telegram who works from 9:00 to 12:00 on these days of November."""
    hours = [TimeSpan(in_berlin(day, 9), in_berlin(day, 12)) for day in days]
    async with bot.app.database.transaction() as uow:
        added = await uow.providers.add(name, slug or name.lower(), zone, bot.now)
        await uow.availability.replace(added.id, [], hours)
    return added


async def provider_of(bot: BotHarness, user: ChatUser) -> Provider:
    """Return the provider who is this person."""
    number = await user.number()
    async with bot.app.database.snapshot() as uow:
        acting = await uow.queries.acting_for(number)
    return next(each.provider for each in acting if each.role is Role.SELF)


async def add_assistant(
    bot: BotHarness, user: ChatUser, *providers: Provider, zone: str | None = None
) -> None:
    """Let a person act for providers; they have started the bot."""
    user.person.sends("/agenda")
    bot.simulator.take_updates()
    async with bot.app.database.transaction() as uow:
        person = await uow.people.record_contact(Contact(user.id, user.person.name), bot.now)
        for provider in providers:
            await uow.providers.appoint(person.id, provider.id, Role.ASSISTANT, bot.now)
        if zone:
            await uow.people.choose_zone(person.id, zone)
