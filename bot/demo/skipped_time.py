"""How time passes in the demo: a skip of the clock stops at every instant at which something falls due."""

import asyncio
import logging
from datetime import timedelta

from bot.app import App
from simulator.state.clock import DemoClock

log = logging.getLogger(__name__)


class Passage:
    """Moves the clock as time would have moved it.

    The warning of a hold comes before its end even where a day is skipped at once, because each is done at its own instant.
    """

    def __init__(self, clock: DemoClock) -> None:
        self._clock = clock
        self._wanted: asyncio.Queue[timedelta] = asyncio.Queue()

    def skip(self, by: timedelta) -> None:
        """Have so much time pass, after what is passing already; raises ValueError for what is not forward."""
        if by <= timedelta():
            raise ValueError("time only goes forward")
        self._wanted.put_nowait(by)

    async def run(self, app: App) -> None:
        """Let time pass for this bot, skip by skip, until cancelled."""
        while True:
            left = await self._wanted.get()
            try:
                while (wait := await self._wait(app)) and wait <= left:
                    self._clock.skip(wait)
                    left -= wait
                    await app.jobs.run_due()
                    await app.relay.idle()
            except Exception:
                log.exception("what fell due on the way could not be done and will be tried again")
            if left:
                self._clock.skip(left)
            # The alarm was set by a clock that has moved since.
            app.alarm.soon()

    async def _wait(self, app: App) -> timedelta | None:
        """Return how long it is until something falls due; None where nothing will, or is due already and stays so."""
        due = await app.jobs.next_due()
        wait = due - self._clock() if due is not None else timedelta()
        return wait if wait > timedelta() else None
