"""A town whose bot runs as several replicas on one database, each update worked by the next of them."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from typing import Any

from sqlalchemy import make_url
from telegram import Update
from telegram.ext import BaseHandler

from bot.app import House, build, opened
from bot.dialogue.context import Context
from bot.outbox.rate_limiter import Pace
from storage.cluster.membership import Replica
from tests.bot.harness import TOKEN, Town
from tests.fixtures.postgres import execute, fetch, named

_CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'slotkeeper'"


class ReplicaTown(Town):
    """A town with replicas A, B, C … in ``houses``; ``house`` is the one that works the next update."""

    def __init__(self, database_url: str, *, replicas: int = 2, paced: bool = False, **more: Any) -> None:
        super().__init__(database_url, **more)
        self.houses: list[House] = []
        self._size = replicas
        self._paced = paced
        self._stacks: dict[int, AsyncExitStack] = {}

    async def ends(self) -> None:
        """Close everything."""
        for house in tuple(self.houses):
            await self.leaves(house)
        await super().ends()

    async def joins_in(self) -> House:
        """Open one more replica."""
        house = build(self.settings, TOKEN, clock=lambda: self.now, patience=self.patience, pace=Pace() if self._paced else None)
        for handler in reversed(self._first):
            house.application.handlers[0].insert(0, handler)
        stack = AsyncExitStack()
        self._stacks[id(house)] = stack
        self.houses.append(await stack.enter_async_context(opened(house, self.settings)))
        return house

    async def leaves(self, house: House) -> None:
        """Stop a replica as a signal does."""
        self.houses.remove(house)
        await self._stacks.pop(id(house)).aclose()

    async def dies(self, house: House) -> None:
        """Let a replica die with its answers in hand: whatever was committed is all that is left of it."""
        for task in (*house.processor._answers, *house.courier._in_hand):
            task.cancel()
        await self.leaves(house)

    async def goes_about(self, house: House, *, sweeping: bool = False) -> None:
        """Have a replica do what is due by itself from now on: when it hears of it, and, if wanted, at each sweep."""
        house.scheduler.start()
        await house.jobs.start(house.scheduler)
        if not sweeping:
            house.scheduler.remove_job("sweep")
        stack = self._stacks[id(house)]
        stack.push_async_callback(house.jobs.stop)
        stack.callback(house.scheduler.shutdown, wait=False)

    def adds(self, handler: BaseHandler[Update, Context, Any]) -> None:
        """Have every replica ask this handler first."""
        self._first.insert(0, handler)
        for house in self.houses:
            house.application.handlers[0].insert(0, handler)

    async def works(self, updates: list[dict[str, Any]]) -> None:
        """Have each update worked by the next replica, which does not wait until the one before has answered."""
        for raw in updates:
            await self.worked_by(self.house, raw)
            self.house = self.houses[(self.houses.index(self.house) + 1) % len(self.houses)]
        await self.idle()

    async def worked_by(self, house: House, raw: dict[str, Any]) -> None:
        """Have an update worked by one replica; its answer may still be on the way."""
        await house.intake.once(house.intake.read(raw))

    async def answers(self) -> None:
        """Have the replicas work all that people did, and do what is due: each alarm has heard of a part of it."""
        await self.settles()

    async def sweeps(self) -> None:
        """Have all replicas do what is due, and wait until that has arrived."""
        await asyncio.gather(*(house.jobs.run_due() for house in self.houses))
        await self.idle()

    async def idle(self) -> None:
        """Wait until no replica has anything in hand."""
        for house in self.houses:
            await house.processor.idle()
            await house.courier.idle()

    async def _opens_bot(self) -> None:
        for _ in range(self._size):
            await self.joins_in()
        self.house = self.houses[0]


def presence(house: House) -> Replica:
    """Return a replica's presence."""
    assert isinstance(house.presence, Replica)
    return house.presence


def leaders(houses: Sequence[House]) -> list[House]:
    """Return the replicas that lead."""
    return [house for house in houses if house.presence.leading]


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
