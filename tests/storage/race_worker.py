"""A process that performs random actions on the same few slots, with a clock shared by all."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Integer, column, select, table, text

from domain import errors
from domain.choice import SlotChoice
from domain.policy import BookingPolicy
from domain.reservation import Status
from domain.usecases.end_reservation import cancel_by_client, confirm_hold
from domain.usecases.expire_holds import expire_holds
from domain.usecases.hold_slot import hold_slot
from storage.database import Database
from storage.unit_of_work import SqlUnitOfWork
from tests.kit.cells import QUARTER
from tests.kit.clinic import NOW, OPENING
from tests.kit.raw_database import run_sql

PROVIDERS = (1, 2)
CLIENTS = tuple(range(201, 213))
CELLS = 24 * QUARTER
POLICIES = [
    BookingPolicy(
        slot_length=timedelta(minutes=15 * n), notice_period=timedelta(hours=1), holds_per_client=4
    )
    for n in (1, 2, 3, 4)
]
Action = Callable[[SqlUnitOfWork, random.Random, datetime], Awaitable[None]]

# Many transactions may read the clock at once; advancing it waits until none does.
_READ_CLOCK = (
    select(column("minute", Integer)).select_from(table("clock")).with_for_update(read=True)
)
_ADVANCE_CLOCK = text("UPDATE clock SET minute = minute + 15")


def set_clock(url: str) -> None:
    """Create the clock in the database."""
    run_sql(url, "CREATE TABLE clock AS SELECT 0 AS minute")


@dataclass
class RaceWorker:
    """Performs random actions on random reservations.

    The clock is a row that advances by 15 minutes about every tenth step, between transactions. So
    time never goes back from one commit to the next, and as many holds expire on a fast machine as
    on a slow one.
    """

    database: Database
    seed: int
    done: Counter[str] = field(default_factory=Counter)

    async def race(self, steps: int) -> None:
        choices = random.Random(self.seed)  # noqa: S311
        for _ in range(steps):
            await self._step(choices)

    async def _step(self, choices: random.Random) -> None:
        if choices.random() < 0.1:
            await self.database.write(lambda uow: uow.connection.execute(_ADVANCE_CLOCK))
        action = choices.choice(
            [
                self._hold,
                self._hold,
                self._hold,
                self._move,
                self._confirm,
                self._confirm,
                self._release,
                self._sweep,
            ]
        )
        self.done[await self.database.write(partial(self._perform, action, choices))] += 1

    async def _perform(self, action: Action, choices: random.Random, uow: SqlUnitOfWork) -> str:
        minute = await uow.connection.scalar(_READ_CLOCK)
        try:
            async with uow.savepoint():
                await action(uow, choices, NOW + timedelta(minutes=minute or 0))
        except errors.Refusal as refused:
            return refused.code
        return action.__name__

    async def _hold(
        self,
        uow: SqlUnitOfWork,
        choices: random.Random,
        now: datetime,
        moving: int | None = None,
        client: int | None = None,
    ) -> None:
        policy = choices.choice(POLICIES)
        start = OPENING + choices.randrange(CELLS // policy.slot_cells) * policy.slot_cells
        client = client or choices.choice(CLIENTS)
        choice = SlotChoice(choices.choice(PROVIDERS), start, moving)
        await hold_slot(uow, policy, client, choice, now)

    async def _one_of(
        self, uow: SqlUnitOfWork, choices: random.Random, *statuses: Status
    ) -> tuple[int, int]:
        for client in choices.sample(CLIENTS, len(CLIENTS)):
            # Uses the start time, so that overdue holds are tried too.
            if found := [
                r.id for r in await uow.queries.bookings(client, NOW) if r.status in statuses
            ]:
                return choices.choice(found), client
        raise errors.ReservationUnknown

    async def _move(self, uow: SqlUnitOfWork, choices: random.Random, now: datetime) -> None:
        number, client = await self._one_of(uow, choices, Status.HELD)
        await self._hold(uow, choices, now, number, client)

    async def _confirm(self, uow: SqlUnitOfWork, choices: random.Random, now: datetime) -> None:
        number, client = await self._one_of(uow, choices, Status.HELD)
        await confirm_hold(uow, POLICIES[0], number, client, now)

    async def _release(self, uow: SqlUnitOfWork, choices: random.Random, now: datetime) -> None:
        number, client = await self._one_of(uow, choices, Status.HELD, Status.CONFIRMED)
        await cancel_by_client(uow, POLICIES[0], number, client, now)

    async def _sweep(self, uow: SqlUnitOfWork, choices: random.Random, now: datetime) -> None:
        if not await expire_holds(uow, POLICIES[0], now, limit=choices.randint(1, 3)):
            raise errors.ReservationUnknown


def race(url: str, seed: int, steps: int) -> None:
    """Run a race worker; the entry point of a process."""
    asyncio.run(_race(url, seed, steps))


async def _race(url: str, seed: int, steps: int) -> None:
    database = Database(url)
    try:
        await RaceWorker(database, seed).race(steps)
    finally:
        await database.close()
