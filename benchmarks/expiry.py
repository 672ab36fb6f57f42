"""Expiry: ten thousand holds expire at once, until all are free and every notification is due."""

import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial

from benchmarks.databases import Databases
from benchmarks.report import Report
from benchmarks.rounds import alternate, spread
from benchmarks.scale import Scale
from benchmarks.venue import Venue, fill
from bot.jobs.expiry import expire_overdue_holds
from domain.policy import BookingPolicy
from storage.database import Database, Result
from storage.unit_of_work import SqlUnitOfWork
from tests.kit.clinic import NOW
from tests.kit.raw_database import rows

NAME = "expiry"
_PROVIDERS = 100
_POLICY = BookingPolicy()
_ALL_EXPIRED = "time to expire all holds"


async def measure(scale: Scale, given: Databases, report: Report) -> None:
    """Expire holds on every engine alternately, each time in a new database."""
    contenders = {engine: partial(_expired, given, engine, scale.holds) for engine in given.engines}
    samples = await alternate(contenders, scale.rounds)
    case = f"{scale.holds:,} holds"
    report.add_all(NAME, case, samples, {_ALL_EXPIRED: "s", "longest transaction": "ms"})
    for engine in given.engines:
        report.aim(
            NAME,
            case,
            f"{engine}: seconds",
            spread(samples, engine, _ALL_EXPIRED),
            "<",
            1.0,
        )


async def _expired(given: Databases, engine: str, holds: int) -> dict[str, float]:
    """Fill a database with live holds, and expire them all as the bot does."""
    url = given.new(engine)
    # Two holds each, within the limit of three.
    fill(
        url,
        Venue(NOW, _PROVIDERS, holds, held_until=NOW + timedelta(minutes=30), clients=holds // 2),
    )
    database = _Timed(url)
    began = time.perf_counter()
    await expire_overdue_holds(database, _POLICY, lambda: NOW + timedelta(minutes=31))
    seconds = time.perf_counter() - began
    await database.close()
    found = rows(
        url,
        "SELECT (SELECT count(*) FROM busy), "
        "(SELECT count(*) FROM outbox WHERE kind = 'hold_expired')",
    )
    assert found == [(0, holds)], found
    return {
        _ALL_EXPIRED: seconds,
        "longest transaction": 1000 * database.longest,
    }


class _Timed(Database):
    """A database that records the duration of its longest transaction, in seconds."""

    longest = 0.0

    async def write(self, do: Callable[[SqlUnitOfWork], Awaitable[Result]]) -> Result:
        """Write, and record the duration."""
        began = time.perf_counter()
        result = await super().write(do)
        self.longest = max(self.longest, time.perf_counter() - began)
        return result
