"""One person writes and taps as fast as he can: others hardly notice, and nothing of his is lost either."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from bot.pacing import Pace
from bot.running import run
from bot.settings import Settings
from simulator.simulator import Simulator
from tests.bot.harness import TOKEN, until
from tests.bot.served import SECRET
from tests.storage.venue import rows

LINES, TAPS = 200, 100


def settings_for(way: str, url: str, telegram: str, port: int) -> Settings:
    """Return the settings of a bot that gets its updates in this way."""
    posted: dict[str, Any] = {"webhook_url": f"http://127.0.0.1:{port}/telegram", "webhook_secret": SECRET} if way == "webhook" else {}
    return Settings(_env_file=None, telegram_api_url=telegram, database_url=url, listen=f"127.0.0.1:{port}", **posted)


@pytest.mark.parametrize("way", ["polling", "webhook"])
async def test_others_are_answered_while_one_person_floods_the_bot_and_all_that_he_did_is_worked(
    database_url: str, unused_tcp_port_factory: Callable[[], int], way: str
) -> None:
    telegram = Simulator(token=TOKEN)
    await telegram.start()
    telegram.flood_limits.enabled = True
    flooder, others = telegram.person("Flooder"), [telegram.person(f"Person {number}") for number in range(10)]
    settings = settings_for(way, database_url, telegram.url, unused_tcp_port_factory())
    bot = asyncio.create_task(run(settings, TOKEN, pace=Pace()))

    flooder.sends("/help")
    await until(lambda: len(flooder.chat.messages) > 1)
    his = [flooder.sends("/help")["update_id"] for _ in range(LINES)]
    # In its own queue; the tap is on a button that is long out of date.
    his += [flooder.taps_data("rs:1", flooder.chat.messages[1].id)["update_id"] for _ in range(TAPS)]
    before = len(flooder.chat.messages)
    for person in others:
        person.sends("/help")
    await until(lambda: all(len(person.chat.messages) > 1 for person in others), every=0.02)
    meanwhile = len(flooder.chat.messages) - before
    await until(lambda: not telegram.world.updates.pending)
    worked = {number for (number,) in rows(database_url, "SELECT update_id FROM worked_update")}
    bot.cancel()
    with suppress(asyncio.CancelledError):
        await bot
    await telegram.stop()

    assert meanwhile < 30
    assert set(his) <= worked
    assert all(tap.answers == 1 for tap in telegram.world.taps.values())
    assert not [call for call in telegram.transcript.calls if call.status == 429]
