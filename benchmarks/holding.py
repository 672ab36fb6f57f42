"""Hold and confirm, as two transactions, by one person and by many at once, against the same statements on the bare driver."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from itertools import count

from benchmarks.bare import BarePostgres, BareSqlite, Recording, bare, recorded
from benchmarks.databases import SQLITE, Databases
from benchmarks.report import Report
from benchmarks.rounds import alternate, ratio
from benchmarks.scale import Scale
from benchmarks.venue import FIRST_CLIENT, FIRST_PROVIDER, Venue, fill
from domain.policy import BookingPolicy
from domain.usecases.end_reservation import confirm_hold
from domain.usecases.hold_slot import SlotChoice, hold_slot
from storage.database import Database
from tests.kit.clinic import NOW
from tests.kit.raw_database import changes

NAME = "holding"
_OURS, _BARE = "ours", "bare driver"
_PROVIDERS = 400
# What is recorded: the last provider's first slot, whose numbers are like no others.
_RECORDED = _PROVIDERS - 1
_FIRST_NUMBER = 770_001
_POLICY = BookingPolicy()
_LIMITS = {SQLITE: 0.25}
_LIMIT = 0.4

Once = Callable[[int], Awaitable[None]]
"""Hold and confirm the slot of this number."""


def _slot(venue: Venue, number: int) -> tuple[int, int, int]:
    """Return the client, the provider and the first cell of a slot by its number: no two are in each other's way."""
    provider = number % _PROVIDERS + 1
    return FIRST_CLIENT + provider, provider, venue.cell(number // _PROVIDERS)


async def measure(scale: Scale, given: Databases, report: Report) -> None:
    """Compare ours with the bare driver at every number of people, on every engine."""
    for engine in given.engines:
        url, venue = given.new(engine), Venue(NOW, _PROVIDERS, clients=_PROVIDERS)
        fill(url, venue)
        changes(url, _number_from(url, _FIRST_NUMBER))
        database = Database(url)
        try:
            async with bare(url) as driver:
                await _compared(scale, report, engine, venue, database, driver)
        finally:
            await database.close()


async def _compared(
    scale: Scale,
    report: Report,
    engine: str,
    venue: Venue,
    database: Database,
    driver: BareSqlite | BarePostgres,
) -> None:
    """Compare ours with the bare driver on one engine."""
    numbers = count(_PROVIDERS)
    spoken = await _recorded(database, venue)
    ways: dict[str, Once] = {
        _OURS: partial(_ours, database, venue),
        _BARE: partial(_played, driver, spoken, venue),
    }
    for people in scale.at_once:
        contenders = {
            name: partial(_run, once, numbers, people, scale.holding_seconds)
            for name, once in ways.items()
        }
        samples = await alternate(contenders, scale.rounds)
        case = f"{engine}, {people} at once"
        report.add_all(NAME, case, samples, {"bookings a second": "1/s"})
        compared = ratio(samples, "bookings a second", _OURS, _BARE)
        report.aim(NAME, case, "ours / bare driver", compared, "≥", _LIMITS.get(engine, _LIMIT))


async def _ours(database: Database, venue: Venue, number: int) -> None:
    """Hold and confirm a slot, each in a transaction of its own."""
    client, provider, cell = _slot(venue, number)
    async with database.transaction() as uow:
        hold = await hold_slot(uow, _POLICY, SlotChoice(client, provider, cell), NOW)
    async with database.transaction() as uow:
        await confirm_hold(uow, _POLICY, hold.id, client, NOW)


async def _played(
    driver: BareSqlite | BarePostgres,
    spoken: tuple[Recording, Recording],
    venue: Venue,
    number: int,
) -> None:
    """The same with what was recorded."""
    hold, confirm = spoken
    client, provider, cell = _slot(venue, number)
    stood, providers, first = _slot(venue, _RECORDED)
    values: dict[object, object] = {
        stood: client,
        providers: provider,
        first: cell,
        first + 1: cell + 1,
    }
    values[FIRST_PROVIDER + providers] = FIRST_PROVIDER + provider
    firsts = await driver.play(hold, values)
    (reservation,) = firsts[
        next(
            at
            for at, (sql, *_) in enumerate(hold.statements)
            if sql.startswith("INSERT INTO reservation")
        )
    ]
    await driver.play(confirm, values | {_FIRST_NUMBER: reservation})


async def _recorded(database: Database, venue: Venue) -> tuple[Recording, Recording]:
    """Record what a hold and its confirmation send; the reservation is the first there is."""
    client, provider, cell = _slot(venue, _RECORDED)
    with recorded(database._writer) as hold:  # noqa: SLF001  (only the engine knows what goes over it)
        async with database.transaction() as uow:
            made = await hold_slot(uow, _POLICY, SlotChoice(client, provider, cell), NOW)
    assert made.id == _FIRST_NUMBER
    with recorded(database._writer) as confirm:  # noqa: SLF001  (the same)
        async with database.transaction() as uow:
            await confirm_hold(uow, _POLICY, made.id, client, NOW)
    return hold, confirm


async def _run(once: Once, numbers: Iterator[int], people: int, seconds: float) -> dict[str, float]:
    """Have so many people book at once, each one slot after the other, for a while."""
    began = time.perf_counter()
    done = 0

    async def person() -> None:
        nonlocal done
        while time.perf_counter() - began < seconds:
            await once(next(numbers))
            done += 1

    await asyncio.gather(*(person() for _ in range(people)))
    return {"bookings a second": done / (time.perf_counter() - began)}


def _number_from(url: str, number: int) -> str:
    """Return the statement after which the next reservation has this number: one that no other value of a recording can be mistaken for."""
    if url.startswith("postgresql:"):
        return f"ALTER SEQUENCE reservation_id_seq RESTART WITH {number}"
    columns = "id, provider_id, client_id, start_cell, end_cell, status, held_at"
    return f"INSERT INTO reservation ({columns}) VALUES ({number - 1}, 1, {FIRST_CLIENT + 1}, 0, 1, 'completed', 0)"
