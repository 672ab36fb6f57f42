"""Retry after a transaction conflict or while the database is unavailable."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import islice
from typing import TypeVar

from domain.failures import DatabaseAway, TransactionConflict
from domain.operations.backoff import Backoff

Result = TypeVar("Result")

_MAX_TRIES = 8
_CONFLICT = Backoff(0.05, maximum=0.05, jitter=True)
_UNAVAILABLE = Backoff(0.1, maximum=2.0)


async def retry_on_conflict(attempt: Callable[[], Awaitable[Result]]) -> Result:
    """Run an attempt and retry it after random delays on a conflict; raise the last error."""
    for wait in islice(_CONFLICT.waits(), _MAX_TRIES - 1):
        try:
            return await attempt()
        except TransactionConflict:
            await asyncio.sleep(wait)
    return await attempt()


async def retry_while_unavailable(
    attempt: Callable[[], Awaitable[Result]], *, seconds: float
) -> Result:
    """Run an attempt and retry with backoff while the database is unavailable.

    Raises DatabaseAway if it is still unavailable after ``seconds``.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    for wait in _UNAVAILABLE.waits():
        if loop.time() + wait >= deadline:
            break
        try:
            return await attempt()
        except DatabaseAway:
            await asyncio.sleep(wait)
    return await attempt()
