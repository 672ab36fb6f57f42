"""A venue in which each act can be prepared repeatedly, up to the update that meets a fault."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import count
from typing import Any

from bot.buttons.booking import PickSlot
from domain.person import Contact
from domain.timespan import TimeSpan
from tests.kit.bot import MONDAY, BotHarness
from tests.kit.cells import DAY, QUARTER, cell_of
from tests.kit.chat import ChatUser
from tests.kit.clinic import add_self
from tests.kit.sampling import PROFILE

Updates = list[dict[str, Any]]
Act = Callable[["Scenario"], Awaitable[Updates]]
"""Prepares something and returns the updates that do it, or none if it is due by itself."""

SEEDS = range(PROFILE.pick(fast=1, full=20))
ACTS_PER_FAULT = PROFILE.pick(fast=1, full=7)
"""How many acts, drawn at random, meet each fault."""

# A week ahead, far beyond the notice period even after many holds have expired.
FIRST = cell_of(MONDAY) + 8 * DAY
_HOURS = TimeSpan(FIRST, FIRST + 40 * DAY)


class Scenario:
    """A provider with many hours, and clients who book one after the other, each their own time."""

    def __init__(self, bot: BotHarness) -> None:
        self.bot = bot
        self.dora: ChatUser
        self.people: list[ChatUser] = []
        # Parts of warnings that a correct bot may cause here.
        self.expected_warnings: tuple[str, ...] = ()
        self.numbers = count(1)
        self.posts = count(1)
        self._cells = iter(range(_HOURS.start, _HOURS.end, QUARTER))

    async def set_up(self) -> None:
        """Store the provider with published hours."""
        bot = self.bot
        self.dora = bot.joins("Dora")
        self.dora.person.sends("/agenda")
        bot.simulator.take_updates()
        async with bot.app.database.transaction() as work:
            someone = await work.people.record_contact(Contact(self.dora.id, "Dora"), bot.now)
            dora = await add_self(work, someone.id, "Dora", "dora", bot.now)
            await work.availability.replace(dora.id, [], [_HOURS])

    async def new_client(self) -> ChatUser:
        """Create a client who looks at the calendar."""
        client = self.bot.joins(f"Client {next(self.numbers)}.")
        self.people.append(client)
        await client.sends("/book")
        return client

    def pick(self, client: ChatUser) -> None:
        """Tap a time as a client; no other client wants it."""
        client.person.taps_data(PickSlot(1, next(self._cells), 0).pack(), client.card.id)

    async def new_holder(self) -> ChatUser:
        """Create a client who holds a time."""
        client = await self.new_client()
        self.pick(client)
        await self.bot.settles()
        return client


async def hold(scenario: Scenario) -> Updates:
    """A client holds a time."""
    scenario.pick(await scenario.new_client())
    return scenario.bot.simulator.take_updates()


async def confirm(scenario: Scenario) -> Updates:
    """A client confirms their hold."""
    (await scenario.new_holder()).person.taps("Confirm")
    return scenario.bot.simulator.take_updates()


async def release(scenario: Scenario) -> Updates:
    """A client releases their hold."""
    (await scenario.new_holder()).person.taps("Release")
    return scenario.bot.simulator.take_updates()


async def cancel(scenario: Scenario) -> Updates:
    """A client cancels their booking."""
    client = await scenario.new_holder()
    await client.taps("Confirm")
    await client.taps("Cancel booking")
    client.person.taps("Yes, cancel booking")
    return scenario.bot.simulator.take_updates()


async def publish(scenario: Scenario) -> Updates:
    """The provider publishes hours."""
    # A quarter-hour on a day after all published hours, different each time.
    number, dora = next(scenario.posts), scenario.dora
    begins = MONDAY.replace(hour=0) + timedelta(
        days=50 + number % 10, minutes=30 * (number // 10 % 47)
    )
    await dora.sends("/hours")
    await dora.sends(f"{begins:%d.%m.%Y %H:%M}-{begins + timedelta(minutes=15):%H:%M}")
    dora.person.taps("Publish")
    return scenario.bot.simulator.take_updates()


async def expire(scenario: Scenario) -> Updates:
    """A hold has expired and has not been swept; older ones have."""
    await scenario.bot.advances(seconds=scenario.bot.settings.policy.hold_duration.total_seconds())
    await scenario.new_holder()
    scenario.bot.now += scenario.bot.settings.policy.hold_duration
    return []


async def deliver(scenario: Scenario) -> Updates:
    """A booking was confirmed, and the provider has not been notified."""
    (await scenario.new_holder()).person.taps("Confirm")
    await scenario.bot.processes(scenario.bot.simulator.take_updates())
    return []


ACTS: dict[str, Act] = {
    act.__name__: act for act in (hold, confirm, release, cancel, publish, expire, deliver)
}
"""The acts that faults interrupt."""
