"""The alarm: one APScheduler job at the earliest instant at which something falls due."""

import asyncio
from contextvars import Context
from datetime import UTC, datetime, timedelta, tzinfo

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

from bot.clock import Clock, system_clock

_JOB = "alarm"
_MIN_WAIT = timedelta(milliseconds=50)


class Alarm:
    """Rings when something falls due. It has no business state: the database knows what is due."""

    def __init__(
        self, scheduler: AsyncIOScheduler, clock: Clock, scheduler_clock: Clock = system_clock
    ) -> None:
        """Use the bot's ``clock``; the ``scheduler_clock`` is the one by which jobs run."""
        self._scheduler = scheduler
        self._clock = clock
        self._scheduler_clock = scheduler_clock
        self._bell = asyncio.Event()
        self._set_for: datetime | None = None

    @property
    def set_for(self) -> datetime | None:
        """The instant at which it rings next, None if it is not set."""
        return self._set_for

    def at(self, moment: datetime) -> None:
        """Ring at this instant, unless the alarm is set for an earlier one."""
        if self._set_for is not None and self._set_for <= moment:
            return
        self._set_for = moment
        # The scheduler's clock may be another one than ours: convert the wait.
        wait = max(moment - self._clock(), _MIN_WAIT)
        due = self._scheduler_clock() + wait
        # The scheduler's timer keeps the context in which it is set. With the caller's context,
        # every later job would log the fields of the caller's update.
        Context().run(
            self._scheduler.add_job, self.ring, "date", run_date=due, id=_JOB, replace_existing=True
        )

    def soon(self) -> None:
        """Ring now."""
        self._bell.set()

    async def ring(self) -> None:
        """Ring now, as a job.

        APScheduler runs coroutine functions on the loop, but plain functions in a thread, which
        must not set an event.
        """
        self.soon()

    async def rung(self) -> None:
        """Wait until the alarm rings, and reset it."""
        await self._bell.wait()
        self._reset()

    def due(self, now: datetime) -> bool:
        """Return whether the alarm rings by ``now``; if so, reset it, like ``rung``."""
        rings = self._bell.is_set() or (self._set_for is not None and self._set_for <= now)
        if rings:
            self._reset()
        return rings

    def _reset(self) -> None:
        """Clear the bell and the time for which the alarm is set."""
        self._bell.clear()
        self._set_for = None


class Every(BaseTrigger):  # type: ignore[misc]  # APScheduler has no types.
    """Fires at a fixed interval, counted from when the job was scheduled or last fired.

    APScheduler's own interval trigger keeps its start date and counts each run since then. If the
    clock is set forward by years, that blocks the loop.
    """

    def __init__(self, interval: timedelta) -> None:
        self._interval = interval

    def get_next_fire_time(self, _previous: datetime | None, now: datetime) -> datetime:
        """Return the next run time; see ``BaseTrigger``."""
        return now + self._interval


def new_scheduler(zone: tzinfo = UTC) -> AsyncIOScheduler:
    """Return a scheduler that runs late jobs instead of dropping them.

    By default, APScheduler drops jobs that fall due while the loop is busy for a second. It reads
    the time as ``datetime.now(zone)``.
    """
    return AsyncIOScheduler(
        timezone=zone,
        job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
    )
