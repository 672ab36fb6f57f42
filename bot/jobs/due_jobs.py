"""Runs due jobs: expires holds, delivers notifications, and deletes old rows at night."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.clock import Clock
from bot.jobs.crash_recovery import CrashRecovery, earlier
from bot.jobs.expiry import expire_overdue_holds
from bot.notifications.admin_summary import AdminSummary
from bot.observability.heartbeat import Heartbeat
from bot.outbox.relay import Relay
from bot.ports import Database
from bot.runtime.alarm import Alarm, Every
from bot.runtime.clock_guard import ClockGuard
from bot.runtime.membership import Membership
from domain.failures import DatabaseAway
from domain.operations.incident import IncidentKind
from domain.policy import BookingPolicy

log = logging.getLogger(__name__)

SWEEP = timedelta(seconds=15)
_TIDY_HOUR = 3
_COURTESY = timedelta(milliseconds=200)
_MAX_SILENCE_SECONDS = 60
# No delivery is postponed for longer, unless Telegram asks for it.
_MAX_BACKOFF = timedelta(minutes=5)


class Jobs:
    """Runs due jobs when the alarm rings: at the next due time, at each sweep, and at start."""

    def __init__(
        self,
        database: Database,
        relay: Relay,
        membership: Membership,
        alarm: Alarm,
        admin_summary: AdminSummary,
        policy: BookingPolicy,
        clock: Clock,
        *,
        guard: ClockGuard | None = None,
        sweep: timedelta = SWEEP,
        heartbeat_file: Path | None = None,
    ) -> None:
        self._database = database
        self._relay = relay
        self._membership = membership
        self.recovery = CrashRecovery(database, relay, membership, clock)
        self._alarm = alarm
        self.admin_summary = admin_summary
        self._policy = policy
        self._clock = clock
        self._guard = guard or ClockGuard()
        self._sweep = sweep
        # The clock may have been set back while the bot was stopped.
        self._recall_after: timedelta | None = _MAX_BACKOFF
        self._set_back = timedelta()
        self._heartbeat_file = heartbeat_file
        self.heartbeat = Heartbeat()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self, scheduler: AsyncIOScheduler) -> None:
        """Start the jobs; deliver overdue rows and those leased to dead replicas at once."""
        self._membership.watch(
            on_commit=self._on_commit,
            on_departure=self._on_departure,
            on_reconnect=self._on_reconnect,
        )
        self._schedule(scheduler)
        self._alarm.soon()
        self.heartbeat.beat()
        moved = partial(self._clock_moved, scheduler)
        self._tasks = [
            asyncio.create_task(self._run()),
            asyncio.create_task(self._guard.watch(moved)),
        ]

    def _schedule(self, scheduler: AsyncIOScheduler) -> None:
        """Schedule the periodic jobs by the current clock.

        A nightly run that a clock jump skipped is not made up for: the clock may be wrong.
        """
        scheduler.add_job(self._alarm.ring, Every(self._sweep), id="sweep", replace_existing=True)
        scheduler.add_job(
            self.attempt,
            "cron",
            args=[self.tidy],
            hour=_TIDY_HOUR,
            # The scheduler's own zone may only tell the present; see ``bot.host``.
            timezone=UTC,
            id="tidy",
            replace_existing=True,
        )

    def _clock_moved(self, scheduler: AsyncIOScheduler, jump: timedelta) -> None:
        """Schedule all jobs again, and run what is due, which also sets the alarm again.

        After a jump back, postponed rows still have due times of the old clock: recall them.
        """
        if jump < timedelta():
            self._recall_after = timedelta()
            self._set_back -= jump
        self._alarm.soon()
        self._schedule(scheduler)

    async def _recall(self, after: timedelta) -> None:
        """Make rows due now that are postponed this far ahead, because the clock was set back."""
        set_back, self._recall_after, self._set_back = self._set_back, None, timedelta()
        try:
            await self._database.write(
                lambda uow: uow.outbox.recall_postponed(
                    now := self._clock(), after=now + after, by=set_back or None
                )
            )
        except Exception:
            # A clock jump during the attempt may have set it already, to zero.
            if self._recall_after is None:
                self._recall_after = after
            self._set_back += set_back
            raise

    async def stop(self) -> None:
        """Stop the jobs; the relay goes on with the rows in flight."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def alive(self) -> bool:
        """Whether the jobs ran within the last minute; True before they are started."""
        return self.heartbeat.age is None or self.heartbeat.age <= _MAX_SILENCE_SECONDS

    async def run_due(self) -> None:
        """Run everything that is due, and set the alarm for what is due next.

        Holds are expired between batches of deliveries, so a long backlog does not delay them.
        """
        if self.recovery.pending:
            await self.recovery.run()
        more = True
        while more:
            # First of all, so that no failure below costs the rows in flight their leases.
            await self._relay.renew_leases()
            if self._recall_after is not None:
                await self._recall(self._recall_after)
            await expire_overdue_holds(self._database, self._policy, self._clock)
            await self.admin_summary.report()
            more = await self._relay.deliver_due()
            self._beat()
        if (due := await self.next_due()) is not None:
            self._alarm.at(due)

    async def next_due(self) -> datetime | None:
        """Return the earliest instant at which something falls due, None if nothing will."""
        async with self._database.snapshot() as uow:
            expiry_due = await uow.reservations.next_expiry()
            delivery_due = await uow.outbox.next_due()
        if delivery_due is not None and (pause := self._relay.pause):
            delivery_due = max(delivery_due, self._clock() + pause)
        return earlier(expiry_due, delivery_due)

    async def tidy(self) -> None:
        """Delete rows that are no longer needed; several replicas may do so at once."""
        await self._database.write(lambda uow: uow.pruning.prune(self._clock()))

    def _on_commit(self, due: datetime) -> None:
        """Set the alarm for another replica's commit, a little late: it usually acts first."""
        self._alarm.at(due + _COURTESY)

    def _on_departure(self) -> None:
        """Recover what a departed replica left."""
        self.recovery.replica_departed()
        self._alarm.soon()

    def _on_reconnect(self, away: float) -> None:
        """Recover our own claims from before the database was lost, ``away`` seconds ago."""
        self.recovery.reconnected(away)
        self._alarm.soon()

    def _beat(self) -> None:
        """Show that the jobs are running."""
        self.heartbeat.beat()
        if self._heartbeat_file is not None:
            try:
                self._heartbeat_file.touch()
            except OSError as error:
                # A health check will notice the old file; failing here too would not help.
                log.warning("the heartbeat cannot be written: %s", error)

    async def _run(self) -> None:
        """Run what is due when the alarm rings; tidy up once, as nights may be missed."""
        await self._alarm.rung()
        await self.attempt(self.run_due)
        await self.attempt(self.tidy)
        while True:
            await self._alarm.rung()
            await self.attempt(self.run_due)

    async def attempt(self, job: Callable[[], Awaitable[None]]) -> None:
        """Run a job, and log and count a failure; the next sweep or night tries again."""
        try:
            await job()
        except Exception as error:
            if isinstance(error, DatabaseAway):
                # The process is alive: a restart would not bring the database back.
                self._beat()
            log.exception("a job failed and will be tried again")
            await self.admin_summary.record(IncidentKind.JOB_FAILED, error)
