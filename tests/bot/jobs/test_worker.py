"""What falls due is done on time, however much else there is to do."""

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
from bot.jobs.worker import SWEEP, Jobs
from bot.messages.actions import Send, packed
from bot.messages.screen import Screen
from bot.notifications.admin_summary import AdminSummary
from bot.runtime.alarm import Every
from bot.runtime.clock_guard import ClockGuard
from simulator.faults import Fault, Faults
from tests.kit.bot import MONDAY, BotHarness
from tests.kit.chat import ChatUser
from tests.kit.clinic import add_provider
from tests.kit.handlers import calls
from tests.kit.raw_database import changes, literal, rows
from tests.kit.waiting import until

BACKLOG = 1500
PEOPLE = 100


class CountingWire(Faults):
    """Lets a fifth of a second pass with each message, and stops the heartbeat's clock after some."""

    def __init__(self, bot: BotHarness) -> None:
        super().__init__()
        self._bot = bot
        self._heartbeat = Path(f"{bot.app.database.url.removeprefix('sqlite:///')}.heartbeat")
        self.messages = 0
        self.revived_after: int | None = None

    def take(self, method: str, person: int | None) -> Fault | None:
        """Count a message."""
        if method.lower() == "sendmessage":
            self.messages += 1
            self._bot.now += timedelta(seconds=0.2)
            if self.messages == BACKLOG // 5:
                os.utime(self._heartbeat, (0, 0))
            elif (
                self.messages > BACKLOG // 5
                and self.revived_after is None
                and self._heartbeat.stat().st_mtime > 0
            ):
                self.revived_after = self.messages
        return super().take(method, person)


def fills_outbox(bot: BotHarness, people: list[ChatUser]) -> None:
    """Put answers in that fall due faster than they can be told; those of a minute wait already."""
    text = json.dumps(packed([Send(Screen("old news"))]))
    oldest = bot.now - timedelta(minutes=1)
    url = bot.app.database.url
    due = (
        f"({people[n % PEOPLE].id}, {literal(url, oldest + timedelta(seconds=n * 0.15))})"
        for n in range(BACKLOG)
    )
    changes(url, "UPDATE outbox SET state = 'skipped'")
    changes(
        url,
        f"WITH late (who, due) AS (VALUES {', '.join(due)}) INSERT INTO outbox (recipient_id, kind, payload, due_at, attempts, state) "
        f"SELECT who, 'reply', '{text}', due, 0, 'due' FROM late",
    )


@pytest.mark.engines("sqlite")
async def test_a_hold_runs_out_on_time_and_the_heart_beats_while_a_long_backlog_is_told(
    bot: BotHarness, alice: ChatUser
) -> None:
    await add_provider(bot)
    people = [bot.joins(f"Person {number}") for number in range(PEOPLE)]
    for someone in people:
        someone.person.sends("/start")
    bot.simulator.take_updates()
    await alice.holds("09:15")
    bot.now += timedelta(minutes=30) - timedelta(seconds=20)
    fills_outbox(bot, people)
    wire = bot.simulator.world.faults = CountingWire(bot)
    await bot.run_due()

    sent = [call.params["text"] for call in calls(bot, "sendMessage")]
    [told] = [number for number, text in enumerate(sent) if "expired" in text]
    assert sent.count("old news") == BACKLOG
    assert told < BACKLOG * 3 / 4
    assert wire.revived_after is not None
    assert wire.revived_after < BACKLOG


async def test_where_the_heartbeat_cannot_be_written_all_else_goes_on(
    bot: BotHarness, alice: ChatUser, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await add_provider(bot)
    await alice.holds("09:15")
    bot.app.jobs._heartbeat = tmp_path / "a folder that is gone" / "heartbeat"
    bot.now += timedelta(minutes=30)
    await bot.run_due()

    assert "expired" in alice.last.text
    assert "the heartbeat cannot be written" in caplog.text
    assert bot.app.jobs.alive


@pytest.fixture
def old_update(bot: BotHarness) -> str:
    """An update that was worked long ago, of which nobody will ask again."""
    url = bot.app.database.url
    changes(
        url,
        f"INSERT INTO worked_update (update_id, worked_at) VALUES (1, {literal(url, MONDAY - timedelta(days=9))})",
    )
    return "SELECT count(*) FROM worked_update WHERE update_id = 1"


@asynccontextmanager
async def at_work(bot: BotHarness, jobs: Jobs | None = None) -> AsyncIterator[None]:
    """Have the bot do what is due by itself for a block."""
    jobs = jobs or bot.app.jobs
    bot.app.scheduler.start()
    try:
        await jobs.start(bot.app.scheduler)
        yield
    finally:
        bot.app.scheduler.shutdown(wait=False)
        await jobs.stop()


async def test_it_tidies_up_at_the_start_because_it_may_not_run_at_night(
    bot: BotHarness, old_update: str
) -> None:
    async with at_work(bot):
        await until(lambda: rows(bot.app.database.url, old_update) == [(0,)])


class RecordingThreads(ThreadPoolExecutor):
    """A loop's threads, and what was done in them."""

    def __init__(self) -> None:
        super().__init__()
        self.done: list[object] = []

    def submit(self, do: Any, /, *arguments: Any, **named: Any) -> Any:
        """Note what is done."""
        self.done.append(do)
        return super().submit(do, *arguments, **named)


@pytest.mark.engines("sqlite")
async def test_each_job_runs_on_the_loops_own_thread_and_none_in_another(bot: BotHarness) -> None:
    threads, ran = RecordingThreads(), set[str]()
    loop = asyncio.get_running_loop()
    loop.set_default_executor(threads)
    # In debug mode the loop refuses what is not safe in another thread.
    loop.set_debug(True)

    def notes(event: JobExecutionEvent) -> None:
        assert event.exception is None
        ran.add(event.job_id)

    bot.app.scheduler.add_listener(notes, EVENT_JOB_EXECUTED | EVENT_JOB_ERROR)
    async with at_work(bot):
        bot.app.alarm.at(bot.now + timedelta(hours=1))
        jobs = bot.app.scheduler.get_jobs()
        for job in jobs:
            job.modify(next_run_time=datetime.now(UTC))
        await until(lambda: ran == {job.id for job in jobs})

    assert ran == {"sweep", "tidy", "alarm"}
    assert run_job not in threads.done


class Moved:
    """A wall clock that a test sets."""

    def __init__(self) -> None:
        self.by = timedelta()

    def __call__(self) -> datetime:
        """Return this instant on the clock as it was set."""
        return system_clock() + self.by


def guarded(bot: BotHarness, wall: Moved) -> Jobs:
    """Return jobs that watch a clock of the test's."""
    app = bot.app
    digest, policy = AdminSummary(app.database, frozenset(), app.clock), bot.settings.policy
    guard = ClockGuard(wall=wall)
    return Jobs(
        app.database, app.relay, app.membership, app.alarm, digest, policy, app.clock, guard=guard
    )


@pytest.mark.engines("sqlite")
@pytest.mark.parametrize("hours", [-1, 1, -24 * 365, 24])
async def test_a_clock_that_was_set_has_all_jobs_scheduled_again_and_what_is_due_done_at_once(
    bot: BotHarness, alice: ChatUser, old_update: str, hours: int
) -> None:
    wall = Moved()
    scheduler = bot.app.scheduler
    await add_provider(bot)
    await alice.holds("09:15")
    async with at_work(bot, guarded(bot, wall)):
        # It tidies up once it has done what was due at the start.
        await until(lambda: rows(bot.app.database.url, old_update) == [(0,)])
        stale = datetime.now(UTC) + timedelta(days=400)
        # Where the clock was set back, what was scheduled before lies in the far future.
        for job in scheduler.get_jobs():
            job.modify(next_run_time=stale)
        bot.now += timedelta(minutes=31)
        wall.by = timedelta(hours=hours)
        await until(lambda: alice.sees("expired"))
        await until(
            lambda: all(scheduler.get_job(name).next_run_time < stale for name in ("sweep", "tidy"))
        )


def test_a_sweep_comes_an_interval_after_the_last_however_far_the_clock_was_set() -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)

    for last in (None, datetime(1970, 1, 1, tzinfo=UTC), now, now + timedelta(days=365)):
        assert Every(SWEEP).get_next_fire_time(last, now) == now + SWEEP
