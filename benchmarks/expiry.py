"""Expiry: ten thousand holds that run out within one second, until all are free again and the last notice waits to be told."""

import time
from datetime import timedelta
from functools import partial

from benchmarks.databases import Databases
from benchmarks.report import Report
from benchmarks.rounds import alternate, spread
from benchmarks.scale import Scale
from benchmarks.venue import Venue, fill
from domain.policy import BookingPolicy
from domain.usecases.expire_holds import BATCH, expire_holds
from storage.database import Database
from tests.storage.venue import NOW, rows

NAME = "expiry"
_PROVIDERS = 100
_POLICY = BookingPolicy()


async def measure(scale: Scale, given: Databases, report: Report) -> None:
    """Have holds run out on every engine, a fresh database each time, taking turns."""
    contenders = {engine: partial(_expired, given, engine, scale.holds) for engine in given.engines}
    samples = await alternate(contenders, scale.rounds)
    case = f"{scale.holds:,} holds"
    report.add_all(NAME, case, samples, {"until all are free and told of": "s", "longest transaction": "ms"})
    for engine in given.engines:
        report.aim(NAME, case, f"{engine}: seconds", 1.0, spread(samples, engine, "until all are free and told of"))


async def _expired(given: Databases, engine: str, holds: int) -> dict[str, float]:
    """Fill a database with live holds, and end them all as the bot does, batch by batch."""
    url = given.new(engine)
    # Two holds each: a client may have three.
    fill(url, Venue(NOW, _PROVIDERS, holds, held_until=NOW + timedelta(minutes=30), clients=holds // 2))
    database, longest = Database(url), 0.0
    began, ended = time.perf_counter(), BATCH
    while ended == BATCH:
        turn = time.perf_counter()
        ended = await database.write(lambda work: expire_holds(work, _POLICY, NOW + timedelta(minutes=31)))
        longest = max(longest, time.perf_counter() - turn)
    seconds = time.perf_counter() - began
    await database.close()
    told = rows(url, "SELECT (SELECT count(*) FROM busy), (SELECT count(*) FROM outbox WHERE kind = 'hold_expired')")
    assert told == [(0, holds)], told
    return {"until all are free and told of": seconds, "longest transaction": 1000 * longest}
