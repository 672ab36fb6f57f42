"""After a crash, only the messages in flight are repeated, each once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from bot.messages.actions import Edit, Send
from bot.messages.screen import Screen
from bot.outbox.rate_limiter import RateLimiter
from simulator.faults import FaultKind
from storage.repositories.outbox import LEASE
from tests.kit.bot import BotHarness, running
from tests.kit.chat import ChatUser
from tests.kit.handlers import add_reply, calls, texts
from tests.kit.waiting import until

IN_FLIGHT = 30
MANY = IN_FLIGHT + 10


@pytest.fixture
async def paced_bot(database_url: str) -> AsyncIterator[BotHarness]:
    """Return a bot with a rate limiter that waits for Telegram as long as needed."""
    async with running(
        BotHarness(database_url, read_timeout=60, rate_limiter=RateLimiter()),
        ["message is not modified"],
    ) as harness:
        yield harness


async def crowd_of(bot: BotHarness, count: int) -> list[ChatUser]:
    """Return people who have written to the bot once."""
    crowd = [bot.joins(f"Client {number}") for number in range(count)]
    for person in crowd:
        person.person.sends("/help")
    bot.simulator.take_updates()
    return crowd


def copies(bot: BotHarness, crowd: list[ChatUser], text: str) -> Counter[int]:
    """Return how often each person has been sent a text."""
    return Counter({person.id: texts(person).count(text) for person in crowd})


@pytest.mark.engines("sqlite")
async def test_a_crash_repeats_only_the_messages_in_flight_and_each_once(
    paced_bot: BotHarness,
) -> None:
    bot = paced_bot
    crowd = await crowd_of(bot, MANY)
    async with bot.app.database.transaction() as uow:
        for person in crowd:
            await add_reply(uow, person, bot.now - LEASE, Send(Screen("news")))
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

    received = Counter(copies(bot, crowd, "news").values())
    assert received == {2: IN_FLIGHT, 1: MANY - IN_FLIGHT}


async def test_an_edit_repeated_after_a_crash_shows_nothing_new(paced_bot: BotHarness) -> None:
    bot = paced_bot
    [alice] = await crowd_of(bot, 1)
    await alice.sends("/help")
    number, shown = alice.last.id, len(texts(alice))
    async with bot.app.database.transaction() as uow:
        await add_reply(uow, alice, bot.now - LEASE, Edit(number, Screen("edited")))
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
