"""What happened to reservations, written in the transaction of the act."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert

from domain.events import Event
from domain.reservation import Reservation
from storage.engine.executor import Executor
from storage.tables import history

_ADD = insert(history)


class SqlHistory:
    """Implements ``domain.ports.History``."""

    def __init__(self, connection: Executor) -> None:
        """Execute statements through this connection."""
        self._connection = connection

    async def add(self, events: Sequence[Event], now: datetime) -> None:
        """Insert a row for each event, with the times and states of the reservation."""
        rows = [
            {
                "reservation_id": each.reservation.id,
                "revision": each.reservation.revision,
                "actor_id": each.actor,
                "act": each.act,
                "at": now,
                "before": None if each.before is None else _snapshot(each.before),
                "after": _snapshot(each.reservation),
            }
            for each in events
        ]
        await self._connection.execute(_ADD, rows, long_running=len(rows) > 1)


def _snapshot(reservation: Reservation) -> dict[str, Any]:
    """Return the times and the state of a reservation as plain JSON."""
    ends = reservation.expires_at
    return {
        "status": reservation.status,
        "provider": reservation.provider_id,
        "start": reservation.span.start,
        "end": reservation.span.end,
        "expires_at": ends.isoformat() if ends else None,
    }
