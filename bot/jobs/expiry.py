"""Holds that have run out, ended batch by batch, so that others can write in between; several at a time where the database bears it."""

import asyncio

from bot.clock import Clock
from bot.ports import WritableDatabase
from domain.policy import BookingPolicy
from domain.usecases.expire_holds import BATCH, expire_holds


async def end_overdue_holds(
    database: WritableDatabase, policy: BookingPolicy, clock: Clock
) -> None:
    """End all holds that have run out; raises DatabaseAway, with what was ended by then ended for good."""

    async def is_full_batch() -> bool:
        return (
            await database.write(lambda work: expire_holds(work, policy, clock(), limit=BATCH))
            == BATCH
        )

    async def end_the_rest() -> None:
        while await is_full_batch():
            pass

    if await is_full_batch():
        sweepers = [end_the_rest() for _ in range(database.max_concurrent_writes)]
        for failure in await asyncio.gather(*sweepers, return_exceptions=True):
            if failure is not None:
                raise failure
