"""A database wrapper that times transactions and counts committed events."""

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

BACKLOG_MAX_AGE_SECONDS = 5.0
"""How old the size of the outbox may be before it is read again."""
BACKLOG_TIMEOUT_SECONDS = 2.0
"""How long one request for metrics waits for the size of the outbox."""


class InstrumentedDatabase:
    """Wraps a database, with the same interface."""

    def __init__(self, database: Database, metrics: Metrics) -> None:
        self._database = database
        self._metrics = metrics

    @property
    def max_concurrent_writes(self) -> int:
        """See ``bot.ports.WritableDatabase``."""
        return self._database.max_concurrent_writes

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[BotUnitOfWork]:
        """Open a unit of work, commit it at the end of the block, then count its events."""
        with self._metrics.transaction("write"):
            async with self._database.transaction() as uow:
                yield uow
        self._metrics.count_events(uow.events)

    async def write(self, do: Callable[[BotUnitOfWork], Awaitable[Result]]) -> Result:
        """Run ``do`` in a transaction, again after a conflict, then count the committed events."""
        events: list[Event] = []

        async def recording(uow: BotUnitOfWork) -> Result:
            result = await do(uow)
            events[:] = uow.events
            return result

        with self._metrics.transaction("write"):
            result = await self._database.write(recording)
        self._metrics.count_events(events)
        return result

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[BotUnitOfWork]:
        """Open a read-only unit of work."""
        with self._metrics.transaction("read"):
            async with self._database.snapshot() as uow:
                yield uow


class BacklogGauge:
    """Reads the size of the outbox, at most once in five seconds however often it is asked."""

    def __init__(self, database: Database, metrics: Metrics, clock: Clock) -> None:
        self._database = database
        self._metrics = metrics
        self._clock = clock
        self._last_read = Heartbeat()

    async def refresh(self) -> None:
        """Update the metrics; if the database cannot be read, set them to not-a-number."""
        if self._last_read.age is not None and self._last_read.age < BACKLOG_MAX_AGE_SECONDS:
            return
        self._last_read.beat()
        try:
            async with asyncio.timeout(BACKLOG_TIMEOUT_SECONDS):
                await self._read()
        except Exception as error:  # noqa: BLE001  (the other metrics must be served all the same)
            log.warning("cannot read the size of the outbox: %s", type(error).__name__)
            self._metrics.set_backlog()

    async def _read(self) -> None:
        """Read the outbox and set the metrics."""
        now = self._clock()
        async with self._database.snapshot() as uow:
            backlog = await uow.outbox.backlog(now)
        self._metrics.set_backlog(
            backlog.depth, (now - backlog.oldest).total_seconds() if backlog.oldest else 0.0
        )
