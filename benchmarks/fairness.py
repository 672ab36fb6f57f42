"""Fairness: how long quiet people wait while others write more than the rate limit can answer."""

from datetime import UTC, datetime

from benchmarks.databases import Databases
from benchmarks.processes import bot, telegram
from benchmarks.report import Report
from benchmarks.rounds import Spread
from benchmarks.scale import Scale
from benchmarks.venue import Venue, fill

NAME = "fairness"
_TOKEN = "1:token"  # noqa: S105  (not a secret)
_PROVIDERS = 100
_WAITS = [
    f"{what}, {which}"
    for what in ("tap answered", "quiet person shown")
    for which in ("p50", "p99", "longest")
]


async def measure(scale: Scale, given: Databases, report: Report) -> None:
    """Increase the number of busy people under the rate limit, and time the quiet ones."""
    for engine in given.engines:
        alone = 0.0
        for busy in scale.busy:
            figures = await _measure_waits(scale, given, engine, busy)
            case = f"{engine}, {busy} busy people"
            for wait in _WAITS:
                report.add(NAME, case, wait, "ms", Spread.of([figures[wait]]))
            if busy:
                report.add(
                    NAME,
                    case,
                    "busy people shown",
                    "1/s",
                    Spread.of([figures["busy people shown"]]),
                )
            alone = alone or figures["tap answered, p50"]
            report.add(
                NAME,
                case,
                "tap answered, p50, relative to no busy people",
                "times",
                Spread.of([figures["tap answered, p50"] / alone]),
            )
            report.aim(
                NAME,
                case,
                "tap answered, longest, ms",
                Spread.of([figures["tap answered, longest"]]),
                "≤",
                1000.0,
            )


async def _measure_waits(
    scale: Scale, given: Databases, engine: str, busy: int
) -> dict[str, float]:
    """Run a bot and let people write to it for some seconds."""
    venue = Venue(datetime.now(UTC), _PROVIDERS, reservations=1)
    url = given.new(engine)
    fill(url, venue)
    async with telegram(venue) as wire:
        env = {
            "BOT_TOKEN": _TOKEN,
            "TELEGRAM_API_URL": wire.url,
            "DATABASE_URL": url,
            "LISTEN": "127.0.0.1:0",
        }
        async with bot(log=given.folder / "fairness.log", module="bot", env=env):
            await wire.chats(_TOKEN, people=0, seconds=1.0)
            return await wire.chats(_TOKEN, people=busy, seconds=scale.busy_seconds)
