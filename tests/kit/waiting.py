"""Waits for a condition that another task or process fulfils."""

import asyncio
from collections.abc import Callable


async def until(
    condition: Callable[[], object], *, every: float = 0.01, within: float = 30
) -> None:
    """Poll a condition until it is true; ``every`` and ``within`` are seconds.

    Raises:
        TimeoutError: it is still false after ``within``.
    """
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110  (the other side has no event to wait for)
            await asyncio.sleep(every)
