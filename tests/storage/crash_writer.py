"""A process that holds, confirms and sweeps, reports each commit, and may be killed at any time."""

import asyncio
import random
from datetime import datetime, timedelta

from domain import errors
from domain.choice import SlotChoice
from domain.policy import BookingPolicy
from domain.usecases.end_reservation import confirm_hold
from domain.usecases.expire_holds import expire_holds
from domain.usecases.hold_slot import hold_slot
from storage.database import Database
from tests.kit.cells import DAY, QUARTER
from tests.kit.clinic import OPENING
from tests.kit.sampling import seeded

CELLS, LENGTH = 20 * DAY, 3 * QUARTER
CLIENTS = tuple(range(401, 421))
PROVIDERS = (1, 2)
POLICY = BookingPolicy(slot_length=timedelta(minutes=45), holds_per_client=100)


def report(action: str, number: int) -> None:
    """Print what was committed. Call this after the commit, never before."""
    print(action, number, flush=True)  # noqa: T201  (the test reads it)


def work(url: str, seed: int, now: str) -> None:
    """Hold, confirm and sweep until killed."""
    asyncio.run(_work(url, seeded(seed), datetime.fromisoformat(now)))


async def _work(url: str, choices: random.Random, now: datetime) -> None:
    database = Database(url)
    while True:
        now += timedelta(minutes=1)
        await _hold(database, choices, now)
        await _sweep(database, now)


async def _hold(database: Database, choices: random.Random, now: datetime) -> None:
    start = OPENING + choices.randrange(CELLS // LENGTH) * LENGTH
    client = choices.choice(CLIENTS)
    try:
        async with database.transaction() as uow:
            held = await hold_slot(
                uow, POLICY, client, SlotChoice(choices.choice(PROVIDERS), start), now
            )
    except errors.Refusal:
        return
    report("held", held.id)
    if choices.random() < 0.3:
        async with database.transaction() as uow:
            await confirm_hold(uow, POLICY, held.id, client, now)
        report("confirmed", held.id)


async def _sweep(database: Database, now: datetime) -> None:
    async with database.transaction() as uow:
        ended = await expire_holds(uow, POLICY, now)
    if ended:
        report("expired", ended)
