"""Hold and confirm in two transactions, against the same statements on the bare driver."""

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
from benchmarks.venue import A_SLOT, FIRST_CLIENT, FIRST_PROVIDER, Venue, fill
from domain.choice import SlotChoice
from domain.policy import BookingPolicy
from domain.usecases.end_reservation import confirm_hold
from domain.usecases.hold_slot import hold_slot
from storage.database import Database
from tests.kit.clinic import NOW
from tests.kit.raw_database import run_sql

NAME = "holding"
_OURS, _BARE = "ours", "bare driver"
_PROVIDERS = 400
# The recorded slot: its provider's number occurs nowhere else in the recording.
_RECORDED = _PROVIDERS - 1
_FIRST_NUMBER = 770_001
_POLICY = BookingPolicy()
_LIMITS = {SQLITE: 0.25}
_LIMIT = 0.4

Once = Callable[[int], Awaitable[None]]
"""Holds and confirms the slot with this number."""


def _slot(venue: Venue, number: int) -> tuple[int, int, int]:
    """Return client, provider and first cell of a slot; different numbers do not conflict."""
    provider = number % _PROVIDERS + 1
    return FIRST_CLIENT + provider, provider, venue.cell(number // _PROVIDERS)


async def measure(scale: Scale, given: Databases, report: Report) -> None:
    """Compare our code with the bare driver for each number of people, on every engine."""
    for engine in given.engines:
        url, venue = given.new(engine), Venue(NOW, _PROVIDERS, clients=_PROVIDERS)
        fill(url, venue)
        run_sql(url, _number_from(url, _FIRST_NUMBER))
        database = Database(url)
        try:
            async with bare(url) as driver:
                await _compare(scale, report, engine, venue, database, driver)
        finally:
            await database.close()


async def _compare(
    scale: Scale,
    report: Report,
    engine: str,
    venue: Venue,
    database: Database,
    driver: BareSqlite | BarePostgres,
) -> None:
    """Compare our code with the bare driver on one engine."""
    numbers = count(_PROVIDERS)
    recordings = await _recorded(database, venue)
    contenders_once: dict[str, Once] = {
        _OURS: partial(_ours, database, venue),
        _BARE: partial(_replay, driver, recordings, venue),
    }
    for people in scale.at_once:
        contenders = {
            name: partial(_run, once, numbers, people, scale.holding_seconds)
            for name, once in contenders_once.items()
        }
        samples = await alternate(contenders, scale.rounds)
        case = f"{engine}, {people} at once"
        report.add_all(NAME, case, samples, {"bookings a second": "1/s"})
        compared = ratio(samples, "bookings a second", _OURS, _BARE)
        report.aim(NAME, case, "ours / bare driver", compared, "≥", _LIMITS.get(engine, _LIMIT))


async def _ours(database: Database, venue: Venue, number: int) -> None:
    """Hold and confirm a slot in two transactions."""
    client, provider, cell = _slot(venue, number)
    async with database.transaction() as uow:
        hold = await hold_slot(uow, _POLICY, client, SlotChoice(provider, cell), NOW)
    async with database.transaction() as uow:
        await confirm_hold(uow, _POLICY, hold.id, client, NOW)


async def _replay(
    driver: BareSqlite | BarePostgres,
    recordings: tuple[Recording, Recording],
    venue: Venue,
    number: int,
) -> None:
    """Replay the recordings for another slot."""
    hold, confirm = recordings
    client, provider, cell = _slot(venue, number)
    recorded_client, providers, first = _slot(venue, _RECORDED)
    values: dict[object, object] = {
        recorded_client: client,
        providers: provider,
        **{first + n: cell + n for n in range(A_SLOT + 1)},
    }
    values[FIRST_PROVIDER + providers] = FIRST_PROVIDER + provider
    firsts = await driver.replay(hold, values)
    (reservation,) = firsts[
        next(
            at
            for at, (sql, *_) in enumerate(hold.statements)
            if sql.startswith("INSERT INTO reservation")
        )
    ]
    await driver.replay(confirm, values | {_FIRST_NUMBER: reservation})


async def _recorded(database: Database, venue: Venue) -> tuple[Recording, Recording]:
    """Record the statements of a hold and its confirmation."""
    client, provider, cell = _slot(venue, _RECORDED)
    with recorded(database._writer) as hold:  # noqa: SLF001  (recording needs the engine)
        async with database.transaction() as uow:
            made = await hold_slot(uow, _POLICY, client, SlotChoice(provider, cell), NOW)
    assert made.id == _FIRST_NUMBER
    hold.added = made.id
    with recorded(database._writer) as confirm:  # noqa: SLF001  (as above)
        async with database.transaction() as uow:
            await confirm_hold(uow, _POLICY, made.id, client, NOW)
    return hold, confirm


async def _run(once: Once, numbers: Iterator[int], people: int, seconds: float) -> dict[str, float]:
    """Let people book at once, one slot after another, for some seconds."""
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
    """Return a statement that sets the next reservation's id to a number unique in a recording."""
    if url.startswith("postgresql:"):
        return f"ALTER SEQUENCE reservation_id_seq RESTART WITH {number}"
    columns = "id, provider_id, client_id, start_cell, end_cell, status, held_at, revision"
    return (
        f"INSERT INTO reservation ({columns}) "
        f"VALUES ({number - 1}, 1, {FIRST_CLIENT + 1}, 0, 1, 'completed', 0, 1)"
    )
