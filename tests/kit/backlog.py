"""Much to be told at once: a crowd whose holds have just run out."""

from datetime import timedelta

from domain.client import Contact
from domain.policy import BookingPolicy
from domain.timespan import TimeSpan
from domain.usecases.hold_slot import SlotChoice, hold_slot
from tests.kit.bot import BotHarness
from tests.kit.chat import ChatUser
from tests.kit.clinic import quarter


def refusals(bot: BotHarness) -> int:
    return sum(call.status == 429 for call in bot.simulator.transcript.calls)


async def crowd(bot: BotHarness, size: int) -> list[ChatUser]:
    """Let people join who have pressed Start some time ago."""
    people = [bot.joins(f"Person {number}") for number in range(size)]
    for someone in people:
        someone.person.sends("/start")
    bot.simulator.take_updates()
    async with bot.app.database.transaction() as work:
        for someone in people:
            await work.clients.record_contact(Contact(someone.id, "Person"), bot.now)
    return people


async def let_holds_expire(bot: BotHarness, people: list[ChatUser], each: int) -> None:
    """Have everybody hold so many slots, and let the time pass in which to confirm them."""
    async with bot.app.database.transaction() as work:
        dora = await work.providers.add(people[0].id, "Dora", "dora", bot.now)
        first = quarter(25, 9)
        await work.availability.replace(dora.id, [], [TimeSpan(first, first + len(people) * each)])
        for number in range(len(people[1:]) * each):
            client = people[1 + number % len(people[1:])]
            await hold_slot(
                work, BookingPolicy(), SlotChoice(client.id, dora.id, first + number), bot.now
            )
    bot.now += timedelta(minutes=31)
