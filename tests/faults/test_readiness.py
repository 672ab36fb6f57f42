"""Readiness while the database refuses writes, which reads alone do not show."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from tests.faults.database_faults import DATABASE_FAULTS
from tests.kit.http import HttpBot
from tests.kit.raw_database import all_rows

RECENT = timedelta(seconds=5)


@pytest.fixture
async def bot(database_url: str) -> AsyncIterator[HttpBot]:
    """A bot with its HTTP server open that has just heard from Telegram."""
    bot = HttpBot(database_url)
    await bot.starts()
    bot.app.heartbeat.beat()
    yield bot
    await bot.ends()


async def database_says(bot: HttpBot) -> tuple[int, str]:
    answer = await bot.request("/readyz")
    return answer.status, json.loads(answer.text)["checks"]["database"]


async def third_result(bot: HttpBot) -> tuple[int, str]:
    """Return the third result; the first two replace cut connections for reading and writing."""
    for _ in range(2):
        bot.now += RECENT
        await database_says(bot)
    bot.now += RECENT
    return await database_says(bot)


@pytest.mark.parametrize("fault", ["full", "read-only"])
async def test_it_is_not_ready_while_the_database_takes_no_writes(
    bot: HttpBot, engine: str, fault: str
) -> None:
    assert await database_says(bot) == (200, "ok")
    async with DATABASE_FAULTS[engine][fault](bot):
        assert await third_result(bot) == (503, "DatabaseAway")

    assert await third_result(bot) == (200, "ok")


async def test_the_check_leaves_no_rows_in_the_database(bot: HttpBot) -> None:
    before = all_rows(bot.app.database.url)
    assert await database_says(bot) == (200, "ok")

    assert all_rows(bot.app.database.url) == before


async def test_the_result_is_cached_for_five_seconds(bot: HttpBot, engine: str) -> None:
    assert await database_says(bot) == (200, "ok")
    async with DATABASE_FAULTS[engine]["full"](bot):
        bot.now += RECENT - timedelta(microseconds=1)
        assert [await database_says(bot) for _ in range(10)] == [(200, "ok")] * 10
        bot.now += timedelta(microseconds=1)
        status, _ = await database_says(bot)
        assert status == 503
    bot.now += RECENT - timedelta(microseconds=1)
    assert [(await database_says(bot))[0] for _ in range(10)] == [503] * 10

    # A clock that is set back does not extend a result.
    bot.now -= timedelta(hours=1)
    assert await database_says(bot) == (200, "ok")
