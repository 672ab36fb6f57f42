"""What went wrong reaches the admins: the first error within a minute, and then at most one message an hour for all that came since.

Incidents are counted in the database, in the transaction of what they tell of where there is one. Telling takes them and puts the messages
into the outbox in one transaction, so that neither a crash nor a second replica tells them twice or forgets them.
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from bot.clock import Clock
from bot.ports import BotUnitOfWork, Database
from domain.operations.incident import Incident, Trouble

log = logging.getLogger(__name__)

RHYTHM = timedelta(hours=1)


class AdminSummary:
    """Tells the admins what went wrong; those who never wrote to the bot, or blocked it, cannot be told."""

    def __init__(self, database: Database, admins: frozenset[int], clock: Clock) -> None:
        self._database = database
        self._admins = sorted(admins)
        self._clock = clock
        self._unwritten: str | None = None

    async def note(self, kind: Trouble, error: Exception) -> None:
        """Count something that went wrong outside of any transaction; where the database is away, that is counted once it is back."""
        name = type(error).__name__
        try:
            await self._write(kind, name)
        except Exception:
            log.exception("an error could not be counted: the database is away")
            self._unwritten = name

    async def tell(self) -> None:
        """Tell what there is to tell, if it is time; a failure is logged and not counted, or each telling would have the next one fail."""
        try:
            await self._tell()
        except Exception:
            log.exception("the admins could not be told what went wrong")

    async def _tell(self) -> None:
        """Put a message for each admin into the outbox."""
        if self._unwritten is not None:
            await self._write(Trouble.DATABASE_AWAY, self._unwritten)
            self._unwritten = None
        now = self._clock()
        since = now - RHYTHM
        async with self._database.snapshot() as work:
            people = (
                await self._reachable(work) if await work.incidents.any_unreported(since) else []
            )
        if not people:
            return
        async with self._database.transaction() as work:
            if incidents := await work.incidents.take(now, since):
                await work.outbox.report(people, packed(incidents), now)

    async def _write(self, kind: Trouble, error: str) -> None:
        """Count something in a transaction of its own."""
        async with self._database.transaction() as work:
            await work.incidents.note(kind, error, self._clock())

    async def _reachable(self, work: BotUnitOfWork) -> list[int]:
        """Return the admins who can be written to."""
        known = [await work.clients.get(admin) for admin in self._admins]
        return [
            person.id for person in known if person is not None and person.unreachable_since is None
        ]


def packed(incidents: Sequence[Incident]) -> dict[str, Any]:
    """Return incidents as plain JSON."""
    return {"incidents": [[each.kind, each.count, each.error] for each in incidents]}


def unpacked(payload: Mapping[str, Any]) -> list[Incident]:
    """Return incidents from plain JSON; raises KeyError or ValueError for what are none."""
    return [Incident(Trouble(kind), count, error) for kind, count, error in payload["incidents"]]
