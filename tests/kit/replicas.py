"""A bot with several replicas on one database, which process updates in turn."""

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
from tests.kit.postgres import execute, fetch, url_of_database

_TERMINATE = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'slotkeeper'"""


class ReplicaSet(BotHarness):
    """A bot with replicas ``apps``; ``app`` is the one that processes the next update."""

    def __init__(
        self, database_url: str, *, replicas: int = 2, rate_limited: bool = False, **more: Any
    ) -> None:
        super().__init__(database_url, **more)
        self.apps: list[App] = []
        self._size = replicas
        self._rate_limited = rate_limited
        self._stacks: dict[int, AsyncExitStack] = {}

    async def ends(self) -> None:
        """Close everything."""
        for app in tuple(self.apps):
            await self.stops_replica(app)
        await super().ends()

    async def adds_replica(self) -> App:
        """Start one more replica."""
        app = build(
            self.settings,
            TOKEN,
            clock=lambda: self.now,
            read_timeout=self.read_timeout,
            rate_limiter=RateLimiter() if self._rate_limited else None,
        )
        for handler in reversed(self._extra_handlers):
            app.application.handlers[0].insert(0, handler)
        stack = AsyncExitStack()
        self._stacks[id(app)] = stack
        self.apps.append(await stack.enter_async_context(opened(app, self.settings)))
        return app

    async def stops_replica(self, app: App) -> None:
        """Stop a replica gracefully."""
        self.apps.remove(app)
        await self._stacks.pop(id(app)).aclose()

    async def crashes_replica(self, app: App) -> None:
        """Stop a replica with its replies unsent: only what was committed remains."""
        app.abort()
        await self.stops_replica(app)

    async def starts_jobs(self, app: App, *, sweeping: bool = False) -> None:
        """Start a replica's job worker, which runs on notifications, and on the sweep if wanted."""
        app.scheduler.start()
        await app.jobs.start(app.scheduler)
        if not sweeping:
            app.scheduler.remove_job("sweep")
        stack = self._stacks[id(app)]
        stack.push_async_callback(app.jobs.stop)
        stack.callback(app.scheduler.shutdown, wait=False)

    def adds_handler(self, handler: BaseHandler[Update, Context, Any]) -> None:
        """Put a handler first in every replica, now and in those added later."""
        self._extra_handlers.insert(0, handler)
        for app in self.apps:
            app.application.handlers[0].insert(0, handler)

    async def processes(self, updates: list[dict[str, Any]]) -> None:
        """Process updates on the replicas in turn, without waiting for the previous reply."""
        for raw in updates:
            await self.processes_on(self.app, raw)
            self.app = self.apps[(self.apps.index(self.app) + 1) % len(self.apps)]
        await self.idle()

    async def processes_on(self, app: App, raw: dict[str, Any]) -> None:
        """Process an update on one replica; the reply may not have been sent yet."""
        await app.receiver.process(app.receiver.read(raw))

    async def answers(self) -> None:
        """Process every update and do what is due, whichever replica's alarm was set."""
        await self.settles()

    async def run_due(self) -> None:
        """Do what is due on all replicas, and wait until it has been sent."""
        await asyncio.gather(*(app.jobs.run_due() for app in self.apps))
        await self.idle()

    async def idle(self) -> None:
        """Wait until all replicas are idle."""
        for app in self.apps:
            await app.replies.idle()
            await app.relay.idle()

    async def _opens_bot(self) -> None:
        for _ in range(self._size):
            await self.adds_replica()
        self.app = self.apps[0]


def membership(app: App) -> PostgresMembership:
    """Return a replica's cluster membership."""
    assert isinstance(app.membership, PostgresMembership)
    return app.membership


def leaders(apps: Sequence[App]) -> list[App]:
    """Return the replicas that believe they are the leader."""
    return [app for app in apps if app.membership.is_leader]


def drop_connections(url: str) -> None:
    """Drop all connections of the bot to PostgreSQL, as a restart of the server does."""
    fetch(url, _TERMINATE)


@contextmanager
def refuse_connections(url: str) -> Iterator[None]:
    """Drop the bot's connections and refuse new ones for a block."""
    name = make_url(url).database
    server = url_of_database(url, "postgres")
    execute(server, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    drop_connections(url)
    try:
        yield
    finally:
        execute(server, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
