"""What happens by itself: holds run out, news goes out, the night tidies up."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.clock import Clock
from bot.jobs.expiry import end_overdue_holds
from bot.notifications.admin_summary import AdminSummary
from bot.observability.heartbeat import Heartbeat
from bot.outbox.relay import Relay
from bot.ports import BotUnitOfWork, Database, Membership
from bot.runtime.alarm import Alarm, Every
from bot.runtime.clock_guard import ClockGuard
from domain.operations.incident import Trouble
from domain.policy import BookingPolicy
from domain.ports import DatabaseAway

log = logging.getLogger(__name__)

SWEEP = timedelta(seconds=15)
_TIDY_HOUR = 3
_COURTESY = timedelta(milliseconds=200)
_SILENCE_SECONDS = 60
# Unless Telegram asks for more, no delivery is postponed for longer.
_LONGEST_WAIT = timedelta(minutes=5)


class Jobs:
    """Runs what is due whenever the alarm rings: at the earliest due instant, at a sweep, and at the start."""

    def __init__(
        self,
        database: Database,
        relay: Relay,
        membership: Membership,
        alarm: Alarm,
        digest: AdminSummary,
        policy: BookingPolicy,
        clock: Clock,
        *,
        guard: ClockGuard | None = None,
        heartbeat: Path | None = None,
    ) -> None:
        self._database = database
        self._relay = relay
        self._membership = membership
        self._replica_departed = True
        self._cut_off: datetime | None = None
        self._alarm = alarm
        self._admin_summary = digest
        self._policy = policy
        self._clock = clock
        self._guard = guard or ClockGuard()
        # The clock may have been set back while the bot was stopped.
        self._recall_after: timedelta | None = _LONGEST_WAIT
        self._set_back = timedelta()
        self._heartbeat = heartbeat
        self.pulse = Heartbeat()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self, scheduler: AsyncIOScheduler) -> None:
        """Run from now on; what is overdue, or was in the hands of a process that is gone, goes out at once."""
        self._membership.watch(
            on_commit=self._on_commit,
            on_departure=self._on_departure,
            on_reconnect=self._on_reconnect,
        )
        self._schedule(scheduler)
        self._alarm.soon()
        self.pulse.beat()
        moved = partial(self._clock_moved, scheduler)
        self._tasks = [
            asyncio.create_task(self._run()),
            asyncio.create_task(self._guard.watch(moved)),
        ]

    def _schedule(self, scheduler: AsyncIOScheduler) -> None:
        """Schedule what is periodic, by the clock as it is now. A night that a jump skipped is not made up for: the clock may be wrong."""
        scheduler.add_job(self._alarm.ring, Every(SWEEP), id="sweep", replace_existing=True)
        scheduler.add_job(
            self._tried, "cron", args=[self.tidy], hour=_TIDY_HOUR, id="tidy", replace_existing=True
        )

    def _clock_moved(self, scheduler: AsyncIOScheduler, jump: timedelta) -> None:
        """Schedule all jobs again and do what is due, which sets the alarm again; a jump back leaves postponed rows on the old clock."""
        if jump < timedelta():
            self._recall_after = timedelta()
            self._set_back -= jump
        self._alarm.soon()
        self._schedule(scheduler)

    async def take_over(self) -> None:
        """Make due again what processes that are gone had in hand, and what we ourselves had claimed without hearing of it."""
        self._replica_departed, cut_off, self._cut_off = False, self._cut_off, None
        try:
            async with self._database.snapshot() as work:
                holders = await work.outbox.lease_holders()
            # Asked after that: nobody who joins and claims something meanwhile is taken for one who is gone.
            departed = await self._membership.departed(holders)
            await self._database.write(lambda work: self._released(work, departed, cut_off))
        except Exception:
            self._replica_departed, self._cut_off = True, _earlier(cut_off, self._cut_off)
            raise

    async def _released(
        self, work: BotUnitOfWork, departed: Collection[int], cut_off: datetime | None
    ) -> None:
        """End leases of those who are gone, and our own that began before we were cut off, but for what the relay has in hand."""
        await work.outbox.release_leases(departed)
        if cut_off is not None:
            await work.outbox.release_unknown_leases(cut_off, excluding=self._relay.in_hand)

    async def _recall(self, after: timedelta) -> None:
        """Make due now what was postponed to an instant this far ahead: the clock was set back after that."""
        set_back, self._recall_after, self._set_back = self._set_back, None, timedelta()
        try:
            await self._database.write(
                lambda work: work.outbox.recall_postponed(
                    now := self._clock(), after=now + after, by=set_back or None
                )
            )
        except Exception:
            # A jump during the attempt may have set it already, to zero.
            if self._recall_after is None:
                self._recall_after = after
            self._set_back += set_back
            raise

    async def stop(self) -> None:
        """Run no more; what the relay has in hand stays with it."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def alive(self) -> bool:
        """Tell whether the pump beat within the last minute; one that was not started yet is not dead."""
        return self.pulse.age is None or self.pulse.age <= _SILENCE_SECONDS

    async def run_due(self) -> None:
        """Do all that is due, and set the alarm for what comes next; holds run out on time however much is to be told meanwhile."""
        if self._replica_departed:
            await self.take_over()
        more = True
        while more:
            # Before anything else: whatever fails below, what is in hand stays ours.
            await self._relay.renew_leases()
            if self._recall_after is not None:
                await self._recall(self._recall_after)
            await end_overdue_holds(self._database, self._policy, self._clock)
            await self._admin_summary.tell()
            more = await self._relay.deliver_due()
            self._beat()
        if (due := await self.next_due()) is not None:
            self._alarm.at(due)

    async def next_due(self) -> datetime | None:
        """Return the earliest instant at which something falls due, None where nothing will."""
        async with self._database.snapshot() as work:
            expiry_due, news_due = (
                await work.reservations.next_expiry(),
                await work.outbox.next_due(),
            )
        if news_due is not None and (pause := self._relay.pause):
            news_due = max(news_due, self._clock() + pause)
        return min((due for due in (expiry_due, news_due) if due is not None), default=None)

    async def tidy(self) -> None:
        """Forget what nobody will ask for again; where another replica does so as well, nothing is left for the second."""
        await self._database.write(lambda work: work.pruning.prune(self._clock()))

    def _on_commit(self, due: datetime) -> None:
        """Have the alarm set for what another replica left, a little late: he does it himself, unless he dies."""
        self._alarm.at(due + _COURTESY)

    def _on_departure(self) -> None:
        """Take over from a replica that is gone."""
        self._replica_departed = True
        self._alarm.soon()

    def _on_reconnect(self, away: float) -> None:
        """Take over as well what we ourselves may have lost sight of when we were cut off, so many seconds ago."""
        self._cut_off = _earlier(self._cut_off, self._clock() - timedelta(seconds=away))
        self._on_departure()

    def _beat(self) -> None:
        """Show that the bot is at work."""
        self.pulse.beat()
        if self._heartbeat is not None:
            try:
                self._heartbeat.touch()
            except OSError as error:
                # Whoever looks for it will miss it; to stop working as well would help nobody.
                log.warning("the heartbeat cannot be written: %s", error)

    async def _run(self) -> None:
        """Do what is due each time the alarm rings, and tidy up once what was overdue is done, since the bot may not run at night."""
        await self._alarm.rung()
        await self._tried(self.run_due)
        await self._tried(self.tidy)
        while True:
            await self._alarm.rung()
            await self._tried(self.run_due)

    async def _tried(self, job: Callable[[], Awaitable[None]]) -> None:
        """Do a job; a failure is logged and counted, and the next sweep or night tries again."""
        try:
            await job()
        except Exception as error:
            if isinstance(error, DatabaseAway):
                # We are alive; to be started again would not bring the database back.
                self._beat()
            log.exception("what is due could not be done and will be tried again")
            await self._admin_summary.note(Trouble.JOB_FAILED, error)


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    """Return the earlier of two instants, of which either may be missing."""
    return min(filter(None, [one, other]), default=None)
