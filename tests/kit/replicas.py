"""A town whose bot runs as several replicas on one database, each update worked by the next of them."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from typing import Any

from sqlalchemy import make_url
from telegram import Update
from telegram.ext import BaseHandler

from bot.app import App, build, opened
from bot.dialogue.context import Context
from bot.outbox.rate_limiter import RateLimiter
from storage.cluster.membership import PostgresMembership
from tests.kit.bot import TOKEN, BotHarness
from tests.kit.postgres import execute, fetch, named

_CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'slotkeeper'"


class ReplicaSet(BotHarness):
    """A town with replicas A, B, C … in ``apps``; ``app`` is the one that works the next update."""

    def __init__(
        self, database_url: str, *, replicas: int = 2, paced: bool = False, **more: Any
    ) -> None:
        super().__init__(database_url, **more)
        self.apps: list[App] = []
        self._size = replicas
        self._paced = paced
        self._stacks: dict[int, AsyncExitStack] = {}

    async def ends(self) -> None:
        """Close everything."""
        for app in tuple(self.apps):
            await self.leaves(app)
        await super().ends()

    async def joins_in(self) -> App:
        """Open one more replica."""
        app = build(
            self.settings,
            TOKEN,
            clock=lambda: self.now,
            patience=self.patience,
            rate_limiter=RateLimiter() if self._paced else None,
        )
        for handler in reversed(self._first):
            app.application.handlers[0].insert(0, handler)
        stack = AsyncExitStack()
        self._stacks[id(app)] = stack
        self.apps.append(await stack.enter_async_context(opened(app, self.settings)))
        return app

    async def leaves(self, app: App) -> None:
        """Stop a replica as a signal does."""
        self.apps.remove(app)
        await self._stacks.pop(id(app)).aclose()

    async def dies(self, app: App) -> None:
        """Let a replica die with its answers in hand: whatever was committed is all that is left of it."""
        app.abort()
        await self.leaves(app)

    async def goes_about(self, app: App, *, sweeping: bool = False) -> None:
        """Have a replica do what is due by itself from now on: when it hears of it, and, if wanted, at each sweep."""
        app.scheduler.start()
        await app.jobs.start(app.scheduler)
        if not sweeping:
            app.scheduler.remove_job("sweep")
        stack = self._stacks[id(app)]
        stack.push_async_callback(app.jobs.stop)
        stack.callback(app.scheduler.shutdown, wait=False)

    def adds_handler(self, handler: BaseHandler[Update, Context, Any]) -> None:
        """Have every replica ask this handler first."""
        self._first.insert(0, handler)
        for app in self.apps:
            app.application.handlers[0].insert(0, handler)

    async def processes(self, updates: list[dict[str, Any]]) -> None:
        """Have each update worked by the next replica, which does not wait until the one before has answered."""
        for raw in updates:
            await self.worked_by(self.app, raw)
            self.app = self.apps[(self.apps.index(self.app) + 1) % len(self.apps)]
        await self.idle()

    async def worked_by(self, app: App, raw: dict[str, Any]) -> None:
        """Have an update worked by one replica; its answer may still be on the way."""
        await app.receiver.once(app.receiver.read(raw))

    async def answers(self) -> None:
        """Have the replicas work all that people did, and do what is due: each alarm has heard of a part of it."""
        await self.settles()

    async def run_due(self) -> None:
        """Have all replicas do what is due, and wait until that has arrived."""
        await asyncio.gather(*(app.jobs.run_due() for app in self.apps))
        await self.idle()

    async def idle(self) -> None:
        """Wait until no replica has anything in hand."""
        for app in self.apps:
            await app.processor.idle()
            await app.relay.idle()

    async def _opens_bot(self) -> None:
        for _ in range(self._size):
            await self.joins_in()
        self.app = self.apps[0]


def membership(app: App) -> PostgresMembership:
    """Return a replica's presence."""
    assert isinstance(app.membership, PostgresMembership)
    return app.membership


def leaders(apps: Sequence[App]) -> list[App]:
    """Return the replicas that lead."""
    return [app for app in apps if app.membership.is_leader]


def cut(url: str) -> None:
    """Cut all connections of the bot to PostgreSQL, as its restart does."""
    fetch(url, _CUT)


@contextmanager
def shut(url: str) -> Iterator[None]:
    """Cut all connections, and let nobody in for a block; only our own connection stays."""
    name = make_url(url).database
    server = named(url, "postgres")
    execute(server, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    cut(url)
    try:
        yield
    finally:
        execute(server, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
