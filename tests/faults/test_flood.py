"""One person writes and taps as fast as possible: others hardly notice, and nothing is lost."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from telegram.ext import MessageHandler, filters

from bot.app import App
from bot.lifecycle import run
from bot.outbox.rate_limiter import RateLimiter
from bot.settings import Settings
from simulator.simulator import Simulator
from simulator.state.people import Person
from tests.kit.bot import TOKEN
from tests.kit.databases import drawn_engine
from tests.kit.handlers import echo
from tests.kit.http import SECRET
from tests.kit.raw_database import rows
from tests.kit.sampling import PROFILE
from tests.kit.waiting import until

pytestmark = drawn_engine("floods")

LINES, TAPS = 200, 100


def settings_for(mode: str, url: str, telegram: str, port: int) -> Settings:
    """Return the settings of a bot that receives its updates this way."""
    posted: dict[str, Any] = (
        {"webhook_url": f"http://127.0.0.1:{port}/telegram", "webhook_secret": SECRET}
        if mode == "webhook"
        else {}
    )
    return Settings(
        _env_file=None,
        telegram_api_url=telegram,
        database_url=url,
        listen=f"127.0.0.1:{port}",
        **posted,
    )


@pytest.mark.parametrize("mode", ["polling", "webhook"])
async def test_others_are_answered_during_a_flood_and_every_update_is_processed(
    database_url: str, unused_tcp_port_factory: Callable[[], int], mode: str
) -> None:
    telegram = Simulator(token=TOKEN)
    await telegram.start()
    telegram.flood_limits.enabled = True
    flooder, others = (
        telegram.person("Flooder"),
        [telegram.person(f"Person {number}") for number in range(10)],
    )
    settings = settings_for(mode, database_url, telegram.url, unused_tcp_port_factory())
    bot = asyncio.create_task(run(settings, TOKEN, rate_limiter=RateLimiter()))

    flooder.sends("/help")
    await until(lambda: len(flooder.chat.messages) > 1)
    from_flooder = [flooder.sends("/help")["update_id"] for _ in range(LINES)]
    # Taps have their own queue; this one is on a button that is long out of date.
    from_flooder += [
        flooder.taps_data("rs:1", flooder.chat.messages[1].id)["update_id"] for _ in range(TAPS)
    ]
    before = len(flooder.chat.messages)
    for person in others:
        person.sends("/help")
    await until(lambda: all(len(person.chat.messages) > 1 for person in others), every=0.02)
    meanwhile = len(flooder.chat.messages) - before
    await until(lambda: not telegram.world.updates.pending)
    processed = {
        number for (number,) in rows(database_url, "SELECT update_id FROM processed_update")
    }
    bot.cancel()
    with suppress(asyncio.CancelledError):
        await bot
    await telegram.stop()

    assert meanwhile < 30
    assert set(from_flooder) <= processed
    assert all(tap.answers == 1 for tap in telegram.world.taps.values())
    assert not [call for call in telegram.transcript.calls if call.status == 429]


def _is_answered(person: Person) -> bool:
    """Return whether a person's line was answered."""
    return len(person.chat.messages) > 1


@pytest.mark.parametrize("busy", PROFILE.pick(fast=[45], full=[10, 45, 100]))
async def test_a_quiet_person_is_answered_before_the_backlog_of_busy_ones(
    database_url: str, unused_tcp_port_factory: Callable[[], int], busy: int
) -> None:
    telegram = Simulator(token=TOKEN)
    await telegram.start()
    telegram.flood_limits.enabled = True
    flooders = [telegram.person(f"Flooder {number}") for number in range(busy)]
    quiet = [telegram.person(f"Person {number}") for number in range(6)]
    settings = settings_for("polling", database_url, telegram.url, unused_tcp_port_factory())
    bot = asyncio.create_task(run(settings, TOKEN, rate_limiter=RateLimiter()))

    for person in flooders:
        person.sends("/help")
    await until(lambda: all(len(person.chat.messages) > 1 for person in flooders))
    # Each has many more answers pending than Telegram allows in the time measured.
    lines = 2 + 300 // busy
    for number in range(lines):
        for person in flooders:
            person.sends(f"line {number}")
    await until(lambda: not telegram.world.updates.pending)
    shown_between = []
    for person in quiet:
        before = sum(len(flooder.chat.messages) for flooder in flooders)
        person.sends("/help")
        await until(partial(_is_answered, person))
        # An old button: the tap is answered without a text.
        person.taps_data("rs:1", person.chat.messages[1].id)
        await until(lambda: all(tap.answers for tap in telegram.world.taps.values()))
        shown_between.append(sum(len(flooder.chat.messages) for flooder in flooders) - before)
    left = rows(database_url, "SELECT count(*) FROM outbox WHERE state = 'due'")[0][0]
    bot.cancel()
    with suppress(asyncio.CancelledError):
        await bot
    await telegram.stop()

    assert left > 0, "the backlog was gone before all quiet people were answered"
    # Two seconds of Telegram's rate, for a line and a tap; the backlog takes ten.
    assert max(shown_between) <= 60
    assert not [call for call in telegram.transcript.calls if call.status == 429]


async def test_each_busy_persons_answers_stay_in_order(
    database_url: str, unused_tcp_port_factory: Callable[[], int]
) -> None:
    telegram = Simulator(token=TOKEN)
    await telegram.start()
    telegram.flood_limits.enabled = True
    people = [telegram.person(f"Person {number}") for number in range(45)]
    settings = settings_for("polling", database_url, telegram.url, unused_tcp_port_factory())

    async def echoes(app: App) -> None:
        app.application.handlers[0].insert(0, MessageHandler(filters.Regex("^line"), echo))

    bot = asyncio.create_task(run(settings, TOKEN, rate_limiter=RateLimiter(), ready=echoes))
    for number in range(5):
        for person in people:
            person.sends(f"line {number}")
    await until(
        lambda: all(len(person.chat.messages) == 10 for person in people), every=0.1, within=60
    )
    bot.cancel()
    with suppress(asyncio.CancelledError):
        await bot
    await telegram.stop()

    for person in people:
        answers = [message.text for message in person.chat.messages if message.sender == "bot"]
        assert answers == [f"heard line {number}" for number in range(5)]
