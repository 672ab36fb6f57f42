"""Due jobs run on time, however much else there is to do."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_EXECUTED, JobExecutionEvent
from apscheduler.executors.base import run_job

from bot.clock import system_clock
from bot.jobs.due_jobs import SWEEP, Jobs
from bot.messages.actions import Send, to_payload
from bot.messages.screen import Screen
from bot.notifications.admin_summary import AdminSummary
from bot.runtime.alarm import Every
from bot.runtime.clock_guard import ClockGuard
from simulator.faults import Fault, Faults
from tests.kit.bot import MONDAY, BotHarness
from tests.kit.chat import ChatUser
from tests.kit.clinic import add_provider
from tests.kit.handlers import calls
from tests.kit.raw_database import literal, rows, run_sql
from tests.kit.waiting import until

BACKLOG = 1500
PEOPLE = 100


class SlowWire(Faults):
    """Advances the clock by 0.2 s with each message, and resets the heartbeat file after some."""

    def __init__(self, bot: BotHarness) -> None:
        super().__init__()
        self._bot = bot
        self._heartbeat_file = Path(f"{bot.app.database.url.removeprefix('sqlite:///')}.heartbeat")
        self.messages = 0
        self.revived_after: int | None = None

    def take(self, method: str, person: int | None) -> Fault | None:
        """Count a message."""
        if method.lower() == "sendmessage":
            self.messages += 1
            self._bot.now += timedelta(seconds=0.2)
            if self.messages == BACKLOG // 5:
                os.utime(self._heartbeat_file, (0, 0))
            elif (
                self.messages > BACKLOG // 5
                and self.revived_after is None
                and self._heartbeat_file.stat().st_mtime > 0
            ):
                self.revived_after = self.messages
        return super().take(method, person)


def fills_outbox(bot: BotHarness, people: list[ChatUser]) -> None:
    """Fill the outbox with answers that fall due faster than they can be sent."""
    text = json.dumps(to_payload([Send(Screen("old news"))]))
    oldest = bot.now - timedelta(minutes=1)
    url = bot.app.database.url
    due = (
        f"({people[n % PEOPLE].id}, {literal(url, oldest + timedelta(seconds=n * 0.15))})"
        for n in range(BACKLOG)
    )
    run_sql(url, "UPDATE outbox SET state = 'skipped'")
    run_sql(
        url,
        f"WITH late (who, due) AS (VALUES {', '.join(due)}) "
        "INSERT INTO outbox (channel, chat_id, kind, payload, due_at, attempts, state) "
        f"SELECT 'telegram', who, 'reply', '{text}', due, 0, 'due' FROM late",
    )


@pytest.mark.engines("sqlite")
async def test_a_hold_expires_on_time_and_the_heartbeat_goes_on_during_a_long_backlog(
    bot: BotHarness, alice: ChatUser
) -> None:
    await add_provider(bot)
    people = [bot.joins(f"Person {number}") for number in range(PEOPLE)]
    for person in people:
        person.person.sends("/start")
    bot.simulator.take_updates()
    await alice.holds("09:15")
    bot.now += timedelta(minutes=30) - timedelta(seconds=20)
    fills_outbox(bot, people)
    wire = bot.simulator.world.faults = SlowWire(bot)
    await bot.run_due()

    sent = [call.params["text"] for call in calls(bot, "sendMessage")]
    [expired_at] = [number for number, text in enumerate(sent) if "expired" in text]
    assert sent.count("old news") == BACKLOG
    assert expired_at < BACKLOG * 3 / 4
    assert wire.revived_after is not None
    assert wire.revived_after < BACKLOG


async def test_the_jobs_go_on_if_the_heartbeat_file_cannot_be_written(
    bot: BotHarness, alice: ChatUser, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await add_provider(bot)
    await alice.holds("09:15")
    jobs = jobs_of(bot, heartbeat_file=tmp_path / "a folder that is gone" / "heartbeat")
    bot.now += timedelta(minutes=30)
    await jobs.run_due()
    await bot.app.relay.idle()

    alice.last.shows("expired")
    assert "the heartbeat cannot be written" in caplog.text
    assert jobs.alive
    assert jobs.heartbeat.age is not None


@pytest.fixture
def old_update(bot: BotHarness) -> str:
    """An update that was processed long ago, and a query that counts it."""
    url = bot.app.database.url
    run_sql(
        url,
        "INSERT INTO processed_update (update_id, processed_at) "
        f"VALUES (1, {literal(url, MONDAY - timedelta(days=9))})",
    )
    return "SELECT count(*) FROM processed_update WHERE update_id = 1"


@asynccontextmanager
async def jobs_running(bot: BotHarness, jobs: Jobs | None = None) -> AsyncIterator[None]:
    """Run the bot's jobs for a block."""
    jobs = jobs or bot.app.jobs
    bot.app.scheduler.start()
    try:
        await jobs.start(bot.app.scheduler)
        yield
    finally:
        bot.app.scheduler.shutdown(wait=False)
        await jobs.stop()


async def test_old_rows_are_deleted_at_the_start(bot: BotHarness, old_update: str) -> None:
    async with jobs_running(bot):
        await until(lambda: rows(bot.app.database.url, old_update) == [(0,)])


class RecordingThreads(ThreadPoolExecutor):
    """A loop's thread pool, which records what it runs."""

    def __init__(self) -> None:
        super().__init__()
        self.ran: list[object] = []

    def submit(self, do: Any, /, *arguments: Any, **named: Any) -> Any:
        """Record what is run."""
        self.ran.append(do)
        return super().submit(do, *arguments, **named)


@pytest.mark.engines("sqlite")
async def test_each_job_runs_on_the_event_loop_and_not_in_a_thread(bot: BotHarness) -> None:
    threads, ran = RecordingThreads(), set[str]()
    loop = asyncio.get_running_loop()
    loop.set_default_executor(threads)
    # In debug mode the loop refuses calls from other threads.
    loop.set_debug(True)

    def record(event: JobExecutionEvent) -> None:
        assert event.exception is None
        ran.add(event.job_id)

    bot.app.scheduler.add_listener(record, EVENT_JOB_EXECUTED | EVENT_JOB_ERROR)
    async with jobs_running(bot):
        bot.app.alarm.at(bot.now + timedelta(hours=1))
        jobs = bot.app.scheduler.get_jobs()
        for job in jobs:
            job.modify(next_run_time=datetime.now(UTC))
        await until(lambda: ran == {job.id for job in jobs})

    assert ran == {"sweep", "tidy", "alarm"}
    assert run_job not in threads.ran


class AdjustableClock:
    """A wall clock that a test sets."""

    def __init__(self) -> None:
        self.by = timedelta()

    def __call__(self) -> datetime:
        """Return the current time of the clock."""
        return system_clock() + self.by


def jobs_of(bot: BotHarness, **options: Any) -> Jobs:
    """Return new jobs of a bot, with these options."""
    app = bot.app
    summary, policy = AdminSummary(app.database, frozenset(), app.clock), bot.settings.policy
    return Jobs(
        app.database, app.relay, app.membership, app.alarm, summary, policy, app.clock, **options
    )


@pytest.mark.engines("sqlite")
async def test_the_interval_of_the_sweep_can_be_chosen(bot: BotHarness) -> None:
    now, interval = datetime(2026, 11, 23, tzinfo=UTC), timedelta(minutes=5)
    async with jobs_running(bot, jobs_of(bot, sweep=interval)):
        trigger = bot.app.scheduler.get_job("sweep").trigger
        assert trigger.get_next_fire_time(None, now) == now + interval


@pytest.mark.engines("sqlite")
@pytest.mark.parametrize("hours", [-1, 1, -24 * 365, 24])
async def test_after_a_clock_jump_jobs_are_rescheduled_and_due_ones_run_at_once(
    bot: BotHarness, alice: ChatUser, old_update: str, hours: int
) -> None:
    wall = AdjustableClock()
    scheduler = bot.app.scheduler
    await add_provider(bot)
    await alice.holds("09:15")
    async with jobs_running(bot, jobs_of(bot, guard=ClockGuard(wall=wall))):
        # Old rows are deleted after the first run of what is due.
        await until(lambda: rows(bot.app.database.url, old_update) == [(0,)])
        stale = datetime.now(UTC) + timedelta(days=400)
        # After the clock is set back, earlier jobs are scheduled in the far future.
        for job in scheduler.get_jobs():
            job.modify(next_run_time=stale)
        bot.now += timedelta(minutes=31)
        wall.by = timedelta(hours=hours)
        await until(lambda: alice.sees("expired"))
        await until(
            lambda: all(scheduler.get_job(name).next_run_time < stale for name in ("sweep", "tidy"))
        )


def test_a_sweep_follows_the_last_after_one_interval_at_any_clock() -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)

    for last in (None, datetime(1970, 1, 1, tzinfo=UTC), now, now + timedelta(days=365)):
        assert Every(SWEEP).get_next_fire_time(last, now) == now + SWEEP
