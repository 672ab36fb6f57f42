"""How time passes in the demo: a skip of the clock stops at every instant at which something falls due."""

import asyncio
import logging
from datetime import timedelta

from bot.app import House
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

    async def run(self, house: House) -> None:
        """Let time pass for this bot, skip by skip, until cancelled."""
        while True:
            left = await self._wanted.get()
            try:
                while (wait := await self._wait(house)) and wait <= left:
                    self._clock.skip(wait)
                    left -= wait
                    await house.jobs.run_due()
                    await house.courier.idle()
            except Exception:
                log.exception("what fell due on the way could not be done and will be tried again")
            if left:
                self._clock.skip(left)
            # The alarm was set by a clock that has moved since.
            house.wakeup.soon()

    async def _wait(self, house: House) -> timedelta | None:
        """Return how long it is until something falls due; None where nothing will, or is due already and stays so."""
        due = await house.jobs.next_due()
        wait = due - self._clock() if due is not None else timedelta()
        return wait if wait > timedelta() else None
