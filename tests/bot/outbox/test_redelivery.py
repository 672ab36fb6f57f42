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
from tests.kit.bot import BotHarness, running
from tests.kit.chat import ChatUser
from tests.kit.handlers import calls, texts
from tests.kit.waiting import until

IN_FLIGHT = 30
MANY = IN_FLIGHT + 10


@pytest.fixture
async def paced_bot(database_url: str) -> AsyncIterator[BotHarness]:
    """Return a town whose bot keeps its pace and waits for Telegram for as long as it takes."""
    async with running(
        BotHarness(database_url, patience=60, rate_limiter=RateLimiter()),
        ["message is not modified"],
    ) as place:
        yield place


async def crowd_of(bot: BotHarness, count: int) -> list[ChatUser]:
    """Let people join who have written to the bot once."""
    crowd = [bot.joins(f"Client {number}") for number in range(count)]
    for person in crowd:
        person.person.sends("/help")
    bot.simulator.take_updates()
    return crowd


def copies(bot: BotHarness, crowd: list[ChatUser], text: str) -> Counter[int]:
    """Return how often each person has been sent a text."""
    return Counter({person.id: texts(person).count(text) for person in crowd})


@pytest.mark.engines("sqlite")
async def test_a_crash_repeats_each_message_on_its_way_once_and_no_more_than_the_pace_keeps_in_flight(
    paced_bot: BotHarness,
) -> None:
    bot = paced_bot
    crowd = await crowd_of(bot, MANY)
    async with bot.app.database.transaction() as work:
        for person in crowd:
            await work.outbox.reply(person.id, packed([Send(Screen("news"))]), bot.now - LEASE)
    silence = bot.simulator.faults.add(FaultKind.SILENCE_AFTER, method="sendMessage", times=None)
    delivering = asyncio.create_task(bot.app.jobs.run_due())
    await until(lambda: sum(copies(bot, crowd, "news").values()) == IN_FLIGHT)
    await asyncio.wait([delivering], timeout=10)
    assert sum(copies(bot, crowd, "news").values()) == IN_FLIGHT

    silence.times = 0
    delivering.cancel()
    await bot.crashes()
    with suppress(asyncio.CancelledError):
        await delivering
    await bot.recovers()
    await until(lambda: min(copies(bot, crowd, "news").values()) >= 1)
    await bot.settles()

    told = Counter(copies(bot, crowd, "news").values())
    assert told == {2: IN_FLIGHT, 1: MANY - IN_FLIGHT}


async def test_an_edit_that_is_repeated_after_a_crash_shows_nothing_new(
    paced_bot: BotHarness,
) -> None:
    bot = paced_bot
    [alice] = await crowd_of(bot, 1)
    await alice.sends("/help")
    number, shown = alice.last.id, len(texts(alice))
    async with bot.app.database.transaction() as work:
        await work.outbox.reply(alice.id, packed([Edit(number, Screen("edited"))]), bot.now - LEASE)
    silence = bot.simulator.faults.add(FaultKind.SILENCE_AFTER, method="editMessageText")
    delivering = asyncio.create_task(bot.app.jobs.run_due())
    await until(lambda: alice.last.text == "edited")
    silence.times = 0
    delivering.cancel()
    await bot.crashes()
    with suppress(asyncio.CancelledError):
        await delivering
    await bot.recovers()

    assert (alice.last.text, len(texts(alice))) == ("edited", shown)
    assert len(calls(bot, "editMessageText")) == 2
