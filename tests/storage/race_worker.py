"""One of several that do whatever comes to their minds with the same few slots, on a clock that all of them share."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Integer, column, select, table, text

from domain import errors
from domain.policy import BookingPolicy
from domain.reservation import Status
from domain.usecases.end_reservation import cancel_by_client, confirm_hold
from domain.usecases.expire_holds import expire_holds
from domain.usecases.hold_slot import SlotChoice, hold_slot
from storage.database import Database
from storage.unit_of_work import SqlUnitOfWork
from tests.kit.clinic import NOW, OPENING
from tests.kit.raw_database import changes

PROVIDERS = (1, 2)
CLIENTS = tuple(range(201, 213))
CELLS = 24
POLICIES = [
    BookingPolicy(
        slot_length=timedelta(minutes=15 * n), notice_period=timedelta(hours=1), holds_per_client=4
    )
    for n in (1, 2, 3, 4)
]
Act = Callable[[SqlUnitOfWork, random.Random, datetime], Awaitable[None]]

# Many may look at the clock at once, on PostgreSQL too; whoever moves it waits until nobody does.
_LOOK = select(column("minute", Integer)).select_from(table("clock")).with_for_update(read=True)
_MOVE_ON = text("UPDATE clock SET minute = minute + 15")


def set_clock(url: str) -> None:
    """Hang a clock into the database, for all who race there."""
    changes(url, "CREATE TABLE clock AS SELECT 0 AS minute")


@dataclass
class RaceWorker:
    """Does random things to random reservations.

    The clock stands in the database and moves on by a quarter of an hour about every tenth step, while no transaction is under way: so
    time never goes back from one commit to the next, and a fast machine sees as many holds run out as a slow one.
    """

    database: Database
    seed: int
    done: Counter[str] = field(default_factory=Counter)

    async def race(self, steps: int) -> None:
        choices = random.Random(self.seed)  # noqa: S311  (Nothing is kept secret by it.)
        for _ in range(steps):
            await self._step(choices)

    async def _step(self, choices: random.Random) -> None:
        if choices.random() < 0.1:
            await self.database.write(lambda uow: uow._connection.execute(_MOVE_ON))
        act = choices.choice(
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
        self.done[await self.database.write(partial(self._did, act, choices))] += 1

    async def _did(self, act: Act, choices: random.Random, uow: SqlUnitOfWork) -> str:
        minute = await uow._connection.scalar(_LOOK)
        try:
            async with uow.savepoint():
                await act(uow, choices, NOW + timedelta(minutes=minute or 0))
        except errors.Refusal as refused:
            return refused.code
        return act.__name__

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
        choice = SlotChoice(
            client or choices.choice(CLIENTS), choices.choice(PROVIDERS), start, moving
        )
        await hold_slot(uow, policy, choice, now)

    async def _one_of(
        self, uow: SqlUnitOfWork, choices: random.Random, *statuses: Status
    ) -> tuple[int, int]:
        for client in choices.sample(CLIENTS, len(CLIENTS)):
            # Asked as of the beginning, so that holds that ran out are among those that are tried.
            if found := [
                r.id
                for r in await uow.reservations.live_of_client(client, NOW)
                if r.status in statuses
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
    """Race in a process of one's own."""
    asyncio.run(_race(url, seed, steps))


async def _race(url: str, seed: int, steps: int) -> None:
    database = Database(url)
    try:
        await RaceWorker(database, seed).race(steps)
    finally:
        await database.close()
