"""Reports incidents to the admins: the first within a minute, then at most one message an hour.

Incidents are counted in the database, if possible in the transaction in which they occur. A report
takes them and puts its messages into the outbox in one transaction. So neither a crash nor another
replica can report them twice or lose them.
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from bot.clock import Clock
from bot.ports import BotUnitOfWork, Database
from domain.operations.incident import Incident, IncidentKind

log = logging.getLogger(__name__)

_INTERVAL = timedelta(hours=1)


class AdminSummary:
    """Reports incidents to the admins who are reachable and have written to the bot."""

    def __init__(self, database: Database, admins: frozenset[int], clock: Clock) -> None:
        self._database = database
        self._admins = admins
        self._clock = clock
        self._unrecorded: str | None = None

    async def record(self, kind: IncidentKind, error: Exception) -> None:
        """Count an incident in its own transaction.

        If the database is unavailable, that is counted as an incident once it is back.
        """
        name = type(error).__name__
        try:
            await self._write(kind, name)
        except Exception:
            log.exception("an incident could not be counted: the database is unavailable")
            self._unrecorded = name

    async def report(self) -> None:
        """Report the incidents, if a report is due.

        A failure is logged but not counted as an incident, or each report would cause the next one.
        """
        try:
            await self._report()
        except Exception:
            log.exception("the incidents could not be reported to the admins")

    async def _report(self) -> None:
        """Put a message for each admin into the outbox."""
        if self._unrecorded is not None:
            await self._write(IncidentKind.DATABASE_AWAY, self._unrecorded)
            self._unrecorded = None
        now = self._clock()
        since = now - _INTERVAL
        async with self._database.snapshot() as uow:
            admins = await self._reachable(uow) if await uow.incidents.any_unreported(since) else []
        if not admins:
            return
        async with self._database.transaction() as uow:
            if incidents := await uow.incidents.take(now, since):
                await uow.outbox.report(admins, to_payload(incidents), now)

    async def _write(self, kind: IncidentKind, error: str) -> None:
        """Count an incident in its own transaction."""
        async with self._database.transaction() as uow:
            await uow.incidents.note(kind, error, self._clock())

    async def _reachable(self, uow: BotUnitOfWork) -> list[int]:
        """Return the admins that the bot can write to."""
        admins = await uow.queries.admins(self._admins)
        return [admin.id for admin in admins if admin.unreachable_since is None]


def to_payload(incidents: Sequence[Incident]) -> dict[str, Any]:
    """Return incidents as plain JSON."""
    return {"incidents": [[each.kind, each.count, each.error] for each in incidents]}


def from_payload(payload: Mapping[str, Any]) -> list[Incident]:
    """Return the incidents in plain JSON; raises KeyError or ValueError if they are invalid."""
    return [
        Incident(IncidentKind(kind), count, error) for kind, count, error in payload["incidents"]
    ]
