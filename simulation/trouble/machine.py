"""The bot's machine stands still, or its clock is wrong."""

import asyncio
from datetime import timedelta

from simulation.trouble.kind import Kind

_MEAN_SECONDS_BETWEEN_PAUSES = 30.0
_PAUSES_AT_DEADLINES = 0.8
_MEAN_SECONDS_BETWEEN_JUMPS = 900.0
_CLOCK_ERRORS = (0.0, 2.0, -2.0, 90.0, -90.0, 3600.0, -3600.0)


class Pauses(Kind):
    """Lets a process stand still for seconds, more often when a hold is about to end."""

    def begin(self) -> None:
        """Begin."""
        super().begin()
        self.repeat(_MEAN_SECONDS_BETWEEN_PAUSES, self._pause)

    async def _pause(self) -> None:
        wait = self.stage.seconds_to_next_deadline()
        if wait is not None and self.random.chance(_PAUSES_AT_DEADLINES):
            await asyncio.sleep(max(0.0, wait - self.random.between(0.0, 0.5)))
        if self.active and self.stage.processes:
            self.faults += 1
            process = self.random.choose(self.stage.processes)
            seconds = self.random.between(0.1, 4.0)
            process.loop.pause(seconds)
            # The process may have locked the file for another one.
            self.stage.expect_locked(seconds)


class WrongClock(Kind):
    """Sets the machine's clock wrong, by seconds or by an hour, and right again."""

    def begin(self) -> None:
        """Begin."""
        super().begin()
        self.repeat(_MEAN_SECONDS_BETWEEN_JUMPS, self._set)

    def end(self) -> None:
        """Set the clock right."""
        super().end()
        self.stage.clock_error = timedelta()

    async def _set(self) -> None:
        self.faults += 1
        error = self.random.choose(_CLOCK_ERRORS)
        self.stage.note(f"the clock is {error:+.0f} s wrong")
        self.stage.clock_error = timedelta(seconds=error)
        self.stage.clock_set_at = self.stage.kernel.now
