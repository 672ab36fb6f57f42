"""Taps: the whole bot against bare bots with the same calls, with Telegram at 0 and 50 ms."""

from contextlib import AsyncExitStack
from datetime import UTC, datetime
from functools import partial

from benchmarks.databases import Databases
from benchmarks.processes import Telegram, bot, processor_seconds, telegram
from benchmarks.report import Report
from benchmarks.rounds import Contender, alternate, ratio
from benchmarks.scale import Scale
from benchmarks.venue import Venue, fill

NAME = "tap"
_CROWDED = 100
_STOCK, _OURS = "stock bare bot", "bare bot on our transport"
_UNITS = {
    "updates a second": "1/s",
    "tap answered, p50": "ms",
    "tap answered, p99": "ms",
    "screen shown, p50": "ms",
    "screen shown, p99": "ms",
    "processor for an update": "ms",
}


def whole_on(engine: str) -> str:
    """Return the name of the whole bot on an engine."""
    return f"whole bot, {engine}"


async def measure(scale: Scale, given: Databases, report: Report) -> None:
    """Run all bots, let people book with one after another, and compare them."""
    venue = Venue(datetime.now(UTC), _CROWDED, reservations=1)
    async with AsyncExitStack() as stack:
        wire = await stack.enter_async_context(telegram(venue))
        bots = {_STOCK: ("stock",), _OURS: ("ours",)} | {
            whole_on(e): ("whole", _filled(given, e, venue)) for e in given.engines
        }
        running: dict[str, tuple[int, str]] = {}
        for number, (name, (kind, *database)) in enumerate(bots.items(), start=1):
            log, token = given.folder / f"tap-{number}.log", f"{number}:token"
            running[name] = (
                await stack.enter_async_context(bot(kind, wire.url, token, *database, log=log)),
                token,
            )
        for _, token in running.values():
            # Warm up: compile statements and open connections.
            await wire.books(token, people=scale.people, seconds=scale.tap_seconds / 4)
        for delay in scale.delays:
            await _compare(scale, report, wire, running, delay)


def _filled(given: Databases, engine: str, venue: Venue) -> str:
    """Return the URL of a database filled with the venue."""
    url = given.new(engine)
    fill(url, venue)
    return url


async def _compare(
    scale: Scale, report: Report, wire: Telegram, running: dict[str, tuple[int, str]], delay: float
) -> None:
    """Compare the bots with one response delay of Telegram."""
    contenders: dict[str, Contender] = {
        name: partial(_run, wire, pid, token, scale.people, scale.tap_seconds, delay)
        for name, (pid, token) in running.items()
    }
    samples = await alternate(contenders, scale.tap_rounds)
    case = f"{scale.people} people, {1000 * delay:.0f} ms"
    report.add_all(NAME, case, samples, _UNITS)
    for name in [name for name in running if name not in {_STOCK, _OURS}]:
        for other, limit in ((_STOCK, 5.0), (_OURS, 0.4)):
            measured = ratio(samples, "updates a second", name, other)
            report.add(NAME, case, f"{name} / {other}", "times", measured)
            if delay and name == whole_on("SQLite"):
                report.aim(NAME, case, f"{name} / {other}", measured, "≥", limit)


async def _run(
    wire: Telegram, pid: int, token: str, people: int, seconds: float, delay: float
) -> dict[str, float]:
    """Let people book with one bot for some seconds."""
    before = processor_seconds(pid)
    figures = await wire.books(token, people=people, seconds=seconds, delay=delay)
    return figures | {
        "processor for an update": 1000 * (processor_seconds(pid) - before) / figures["updates"]
    }
