"""What all kinds of trouble have in common."""

import asyncio
from collections.abc import Awaitable, Callable

from simulation.world.stage import Stage
from simulation.world.streams import Stream

# While people pause for hours, so much of the trouble is left.
_WHEN_QUIET = 0.05


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

    def is_spared(self) -> bool:
        """Return whether trouble does not come this time, because people pause for hours."""
        return self.stage.is_quiet() and not self.random.chance(_WHEN_QUIET)

    def repeat(self, mean_seconds: float, cause: Callable[[], Awaitable[None]]) -> None:
        """Cause something again and again, after random waits with this mean."""
        self.stage.people_loop.start(self._repeat(mean_seconds, cause))

    async def _repeat(self, mean_seconds: float, cause: Callable[[], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(self.random.exponential(mean_seconds))
            if not self.active:
                return
            if not self.is_spared():
                await cause()
