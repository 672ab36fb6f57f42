"""Delete old rows every night."""

from datetime import datetime, timedelta

from sqlalchemy import Executable, bindparam, delete, update

from domain.events import VisitCompleted
from domain.timespan import first_cell_from
from storage.engine.executor import Executor
from storage.queries.rows import reservation_of
from storage.repositories.history import SqlHistory
from storage.tables import (
    CONFIRMED,
    busy,
    draft,
    failed_update,
    incident,
    outbox,
    processed_update,
    reservation,
)

# Telegram redelivers an update for at most a day.
UPDATES_KEPT = timedelta(days=2)
KEPT = timedelta(days=30)
CELLS_KEPT = timedelta(days=1)

_CELLS = delete(busy).where(busy.c.kind == bindparam("of"), busy.c.cell < bindparam("before"))
_COMPLETED = (
    update(reservation)
    .where(CONFIRMED, reservation.c.end_cell <= bindparam("before"))
    .values(status="completed", ended_at=bindparam("now"), revision=reservation.c.revision + 1)
    .returning(reservation)
)
_UPDATES = delete(processed_update).where(processed_update.c.processed_at < bindparam("before"))
_FAILURES = delete(failed_update).where(failed_update.c.failed_at < bindparam("before"))
_DRAFTS = delete(draft).where(draft.c.drafted_at < bindparam("before"))
_INCIDENTS = delete(incident).where(incident.c.latest < bindparam("before"))
_OUTBOX = delete(outbox).where(outbox.c.settled_at < bindparam("before"))


class SqlPruning:
    """The nightly cleanup."""

    def __init__(self, connection: Executor) -> None:
        """Execute statements through this connection."""
        self._connection = connection

    async def prune(self, now: datetime) -> None:
        """Complete past appointments, free the cells of past days, and delete old rows."""
        yesterday = first_cell_from(now - CELLS_KEPT)
        await self._complete(yesterday, now)
        for kind in (0, 1):
            await self._execute_long_running(_CELLS, {"of": kind, "before": yesterday})
        await self._execute_long_running(_UPDATES, {"before": now - UPDATES_KEPT})
        for old in (_FAILURES, _DRAFTS, _INCIDENTS, _OUTBOX):
            await self._execute_long_running(old, {"before": now - KEPT})

    async def _complete(self, before: int, now: datetime) -> None:
        """Complete the appointments that ended before a cell, and record that in the history."""
        ended = await self._connection.execute(
            _COMPLETED, {"before": before, "now": now}, long_running=True
        )
        over = [reservation_of(row) for row in ended]
        events = [VisitCompleted(each, each.before_its_time_came(), None) for each in over]
        if events:
            await SqlHistory(self._connection).add(events, now)

    async def _execute_long_running(self, statement: Executable, values: dict[str, object]) -> None:
        """Execute a statement that may process the rows of a whole day."""
        await self._connection.execute(statement, values, long_running=True)
