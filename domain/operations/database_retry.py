"""Retry after a transaction conflict or while the database is unavailable."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from domain.ports import DatabaseAway, TransactionConflict

Result = TypeVar("Result")

_MAX_TRIES = 8
_MAX_CONFLICT_DELAY = 0.05
_INITIAL_BACKOFF, _MAX_BACKOFF = 0.1, 2.0


async def retry_on_conflict(attempt: Callable[[], Awaitable[Result]]) -> Result:
    """Run an attempt and retry it after random delays on a conflict; raise the last error."""
    for _ in range(_MAX_TRIES - 1):
        try:
            return await attempt()
        except TransactionConflict:
            await asyncio.sleep(random.uniform(0, _MAX_CONFLICT_DELAY))  # noqa: S311  (not used for security)
    return await attempt()


async def retry_while_unavailable(
    attempt: Callable[[], Awaitable[Result]], *, seconds: float
) -> Result:
    """Run an attempt and retry with backoff while the database is unavailable.

    Raises DatabaseAway if it is still unavailable after ``seconds``.
    """
    wait, deadline = _INITIAL_BACKOFF, time.monotonic() + seconds
    while time.monotonic() + wait < deadline:
        try:
            return await attempt()
        except DatabaseAway:
            await asyncio.sleep(wait)
            wait = min(2 * wait, _MAX_BACKOFF)
    return await attempt()
