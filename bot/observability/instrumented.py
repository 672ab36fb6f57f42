"""A database whose transactions are timed, and in which what happened is counted once it is committed."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from bot.clock import Clock
from bot.observability.heartbeat import Heartbeat
from bot.observability.metrics import Metrics
from bot.ports import BotUnitOfWork, Database, Result
from domain.events import Event

log = logging.getLogger(__name__)

_FRESH_SECONDS = 5.0
_PATIENCE = 2.0


class InstrumentedDatabase:
    """Wraps a database; code that uses it does not notice."""

    def __init__(self, database: Database, metrics: Metrics) -> None:
        self._database = database
        self._metrics = metrics

    @property
    def side_by_side(self) -> int:
        """See ``bot.ports.WritableDatabase``."""
        return self._database.side_by_side

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[BotUnitOfWork]:
        """Open a unit of work that commits at the end of the block, and count then what happened in it."""
        with self._metrics.transaction("write"):
            async with self._database.transaction() as work:
                yield work
        self._metrics.count(work.events)

    async def write(self, do: Callable[[BotUnitOfWork], Awaitable[Result]]) -> Result:
        """Do something in a transaction of its own, and again where it met another's, and count then what happened in it."""
        events: list[Event] = []

        async def done(work: BotUnitOfWork) -> Result:
            result = await do(work)
            events[:] = work.events
            return result

        with self._metrics.transaction("write"):
            result = await self._database.write(done)
        self._metrics.count(events)
        return result

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[BotUnitOfWork]:
        """Open a unit of work that only reads."""
        with self._metrics.transaction("read"):
            async with self._database.snapshot() as work:
                yield work


class BacklogGauge:
    """Looks up what waits in the outbox, at most once in five seconds, however often it is asked to."""

    def __init__(self, database: Database, metrics: Metrics, clock: Clock) -> None:
        self._database = database
        self._metrics = metrics
        self._clock = clock
        self._read = Heartbeat()

    async def refresh(self) -> None:
        """Have the metrics show what waits now, or that nobody knows."""
        if self._read.age is not None and self._read.age < _FRESH_SECONDS:
            return
        self._read.beat()
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._look()
        except Exception as error:  # noqa: BLE001  (all other metrics are worth having all the same)
            log.warning("nobody knows what waits in the outbox: %s", type(error).__name__)
            self._metrics.waiting()

    async def _look(self) -> None:
        """Look into the outbox."""
        now = self._clock()
        async with self._database.snapshot() as work:
            backlog = await work.outbox.backlog(now)
        self._metrics.waiting(
            backlog.depth, (now - backlog.oldest).total_seconds() if backlog.oldest else 0.0
        )
