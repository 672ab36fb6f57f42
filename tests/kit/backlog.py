"""Much to be told at once: a crowd whose holds have just run out."""

from datetime import timedelta

from domain.client import Contact
from domain.policy import BookingPolicy
from domain.timespan import TimeSpan
from domain.usecases.hold_slot import SlotChoice, hold_slot
from tests.kit.bot import Chatter, Town
from tests.kit.clinic import quarter


def refusals(town: Town) -> int:
    return sum(call.status == 429 for call in town.simulator.transcript.calls)


async def crowd(town: Town, size: int) -> list[Chatter]:
    """Let people join who have pressed Start some time ago."""
    people = [town.joins(f"Person {number}") for number in range(size)]
    for someone in people:
        someone.person.sends("/start")
    town.simulator.take_updates()
    async with town.app.database.transaction() as work:
        for someone in people:
            await work.clients.seen(Contact(someone.id, "Person"), town.now)
    return people


async def let_holds_expire(town: Town, people: list[Chatter], each: int) -> None:
    """Have everybody hold so many slots, and let the time pass in which to confirm them."""
    async with town.app.database.transaction() as work:
        dora = await work.providers.add(people[0].id, "Dora", "dora", town.now)
        first = quarter(25, 9)
        await work.availability.replace(dora.id, [], [TimeSpan(first, first + len(people) * each)])
        for number in range(len(people[1:]) * each):
            client = people[1 + number % len(people[1:])]
            await hold_slot(work, BookingPolicy(), SlotChoice(client.id, dora.id, first + number), town.now)
    town.now += timedelta(minutes=31)
