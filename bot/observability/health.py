"""Named readiness checks: each returns ``OK`` or says what is wrong."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.observability.heartbeat import Heartbeat
from bot.ports import Database

OK = "ok"
CHECK_TIMEOUT_SECONDS = 2.0
"""How long one request waits for the result of a check."""
_SILENCE_SECONDS = 90
_STUCK_SECONDS = 60
# Longer than a slow response of Telegram (two minutes) or a database outage (under one) takes.
_UNSENT_SECONDS = 300
_FRESH = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Check:
    """One condition for being ready: ``run`` returns ``OK`` or what is wrong, or raises."""

    name: str
    run: Callable[[], Awaitable[str]]
    stop: Callable[[], object] = lambda: None
    """Cancels what ``run`` has started and no request waits for."""


class CachedCheck:
    """Runs a check at most once in five seconds, and one run at a time, for any number of requests.

    A run that outlasts the request that started it continues, and the next request waits for it.
    """

    def __init__(self, run: Callable[[], Awaitable[str]], clock: Clock) -> None:
        self._run = run
        self._clock = clock
        self._task: asyncio.Task[str] | None = None
        self._finished_at: datetime | None = None

    async def get(self) -> str:
        """Return the result; of an exception, its type."""
        if self._task is None or (self._task.done() and not self._is_fresh()):
            self._task = asyncio.create_task(self._run_once())
        task = self._task
        await asyncio.wait({task})
        return "stopped before it ended" if task.cancelled() else task.result()

    def stop(self) -> None:
        """Cancel a run in progress."""
        if self._task is not None:
            self._task.cancel()

    async def _run_once(self) -> str:
        """Run the check and note when it ended."""
        try:
            return await self._run()
        except Exception as error:  # noqa: BLE001  (as in _run_check; nothing may be waiting for the task's exception)
            return type(error).__name__
        finally:
            self._finished_at = self._clock()

    def _is_fresh(self) -> bool:
        """Return whether the last result is recent; a clock that was set back makes it old."""
        return (
            self._finished_at is not None
            and timedelta(0) <= self._clock() - self._finished_at < _FRESH
        )


async def run_checks(checks: Sequence[Check]) -> dict[str, str]:
    """Run checks concurrently, two seconds at most, and return the results by name."""
    results = await asyncio.gather(*(_run_check(check) for check in checks))
    return {check.name: result for check, result in zip(checks, results, strict=True)}


async def _run_check(check: Check) -> str:
    """Return a check's result; of an exception only the type, since its text may be private."""
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_SECONDS):
            return await check.run()
    except TimeoutError:
        return f"no answer within {CHECK_TIMEOUT_SECONDS:.0f} seconds"
    except Exception as error:  # noqa: BLE001  (every error is a result)
        return type(error).__name__


def database_check(database: Database, clock: Clock) -> Check:
    """Return the check that the database can be read and written.

    Anyone who reaches the HTTP server can request it, so the result is cached for five seconds.
    """

    async def run() -> str:
        async with database.snapshot() as work:
            await work.queries.person(0)
        async with database.transaction() as work:
            await work.health.try_write(clock())
        return OK

    cached = CachedCheck(run, clock)
    return Check("database", cached.get, cached.stop)


def migrations_check(is_of_use: Callable[[], Awaitable[bool]]) -> Check:
    """Return the check that the schema is that of this version or a newer one."""

    async def run() -> str:
        return OK if await is_of_use() else "the schema is not the one this version needs"

    return Check("migrations", run)


def polling_check(heartbeat: Heartbeat, is_leader: Callable[[], bool]) -> Check:
    """Return the check that Telegram has answered recently; followers, which do not poll, pass."""

    async def run() -> str:
        if not is_leader():
            return OK
        if heartbeat.age is None:
            return "Telegram has not been reached yet"
        return (
            OK
            if heartbeat.age <= _SILENCE_SECONDS
            else f"Telegram has been silent for {heartbeat.age:.0f} seconds"
        )

    return Check("telegram", run)


def updates_check(oldest_age: Callable[[], float]) -> Check:
    """Return the check that no update is in progress for long; it would hold back later ones."""

    async def run() -> str:
        age = oldest_age()
        return (
            OK if age <= _STUCK_SECONDS else f"an update has been in progress for {age:.0f} seconds"
        )

    return Check("updates", run)


def delivery_check(idle_seconds: Callable[[], float], pause: Callable[[], timedelta]) -> Check:
    """Return the check that a message has been sent recently, or Telegram asks to wait."""

    async def run() -> str:
        idle = idle_seconds()
        return (
            OK
            if idle <= _UNSENT_SECONDS or pause()
            else f"no message has been sent for {idle:.0f} seconds"
        )

    return Check("delivery", run)


def webhook_check(is_registered: Callable[[], bool]) -> Check:
    """Return the check that Telegram knows where to post updates."""

    async def run() -> str:
        return OK if is_registered() else "the webhook is not registered yet"

    return Check("telegram", run)
