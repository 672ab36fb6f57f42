"""Detects changes of the system clock, and suspensions of the machine."""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import timedelta

from bot.clock import Clock, system_clock

log = logging.getLogger(__name__)

CLOCK_CHECK = timedelta(seconds=1)
_MIN_JUMP_SECONDS = 1.0
_MAX_READ_SECONDS = 0.1


class ClockGuard:
    """Compares the wall clock with the monotonic clock, usually once a second.

    APScheduler computes run times on the wall clock, so after the clock is set back, scheduled jobs
    are late by the length of the jump. Slow corrections, like those of NTP, are not jumps: between
    two readings they change the difference by far less than a second.
    """

    def __init__(
        self,
        *,
        wall: Clock = system_clock,
        monotonic: Callable[[], float] = time.monotonic,
        interval: timedelta = CLOCK_CHECK,
    ) -> None:
        self._interval = interval.total_seconds()
        self._wall = wall
        self._monotonic = monotonic
        self._offset = self._read()

    async def watch(self, moved: Callable[[timedelta], None]) -> None:
        """Call ``moved`` with the size of each jump, negative for a jump back, until cancelled.

        If ``moved`` raises, log the error and report the jump again the next time.
        """
        while True:
            await asyncio.sleep(self._interval)
            self._check(moved)

    def _check(self, moved: Callable[[timedelta], None]) -> None:
        """Read the clocks, and report a jump since the last reading."""
        offset = self._read()
        jump = offset - self._offset
        if abs(jump) > _MIN_JUMP_SECONDS:
            log.warning("the system clock jumped by %+.1f s; all jobs are scheduled again", jump)
            try:
                moved(timedelta(seconds=jump))
            except Exception:
                log.exception("the jobs could not be scheduled again and will be in a second")
                return
        self._offset = offset

    def _read(self) -> float:
        """Return how many seconds the wall clock is ahead of the monotonic clock.

        If the process stops between the two readings, they look like a jump. Repeat them until they
        are close together.
        """
        while True:
            before = self._monotonic()
            wall = self._wall().timestamp()
            if self._monotonic() - before < _MAX_READ_SECONDS:
                return wall - before
