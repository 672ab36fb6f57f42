"""The alarm of the jobs: one APScheduler job for the earliest instant at which something falls due."""

import asyncio
from contextvars import Context
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

from bot.clock import Clock, system_clock

_JOB = "alarm"
_BREATH = timedelta(milliseconds=50)


class Alarm:
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
        Context().run(
            self._scheduler.add_job, self.ring, "date", run_date=due, id=_JOB, replace_existing=True
        )

    def soon(self) -> None:
        """Ring now."""
        self._bell.set()

    async def ring(self) -> None:
        """Ring now, as a job.

        APScheduler runs coroutine functions on the loop, but plain functions in a thread, which may not set an event.
        """
        self.soon()

    async def rung(self) -> None:
        """Wait for it to ring; it is then set for nothing."""
        await self._bell.wait()
        self._reset()

    def due(self, now: datetime) -> bool:
        """Tell whether it rings by ``now``, and reset it if so: like ``rung``, without waiting."""
        rings = self._bell.is_set() or (self._set_for is not None and self._set_for <= now)
        if rings:
            self._reset()
        return rings

    def _reset(self) -> None:
        """Clear the bell and set the alarm for nothing."""
        self._bell.clear()
        self._set_for = None


class Every(BaseTrigger):  # type: ignore[misc]  # APScheduler has no types.
    """Fires at a fixed interval, counted from when the job was scheduled or last fired.

    APScheduler's own interval trigger keeps its start date and counts each run since then: a clock set forward by years blocks the loop.
    """

    def __init__(self, interval: timedelta) -> None:
        self._interval = interval

    def get_next_fire_time(self, _previous: datetime | None, now: datetime) -> datetime:
        """Return the next run time; see ``BaseTrigger``."""
        return now + self._interval


def new_scheduler() -> AsyncIOScheduler:
    """Return a scheduler whose jobs are late rather than lost: by default a loop busy for a second would drop what fell due in it."""
    return AsyncIOScheduler(
        timezone=UTC,
        job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
    )
