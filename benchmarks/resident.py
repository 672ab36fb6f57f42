"""One bot over time: start, memory, many holds, a backlog after an outage, notifications."""

import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from functools import partial

from benchmarks.databases import SQLITE, Databases
from benchmarks.processes import Telegram, bot, resident, telegram
from benchmarks.report import Report
from benchmarks.rounds import Spread, alternate, spread
from benchmarks.scale import Scale
from benchmarks.venue import Venue, fill

NAME = "resident"
_TOKEN = "1:token"  # noqa: S105  (not a secret)
_PROVIDERS = 100
Runs = Callable[[Databases, Telegram, str], AbstractAsyncContextManager[int]]
"""Runs a bot for a block and yields its process id."""

_AT_REST, _START = "resident at rest", "start to first answer"


async def measure(scale: Scale, given: Databases, report: Report) -> None:
    """Measure several starts from the command line, notifications, and one bot under load."""
    starts = await alternate(
        {engine: partial(_started, given, engine) for engine in given.engines}, scale.rounds
    )
    report.add_all(NAME, "a small venue", starts, {_START: "s", _AT_REST: "MB"})
    for engine in given.engines:
        report.aim(
            NAME, engine, "start to first answer, s", spread(starts, engine, _START), "<", 2.0
        )
        report.aim(
            NAME, engine, "resident at rest, MB", spread(starts, engine, _AT_REST), "<", 120.0
        )
    news = await alternate(
        {
            engine: partial(_measure_notifications, given, engine, scale.news, _without_rate_limit)
            for engine in given.engines
        },
        scale.rounds,
    )
    report.add_all(NAME, f"{scale.news:,} expired holds", news, {"notifications sent": "1/s"})
    paced = await alternate(
        {
            engine: partial(
                _measure_notifications, given, engine, scale.paced_news, _from_command_line
            )
            for engine in given.engines
        },
        1,
    )
    report.add_all(
        NAME,
        f"{scale.paced_news:,} expired holds, rate-limited",
        paced,
        {"notifications sent": "1/s"},
    )
    await _measure_load(scale, given, report)


async def _started(given: Databases, engine: str) -> dict[str, float]:
    """Start the bot on a small venue with one update queued."""
    venue = Venue(datetime.now(UTC), _PROVIDERS, reservations=1)
    url = given.new(engine)
    fill(url, venue)
    async with telegram(venue) as wire:
        began = time.perf_counter()
        async with _from_command_line(given, wire, url) as pid:
            await wire.waits(_TOKEN, people=1, updates=1)
            return {_START: time.perf_counter() - began, _AT_REST: resident(pid)}


async def _measure_load(scale: Scale, given: Databases, report: Report) -> None:
    """Measure memory and speed of a bot with many live holds, under load and with a backlog."""
    now = datetime.now(UTC)
    venue = Venue(
        now, _PROVIDERS, scale.holds, held_until=now + timedelta(hours=1), clients=scale.holds // 2
    )
    url, case = given.new(SQLITE), f"{SQLITE}, {scale.holds:,} live holds"
    fill(url, venue)
    async with telegram(venue) as wire, _without_rate_limit(given, wire, url) as pid:
        await wire.waits(_TOKEN, people=1, updates=1)
        sizes, worked = {"resident after 1 update": resident(pid)}, 1.0
        for _ in range(3):
            worked += (await wire.books(_TOKEN, people=scale.people, seconds=scale.long_seconds))[
                "updates"
            ]
            sizes[f"resident after {worked:,.0f} updates"] = resident(pid)
        queue = await wire.waits(
            _TOKEN, people=max(1, scale.deep // 5), updates=scale.deep, seconds=scale.deep_seconds
        )
        sizes[f"resident with {scale.deep:,} updates waiting"] = resident(pid)
    for name, size in sizes.items():
        report.add(NAME, case, name, "MB", Spread.of([size]))
    report.add(
        NAME,
        f"{SQLITE}, {scale.deep:,} updates wait",
        "updates processed",
        "1/s",
        Spread.of([queue["updates a second"]]),
    )


async def _measure_notifications(
    given: Databases, engine: str, holds: int, runs: Runs
) -> dict[str, float]:
    """Start the bot on expired holds, and measure the rate of its notifications."""
    now = datetime.now(UTC)
    venue = Venue(now, _PROVIDERS, holds, held_until=now - timedelta(minutes=1), clients=holds // 2)
    url = given.new(engine)
    fill(url, venue)
    async with telegram(venue) as wire, runs(given, wire, url):
        return await wire.count_messages(_TOKEN, messages=holds)


def _without_rate_limit(
    given: Databases, wire: Telegram, url: str
) -> AbstractAsyncContextManager[int]:
    """Run the bot without its rate limiter."""
    return bot("whole", wire.url, _TOKEN, url, log=given.folder / "resident.log")


def _from_command_line(
    given: Databases, wire: Telegram, url: str
) -> AbstractAsyncContextManager[int]:
    """Run the bot from its command line."""
    env = {
        "BOT_TOKEN": _TOKEN,
        "TELEGRAM_API_URL": wire.url,
        "DATABASE_URL": url,
        "LISTEN": "127.0.0.1:0",
    }
    return bot(log=given.folder / "start.log", module="bot", env=env)
