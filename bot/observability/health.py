"""Whether the bot is of use just now: named checks, each of which says what is wrong."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.observability.heartbeat import Heartbeat
from bot.ports import Database

OK = "ok"
_PATIENCE = 2.0
_SILENCE_SECONDS = 90
_STUCK_SECONDS = 60
# A slow answer of Telegram is waited for for two minutes, and a database that is away for less than one.
_UNSENT_SECONDS = 300
_FRESH = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing without which the bot is of no use: ``ask`` returns ``OK``, or why it is not so, or raises."""

    name: str
    ask: Callable[[], Awaitable[str]]
    stop: Callable[[], object] = lambda: None
    """Abandons what ``ask`` has started and no request waits for."""


class RecentAnswer:
    """Asks at most once in five seconds, and one at a time, however many requests want the answer.

    A question that takes longer than a request waits is not asked again before it is answered.
    """

    def __init__(self, ask: Callable[[], Awaitable[str]], clock: Clock) -> None:
        self._ask = ask
        self._clock = clock
        self._asked: asyncio.Task[str] | None = None
        self._answered_at: datetime | None = None

    async def get(self) -> str:
        """Return the answer; of an error, its kind."""
        if self._asked is None or (self._asked.done() and not self._is_fresh()):
            self._asked = asyncio.create_task(self._answer())
        asked = self._asked
        await asyncio.wait({asked})
        return "stopped before it was answered" if asked.cancelled() else asked.result()

    def stop(self) -> None:
        """Abandon a question that is not answered yet."""
        if self._asked is not None:
            self._asked.cancel()

    async def _answer(self) -> str:
        """Ask, and note when that was answered."""
        try:
            return await self._ask()
        except Exception as error:  # noqa: BLE001  (as in _answer; a request that no longer waits does not retrieve it)
            return type(error).__name__
        finally:
            self._answered_at = self._clock()

    def _is_fresh(self) -> bool:
        """Return whether the last answer is recent; a clock that was set back makes it old."""
        return (
            self._answered_at is not None
            and timedelta(0) <= self._clock() - self._answered_at < _FRESH
        )


async def answers(checks: Sequence[Check]) -> dict[str, str]:
    """Return what each check says, by name; they are asked side by side, and none is waited for longer than two seconds."""
    said = await asyncio.gather(*(_answer(check) for check in checks))
    return {check.name: answer for check, answer in zip(checks, said, strict=True)}


async def _answer(check: Check) -> str:
    """Return what one check says; of an error only the kind, since its words may tell what no stranger should know."""
    try:
        async with asyncio.timeout(_PATIENCE):
            return await check.ask()
    except TimeoutError:
        return f"no answer within {_PATIENCE:.0f} seconds"
    except Exception as error:  # noqa: BLE001  (whatever it is, it is the answer)
        return type(error).__name__


def database_check(database: Database, clock: Clock) -> Check:
    """Return the check that the database can be read and written.

    A request to the HTTP server needs no secret, so that the result is kept for five seconds.
    """

    async def ask() -> str:
        async with database.snapshot() as work:
            await work.clients.get(0)
        async with database.transaction() as work:
            await work.health.try_write(clock())
        return OK

    recent = RecentAnswer(ask, clock)
    return Check("database", recent.get, recent.stop)


def migrations_check(is_of_use: Callable[[], Awaitable[bool]]) -> Check:
    """Return the check that the database is of this version, or of a newer one."""

    async def ask() -> str:
        return OK if await is_of_use() else "the schema is not the one this version needs"

    return Check("migrations", ask)


def polling_check(pulse: Heartbeat, is_leading: Callable[[], bool]) -> Check:
    """Return the check that Telegram was heard of not long ago, by the one replica that polls."""

    async def ask() -> str:
        if not is_leading():
            return OK
        if pulse.age is None:
            return "Telegram has not been reached yet"
        return (
            OK
            if pulse.age <= _SILENCE_SECONDS
            else f"Telegram has been silent for {pulse.age:.0f} seconds"
        )

    return Check("telegram", ask)


def updates_check(oldest_age: Callable[[], float]) -> Check:
    """Return the check that no update waits for long; while one does, Telegram holds back those that come after it."""

    async def ask() -> str:
        age = oldest_age()
        return OK if age <= _STUCK_SECONDS else f"an update has been in work for {age:.0f} seconds"

    return Check("updates", ask)


def delivery_check(idle_seconds: Callable[[], float], pause: Callable[[], timedelta]) -> Check:
    """Return the check that delivery does not stand still: of the messages in hand one was done with lately, or Telegram wants silence."""

    async def ask() -> str:
        idle = idle_seconds()
        return (
            OK
            if idle <= _UNSENT_SECONDS or pause()
            else f"no message has left for {idle:.0f} seconds"
        )

    return Check("delivery", ask)


def webhook_check(is_registered: Callable[[], bool]) -> Check:
    """Return the check that Telegram knows where to post updates."""

    async def ask() -> str:
        return OK if is_registered() else "the webhook is not registered yet"

    return Check("telegram", ask)
