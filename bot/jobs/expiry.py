"""Expires overdue holds in batches, so that other transactions can write in between.

On a database with concurrent writers, several batches run at the same time.
"""

import asyncio

from bot.clock import Clock
from bot.ports import WritableDatabase
from domain.policy import BookingPolicy
from domain.usecases.expire_holds import BATCH, expire_holds


async def expire_overdue_holds(
    database: WritableDatabase, policy: BookingPolicy, clock: Clock
) -> None:
    """Expire all overdue holds; raises DatabaseAway, and keeps the batches committed by then."""

    async def expire_full_batch() -> bool:
        expired = await database.write(lambda uow: expire_holds(uow, policy, clock(), limit=BATCH))
        return expired == BATCH

    async def expire_rest() -> None:
        while await expire_full_batch():
            pass

    if await expire_full_batch():
        workers = [expire_rest() for _ in range(database.max_concurrent_writes)]
        for failure in await asyncio.gather(*workers, return_exceptions=True):
            if failure is not None:
                raise failure
