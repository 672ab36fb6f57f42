"""A backlog of notifications: many people whose holds expire at the same moment."""

from datetime import timedelta

from domain.choice import SlotChoice
from domain.person import Contact
from domain.policy import BookingPolicy
from domain.timespan import TimeSpan
from domain.usecases.hold_slot import hold_slot
from tests.kit.bot import BotHarness
from tests.kit.cells import QUARTER
from tests.kit.chat import ChatUser
from tests.kit.clinic import add_self, in_berlin


def count_rate_limited(bot: BotHarness) -> int:
    """Return how many calls Telegram rejected with status 429."""
    return sum(call.status == 429 for call in bot.simulator.transcript.calls)


async def add_people(bot: BotHarness, size: int) -> list[ChatUser]:
    """Add people to Telegram who have started the bot already."""
    people = [bot.joins(f"Person {number}") for number in range(size)]
    for user in people:
        user.person.sends("/start")
    bot.simulator.take_updates()
    async with bot.app.database.transaction() as uow:
        for user in people:
            await uow.people.record_contact(Contact(user.id, "Person"), bot.now)
    return people


async def let_holds_expire(bot: BotHarness, people: list[ChatUser], each: int) -> None:
    """Hold ``each`` slots per person, and advance the clock until the holds have expired.

    The first person becomes the provider and holds nothing.
    """
    numbers = [await person.number() for person in people]
    async with bot.app.database.transaction() as uow:
        dora = await add_self(uow, numbers[0], "Dora", "dora", bot.now)
        first = in_berlin(25, 9)
        await uow.availability.replace(
            dora.id, [], [TimeSpan(first, first + len(people) * each * QUARTER)]
        )
        for number in range(len(people[1:]) * each):
            client = numbers[1 + number % len(numbers[1:])]
            await hold_slot(
                uow, BookingPolicy(), client, SlotChoice(dora.id, first + number * QUARTER), bot.now
            )
    bot.now += timedelta(minutes=31)
