"""The alarm of the jobs: one APScheduler job for the earliest instant at which something falls due."""

import asyncio
from contextvars import Context
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.clock import Clock, system_clock

_JOB = "wakeup"
_BREATH = timedelta(milliseconds=50)


class Wakeup:
    """Rings when something falls due. It holds no business state: what is due is asked of the database each time."""

    def __init__(self, scheduler: AsyncIOScheduler, clock: Clock) -> None:
        self._scheduler = scheduler
        self._clock = clock
        self._bell = asyncio.Event()
        self._set_for: datetime | None = None

    def at(self, moment: datetime) -> None:
        """Ring at this instant, unless it will ring before anyway."""
        if self._set_for is not None and self._set_for <= moment:
            return
        self._set_for = moment
        # The scheduler knows the machine's clock only, and ours may be another: what counts is how long it is until then.
        wait = max(moment - self._clock(), _BREATH)
        due = system_clock() + wait
        # The scheduler's timer keeps the context it was set in: with the caller's, all later jobs would log as if they were his update's.
        Context().run(self._scheduler.add_job, self.soon, "date", run_date=due, id=_JOB, replace_existing=True)

    def soon(self) -> None:
        """Ring now."""
        self._bell.set()

    async def rung(self) -> None:
        """Wait for it to ring; it is then set for nothing."""
        await self._bell.wait()
        self._bell.clear()
        self._set_for = None


def new_scheduler() -> AsyncIOScheduler:
    """Return a scheduler whose jobs are late rather than lost: by default a loop busy for a second would drop what fell due in it."""
    return AsyncIOScheduler(timezone=UTC, job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1})
