"""After a crash, each message that was on its way comes once more, and no other: at most as many as the pace keeps in flight."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from bot.messages.actions import Edit, Send, packed
from bot.messages.screen import Screen
from bot.outbox.rate_limiter import RateLimiter
from simulator.faults import FaultKind
from storage.repositories.outbox import LEASE
from tests.kit.bot import Chatter, Town, lived_in, until
from tests.kit.handlers import calls, texts

IN_FLIGHT = 30
MANY = IN_FLIGHT + 10


@pytest.fixture
async def paced_town(database_url: str) -> AsyncIterator[Town]:
    """Return a town whose bot keeps its pace and waits for Telegram for as long as it takes."""
    async with lived_in(Town(database_url, patience=60, rate_limiter=RateLimiter()), ["message is not modified"]) as place:
        yield place


async def crowd_of(town: Town, count: int) -> list[Chatter]:
    """Let people join who have written to the bot once."""
    crowd = [town.joins(f"Client {number}") for number in range(count)]
    for person in crowd:
        person.person.sends("/help")
    town.simulator.take_updates()
    return crowd


def copies(town: Town, crowd: list[Chatter], text: str) -> Counter[int]:
    """Return how often each person has been sent a text."""
    return Counter({person.id: texts(person).count(text) for person in crowd})


@pytest.mark.engines("sqlite")
async def test_a_crash_repeats_each_message_on_its_way_once_and_no_more_than_the_pace_keeps_in_flight(paced_town: Town) -> None:
    town = paced_town
    crowd = await crowd_of(town, MANY)
    async with town.app.database.transaction() as work:
        for person in crowd:
            await work.outbox.reply(person.id, packed([Send(Screen("news"))]), town.now - LEASE)
    silence = town.simulator.faults.add(FaultKind.SILENCE_AFTER, method="sendMessage", times=None)
    delivering = asyncio.create_task(town.app.jobs.run_due())
    await until(lambda: sum(copies(town, crowd, "news").values()) == IN_FLIGHT)
    await asyncio.wait([delivering], timeout=10)
    assert sum(copies(town, crowd, "news").values()) == IN_FLIGHT

    silence.times = 0
    delivering.cancel()
    await town.crashes()
    with suppress(asyncio.CancelledError):
        await delivering
    await town.comes_back()
    await until(lambda: min(copies(town, crowd, "news").values()) >= 1)
    await town.settles()

    told = Counter(copies(town, crowd, "news").values())
    assert told == {2: IN_FLIGHT, 1: MANY - IN_FLIGHT}


async def test_an_edit_that_is_repeated_after_a_crash_shows_nothing_new(paced_town: Town) -> None:
    town = paced_town
    [alice] = await crowd_of(town, 1)
    await alice.sends("/help")
    number, shown = alice.last.id, len(texts(alice))
    async with town.app.database.transaction() as work:
        await work.outbox.reply(alice.id, packed([Edit(number, Screen("edited"))]), town.now - LEASE)
    silence = town.simulator.faults.add(FaultKind.SILENCE_AFTER, method="editMessageText")
    delivering = asyncio.create_task(town.app.jobs.run_due())
    await until(lambda: alice.last.text == "edited")
    silence.times = 0
    delivering.cancel()
    await town.crashes()
    with suppress(asyncio.CancelledError):
        await delivering
    await town.comes_back()

    assert (alice.last.text, len(texts(alice))) == ("edited", shown)
    assert len(calls(town, "editMessageText")) == 2
