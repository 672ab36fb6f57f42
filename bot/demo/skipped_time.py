"""Skips the demo's clock forward, and stops at each instant at which something is due."""

import asyncio
import logging
from datetime import timedelta

from bot.app import App
from simulator.state.clock import DemoClock

log = logging.getLogger(__name__)


class SkippedTime:
    """Moves the clock forward step by step.

    Each due job runs at its own instant: a hold's warning precedes its end even in a skip of a day.
    """

    def __init__(self, clock: DemoClock) -> None:
        self._clock = clock
        self._skips: asyncio.Queue[timedelta] = asyncio.Queue()

    def skip(self, by: timedelta) -> None:
        """Queue a skip; raise ValueError unless it is forward."""
        if by <= timedelta():
            raise ValueError("time can only be skipped forward")
        self._skips.put_nowait(by)

    async def run(self, app: App) -> None:
        """Skip the time of this bot's clock as requested, until cancelled."""
        while True:
            left = await self._skips.get()
            try:
                while (wait := await self._time_until_due(app)) and wait <= left:
                    self._clock.skip(wait)
                    left -= wait
                    await app.jobs.run_due()
                    await app.relay.idle()
            except Exception:
                log.exception("cannot run due jobs during a skip; they will be retried")
            if left:
                self._clock.skip(left)
            # The alarm was set before the clock moved.
            app.alarm.soon()

    async def _time_until_due(self, app: App) -> timedelta | None:
        """Return the time until the next job is due; None if none is, or one is overdue."""
        due = await app.jobs.next_due()
        wait = due - self._clock() if due is not None else timedelta()
        return wait if wait > timedelta() else None
