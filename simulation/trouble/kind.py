"""What all kinds of trouble have in common."""

import asyncio
from collections.abc import Awaitable, Callable

from simulation.world.stage import Stage
from simulation.world.streams import Stream


class Kind:
    """One kind of trouble, with random numbers of its own. It counts the faults that it causes."""

    def __init__(self, stage: Stage, name: str) -> None:
        self.faults = 0
        self.active = False
        self.stage = stage
        self.random: Stream = stage.stream(f"trouble {name}")

    def begin(self) -> None:
        """Cause trouble from now on."""
        self.active = True

    def end(self) -> None:
        """Cause no more trouble, and leave nothing of it."""
        self.active = False

    def after_step(self) -> None:
        """Do what depends on the number of steps."""

    def repeat(self, mean_seconds: float, cause: Callable[[], Awaitable[None]]) -> None:
        """Cause something again and again, after random waits with this mean."""
        self.stage.people_loop.start(self._repeat(mean_seconds, cause))

    async def _repeat(self, mean_seconds: float, cause: Callable[[], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(self.random.exponential(mean_seconds))
            if not self.active:
                return
            await cause()
