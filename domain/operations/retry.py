"""Do again what met somebody else's transaction, or found nobody there."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from domain.ports import DatabaseAway, TransactionConflict

Result = TypeVar("Result")

_TRIES = 8
_LONGEST_STEP_ASIDE = 0.05
_FIRST_WAIT, _LONGEST_WAIT = 0.1, 2.0


async def again_on_conflict(attempt: Callable[[], Awaitable[Result]]) -> Result:
    """Make an attempt, and a few more after a moment each where a transaction conflicts; raises what the last one raises."""
    for _ in range(_TRIES - 1):
        try:
            return await attempt()
        except TransactionConflict:
            await asyncio.sleep(random.uniform(0, _LONGEST_STEP_ASIDE))  # noqa: S311  (nobody gains by guessing it)
    return await attempt()


async def again_while_away(attempt: Callable[[], Awaitable[Result]], *, seconds: float) -> Result:
    """Make an attempt, and again and again while the database is away; raises DatabaseAway where it still is after so many seconds."""
    wait, deadline = _FIRST_WAIT, time.monotonic() + seconds
    while time.monotonic() + wait < deadline:
        try:
            return await attempt()
        except DatabaseAway:
            await asyncio.sleep(wait)
            wait = min(2 * wait, _LONGEST_WAIT)
    return await attempt()
