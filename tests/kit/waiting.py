"""Waiting for what another task brings about."""

import asyncio
from collections.abc import Callable


async def until(
    condition: Callable[[], object], *, every: float = 0.01, within: float = 30
) -> None:
    """Wait for what another task brings about, looking every so many seconds; raises TimeoutError where it does not come in time."""
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110  (the far side has no event to set)
            await asyncio.sleep(every)
