"""Slot search: the three screens that use it, for growing venues, against the raw SQL."""

import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from datetime import UTC, timedelta
from functools import partial
from itertools import cycle, islice
from statistics import median
from zoneinfo import ZoneInfo

from benchmarks.bare import Recording, bare, recorded
from benchmarks.databases import Databases
from benchmarks.report import Report
from benchmarks.rounds import Contender, Samples, Spread, alternate, ratio
from benchmarks.scale import Scale
from benchmarks.venue import Venue, fill
from domain.choice import SlotChoice
from domain.person import Contact
from domain.policy import BookingPolicy
from domain.ports import UnitOfWork
from domain.usecases.find_slots import SlotSearch, days_with_slots, slots_of_day, soonest_slots
from storage.database import Database
from tests.kit.clinic import NOW

NAME = "slots"
_US = "µs"
_NEW_CLIENT = 77
_POLICY = BookingPolicy()
_UTC = ZoneInfo("UTC")

Screen = Callable[[UnitOfWork, SlotSearch], Awaitable[object]]
Lookup = Callable[[], Awaitable[object]]


async def _day(uow: UnitOfWork, search: SlotSearch) -> object:
    """Search the times of one day."""
    return await slots_of_day(
        uow, search, (search.now + timedelta(days=20)).astimezone(UTC).date(), _UTC
    )


async def _month(uow: UnitOfWork, search: SlotSearch) -> object:
    """Search the days of a month."""
    first = (search.now + timedelta(days=10)).astimezone(UTC).date()
    return await days_with_slots(uow, search, first, first + timedelta(days=29), _UTC)


SCREENS: dict[str, Screen] = {"soonest three": soonest_slots, "a day": _day, "a month": _month}


async def measure(scale: Scale, given: Databases, report: Report) -> None:
    """Search slots for every size and engine, with the sizes alternating."""
    for engine in given.engines:
        async with AsyncExitStack() as stack:
            contenders: dict[str, dict[str, Contender]] = {screen: {} for screen in SCREENS}
            for providers in scale.providers:
                await _add_contenders(stack, scale, given, engine, providers, contenders)
            for screen, runs in contenders.items():
                _report(
                    report,
                    scale,
                    f"{engine}, {screen}",
                    await alternate(runs, scale.lookup_rounds),
                )


async def _add_contenders(
    stack: AsyncExitStack,
    scale: Scale,
    given: Databases,
    engine: str,
    providers: int,
    contenders: dict[str, dict[str, Contender]],
) -> None:
    """Fill a venue, and add our search and the raw SQL as contenders for each screen."""
    url, venue = given.new(engine), Venue(NOW, providers, scale.reservations)
    began = time.perf_counter()
    fill(url, venue)
    print(
        f"{NAME}: filled {providers} providers on {engine} in {time.perf_counter() - began:.1f} s",
        flush=True,
    )
    database = Database(url)
    stack.push_async_callback(database.close)
    async with database.transaction() as uow:
        client = await uow.people.record_contact(Contact(_NEW_CLIENT, "New client"), NOW)
    driver = await stack.enter_async_context(bare(url, reading=True))
    for screen, find in SCREENS.items():
        searches = [
            SlotSearch(SlotChoice(number), client.id, _POLICY, NOW)
            for number in range(1, venue.crowded + 1)
        ]
        recordings = [await _recorded(database, find, search) for search in searches]
        ours = cycle([partial(_found, database, find, search) for search in searches])
        raw = cycle([partial(driver.replay, recording, {}) for recording in recordings])
        contenders[screen][_ours(providers)] = partial(_timed, ours, scale.lookups)
        contenders[screen][_raw(providers)] = partial(_timed, raw, scale.lookups)


async def _recorded(database: Database, find: Screen, search: SlotSearch) -> Recording:
    """Return the statements of one search."""
    with recorded(database._reader) as recording:  # noqa: SLF001  (recording needs the engine)
        async with database.snapshot() as uow:
            assert await find(uow, search)
    return recording


def _ours(providers: int) -> str:
    return f"ours at {providers:,} providers"


def _raw(providers: int) -> str:
    return f"raw SQL at {providers:,} providers"


async def _found(database: Database, find: Screen, search: SlotSearch) -> None:
    """Search slots."""
    async with database.snapshot() as uow:
        await find(uow, search)


async def _timed(lookups: Iterator[Lookup], count: int) -> dict[str, float]:
    """Time searches for the next providers; return the median, which ignores outliers."""
    times = []
    for look in islice(lookups, count):
        began = time.perf_counter()
        await look()
        times.append(time.perf_counter() - began)
    return {"time": 1e6 * median(times)}


def _report(report: Report, scale: Scale, case: str, samples: Samples) -> None:
    """Report one screen's results."""
    report.add_all(NAME, case, samples, {"time": _US})
    fewest, most = scale.providers[0], scale.providers[-1]
    for providers in scale.providers:
        measured = ratio(samples, "time", _ours(providers), _raw(providers))
        report.aim(NAME, case, f"ours / raw SQL at {providers:,} providers", measured, "≤", 8.0)
    growth: Spread = ratio(samples, "time", _ours(most), _ours(fewest))
    report.aim(NAME, case, f"growth to {most:,} providers", growth, "<", 1.5)
