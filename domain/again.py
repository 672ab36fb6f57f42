"""Do again what met somebody else's transaction."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from domain.ports import TransactionConflict

Result = TypeVar("Result")

_TRIES = 8
_LONGEST_STEP_ASIDE = 0.05


async def again_on_conflict(attempt: Callable[[], Awaitable[Result]]) -> Result:
    """Make an attempt, and a few more after a moment each where a transaction conflicts; raises what the last one raises."""
    for _ in range(_TRIES - 1):
        try:
            return await attempt()
        except TransactionConflict:
            await asyncio.sleep(random.uniform(0, _LONGEST_STEP_ASIDE))  # noqa: S311  (nobody gains by guessing it)
    return await attempt()
