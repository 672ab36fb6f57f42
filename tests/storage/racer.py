"""One of several that do whatever comes to their minds with the same few slots, on a clock that all of them share."""

import asyncio
import random
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import text

from domain import errors
from domain.policy import BookingPolicy
from domain.reservation import Status
from domain.usecases.end_reservation import cancel_by_client, confirm_hold
from domain.usecases.expire_holds import expire_holds
from domain.usecases.hold_slot import SlotChoice, hold_slot
from storage.database import Database
from storage.unit_of_work import SqlUnitOfWork
from tests.storage.venue import NOW, OPENING

PROVIDERS = (1, 2)
CLIENTS = tuple(range(201, 213))
CELLS = 24
POLICIES = [
    BookingPolicy(slot_length=timedelta(minutes=15 * n), notice_period=timedelta(hours=1), holds_per_client=4) for n in (1, 2, 3, 4)
]


def set_clock(url: str) -> None:
    """Hang a clock into the file, for all who race there."""
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection, connection:
        connection.execute("CREATE TABLE clock AS SELECT 0 AS minute")


@dataclass
class Racer:
    """Does random things to random reservations.

    The clock stands in the file and moves on by three minutes with each transaction, so time never goes back from one commit to the
    next, and a fast machine sees as many holds run out as a slow one.
    """

    database: Database
    seed: int
    done: Counter[str] = field(default_factory=Counter)

    async def race(self, steps: int) -> None:
        choices = random.Random(self.seed)  # noqa: S311  (Nothing is kept secret by it.)
        for _ in range(steps):
            await self._step(choices)

    async def _step(self, choices: random.Random) -> None:
        act = choices.choice([self._hold, self._hold, self._hold, self._move, self._confirm, self._release, self._sweep])
        async with self.database.transaction() as uow:
            minute = await uow._connection.scalar(text("UPDATE clock SET minute = minute + 3 RETURNING minute"))
            try:
                async with uow.savepoint():
                    await act(uow, choices, NOW + timedelta(minutes=minute))
                    self.done[act.__name__] += 1
            except errors.Refusal as refused:
                self.done[refused.code] += 1

    async def _hold(
        self, uow: SqlUnitOfWork, choices: random.Random, now: datetime, moving: int | None = None, client: int | None = None
    ) -> None:
        policy = choices.choice(POLICIES)
        start = OPENING + choices.randrange(CELLS // policy.slot_cells) * policy.slot_cells
        choice = SlotChoice(client or choices.choice(CLIENTS), choices.choice(PROVIDERS), start, moving)
        await hold_slot(uow, policy, choice, now)

    async def _one_of(self, uow: SqlUnitOfWork, choices: random.Random, *statuses: Status) -> tuple[int, int]:
        for client in choices.sample(CLIENTS, len(CLIENTS)):
            # Asked as of the beginning, so that holds that ran out are among those that are tried.
            if found := [r.id for r in await uow.reservations.live_of_client(client, NOW) if r.status in statuses]:
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
    """Race in a process of one's own."""
    asyncio.run(_race(url, seed, steps))


async def _race(url: str, seed: int, steps: int) -> None:
    database = Database(url)
    try:
        await Racer(database, seed).race(steps)
    finally:
        await database.close()
