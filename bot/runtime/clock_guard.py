"""Detects when the machine's wall clock is set, or when the machine was suspended."""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import timedelta

from bot.clock import Clock, system_clock

log = logging.getLogger(__name__)

_INTERVAL_SECONDS = 1.0
_JUMP_SECONDS = 1.0
_TOGETHER_SECONDS = 0.1


class ClockGuard:
    """Compares the wall clock with the monotonic clock once a second.

    APScheduler computes run times on the wall clock, so a job scheduled before the clock was set back waits for the length of the jump.
    A slow correction, as NTP makes it, is no jump: it changes the difference by far less than a second between two readings.
    """

    def __init__(
        self, *, wall: Clock = system_clock, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._offset = self._read()

    async def watch(self, moved: Callable[[timedelta], None]) -> None:
        """Call ``moved`` with the size of each jump, negative for a jump back, until cancelled.

        If ``moved`` raises, the error is logged and the jump is reported again a second later.
        """
        while True:
            await asyncio.sleep(_INTERVAL_SECONDS)
            self._check(moved)

    def _check(self, moved: Callable[[timedelta], None]) -> None:
        """Read the clocks, and report a jump since the last reading."""
        offset = self._read()
        jump = offset - self._offset
        if abs(jump) > _JUMP_SECONDS:
            log.warning("the system clock jumped by %+.1f s; all jobs are scheduled again", jump)
            try:
                moved(timedelta(seconds=jump))
            except Exception:
                log.exception("the jobs could not be scheduled again and will be in a second")
                return
        self._offset = offset

    def _read(self) -> float:
        """Return by how many seconds the wall clock is ahead of the monotonic clock.

        A process stopped between the two readings would see a jump where there is none, so they are repeated until they are close.
        """
        while True:
            before = self._monotonic()
            wall = self._wall().timestamp()
            if self._monotonic() - before < _TOGETHER_SECONDS:
                return wall - before
