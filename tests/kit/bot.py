"""The real bot on a real database; only Telegram is simulated, over loopback."""

from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from telegram import Update
from telegram.ext import BaseHandler

from bot.app import App, build, opened
from bot.dialogue.context import Context
from bot.outbox.rate_limiter import RateLimiter
from bot.settings import Settings
from simulator.simulator import Simulator
from tests.kit.chat import ChatUser
from tests.kit.odd_events import OddEvents

AnyHarness = TypeVar("AnyHarness", bound="BotHarness")

TOKEN = "1:test"
ADMIN_ID = 900
MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


class BotHarness:
    """A simulated Telegram, a bot that can restart or crash, and a clock that tests advance."""

    def __init__(
        self,
        database_url: str,
        *,
        read_timeout: float = 10.0,
        rate_limiter: RateLimiter | None = None,
        **settings: Any,
    ) -> None:
        self.now = MONDAY
        self.read_timeout = read_timeout
        self.rate_limiter = rate_limiter
        self.simulator = Simulator(token=TOKEN, clock=lambda: self.now)
        self._chosen = {
            "database_url": database_url,
            "admin_ids": str(ADMIN_ID),
            "time_zone": "Europe/Berlin",
            **settings,
        }
        self._exit_stack = AsyncExitStack()
        self._people: dict[str, ChatUser] = {}
        self._extra_handlers: list[BaseHandler[Update, Context, Any]] = []
        self.odd_events: OddEvents | None = None
        self.settings: Settings
        self.app: App

    async def starts(self) -> None:
        """Start Telegram and the bot."""
        await self.simulator.start()
        self.settings = Settings(
            _env_file=None, telegram_api_url=self.simulator.url, **self._chosen
        )
        await self._opens_bot()

    async def ends(self) -> None:
        """Close everything."""
        await self._exit_stack.aclose()
        await self.simulator.stop()
        # aiohttp keeps the handlers of its last thousand servers, and with them this harness.
        del self.app

    async def restarts(self) -> None:
        """Stop the bot and start it again on the same database; overdue work is done."""
        await self._exit_stack.aclose()
        await self.recovers()

    async def crashes(self) -> None:
        """Stop the bot with its replies unsent: only what was committed remains."""
        self.app.abort()
        await self._exit_stack.aclose()

    async def recovers(self) -> None:
        """Start the bot again after a crash; overdue work is done."""
        await self._opens_bot()
        await self.app.jobs.recovery.run()
        await self.settles()

    def adds_handler(self, handler: BaseHandler[Update, Context, Any]) -> None:
        """Put a handler ahead of the bot's own, now and after each restart."""
        self._extra_handlers.insert(0, handler)
        self.app.application.handlers[0].insert(0, handler)

    async def advances(self, **time: float) -> None:
        """Advance the clock and do what falls due; the keywords are those of timedelta."""
        self.now += timedelta(**time)
        await self.settles()

    async def settles(self) -> None:
        """Process every update, do what is due, and wait until the replies have arrived."""
        await self.receives()
        await self.run_due()

    async def answers(self) -> None:
        """Process every update, and do what is due if the alarm fires, as the running bot does."""
        await self.receives()
        if self.app.alarm.due(self.now):
            await self.run_due()
        await self.app.relay.idle()

    async def receives(self) -> None:
        """Process every update."""
        while updates := self.simulator.take_updates():
            await self.processes(updates)

    async def run_due(self) -> None:
        """Do what is due, as when the alarm fires, and wait until it has been sent."""
        self.app.alarm.due(self.now)
        await self.app.jobs.run_due()
        await self.app.relay.idle()

    async def processes(self, updates: list[dict[str, Any]]) -> None:
        """Process these updates one after another, as Telegram delivers those of one chat."""
        for raw in updates:
            await self.app.receiver.process(self.app.receiver.read(raw))
        await self.app.replies.idle()

    def joins(self, name: str | None, **details: Any) -> ChatUser:
        """Add a person to Telegram."""
        given = self.odd_events.details(details) if self.odd_events else details
        return ChatUser(self, self.simulator.person(name, **given))

    def person_named(self, name: str, **details: Any) -> ChatUser:
        """Return the person of this name; they join Telegram the first time."""
        if name not in self._people:
            self._people[name] = self.joins(name, **details)
        return self._people[name]

    async def _opens_bot(self) -> None:
        app = build(
            self.settings,
            TOKEN,
            clock=lambda: self.now,
            read_timeout=self.read_timeout,
            max_read_timeout=12 * self.read_timeout,
            rate_limiter=self.rate_limiter,
        )
        for handler in reversed(self._extra_handlers):
            app.application.handlers[0].insert(0, handler)
        self.app = await self._exit_stack.enter_async_context(opened(app, self.settings))
        await self.app.membership.wait_until_leader()


@asynccontextmanager
async def running(
    bot: AnyHarness, allowed_warnings: Collection[str] = ()
) -> AsyncIterator[AnyHarness]:
    """Run a harness for a block.

    At the end, fail on every warning of the simulator that contains none of ``allowed_warnings``.
    """
    await bot.starts()
    yield bot
    await bot.ends()
    assert [
        warning
        for warning in bot.simulator.transcript.warnings
        if not any(part in warning for part in allowed_warnings)
    ] == []
