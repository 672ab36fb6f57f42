"""Ends tasks when the bot stops."""

import asyncio
from collections.abc import Collection

_DRAIN_SECONDS = 3.0


async def drain(
    tasks: Collection["asyncio.Task[None]"], *, seconds: float = _DRAIN_SECONDS
) -> None:
    """Wait up to ``seconds`` for tasks to finish, then cancel the rest.

    If this call is cancelled, it cancels the tasks at once.
    """
    ending = set(tasks)
    try:
        if ending:
            await asyncio.wait(ending, timeout=seconds)
    finally:
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)
