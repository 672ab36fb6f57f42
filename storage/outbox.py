"""What is to be delivered, in order, at least once."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.notification import Notification
from domain.outbox import REPLY, OutboxRow
from storage.tables import DUE, outbox
from storage.upsert import insert_or

LEASE = timedelta(seconds=60)

_FIELDS = [outbox.c[name] for name in ("id", "recipient_id", "kind", "reservation_id", "payload", "due_at", "attempts")]
_NOT_LEASED = or_(outbox.c.lease_until.is_(None), outbox.c.lease_until <= bindparam("now"))
_DUE_NOW = (
    select(outbox.c.id)
    .where(DUE, outbox.c.due_at <= bindparam("now"), _NOT_LEASED)
    .order_by(outbox.c.due_at, outbox.c.id)
    .limit(bindparam("limit"))
)
_CLAIM = (
    update(outbox)
    .where(outbox.c.id.in_(_DUE_NOW.scalar_subquery()), DUE)
    .values(lease_until=bindparam("lease"), attempts=outbox.c.attempts + 1)
    .returning(*_FIELDS)
)
_NEXT = select(func.min(func.coalesce(outbox.c.lease_until, outbox.c.due_at), type_=outbox.c.due_at.type)).where(DUE)
_ROW = outbox.c.id == bindparam("row")
_SETTLE = update(outbox).where(_ROW).values(state=bindparam("new_state"), settled_at=bindparam("now"), error=bindparam("new_error"))
_FORGET = delete(outbox).where(_ROW)
_POSTPONE = (
    update(outbox)
    .where(DUE, outbox.c.recipient_id == bindparam("recipient"), outbox.c.due_at < bindparam("until"))
    .values(due_at=bindparam("until"), lease_until=None)
)
_NOTE_ERROR = update(outbox).where(_ROW).values(error=bindparam("new_error"))
_SKIP_ALL = update(outbox).where(DUE, outbox.c.recipient_id == bindparam("recipient")).values(state="skipped", settled_at=bindparam("now"))
_RELEASE = update(outbox).where(DUE, outbox.c.lease_until.is_not(None)).values(lease_until=None)


class SqlOutbox:
    """Implements ``domain.ports.Outbox``, and what delivery needs beside that."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Work on this connection."""
        self._connection = connection

    async def notify(self, notifications: Iterable[Notification]) -> None:
        """Put notifications in; one of the same kind and reservation is put in once, and again where a hold was moved."""
        fresh = {"attempts": 0, "state": "due", "lease_until": None, "settled_at": None, "error": None}
        rows = [
            {"recipient_id": n.recipient_id, "kind": n.kind, "reservation_id": n.reservation_id, "due_at": n.due_at, **fresh}
            for n in notifications
        ]
        if rows:
            statement = insert_or(self._connection, outbox)
            again = {**fresh, "due_at": statement.excluded.due_at}
            await self._connection.execute(statement.on_conflict_do_update(index_elements=["reservation_id", "kind"], set_=again), rows)

    async def reply(self, recipient_id: int, payload: Mapping[str, object], now: datetime) -> OutboxRow:
        """Put the answer to an update in, leased to whoever commits it: he sends it himself, and the sweep only if he dies."""
        row = {"recipient_id": recipient_id, "kind": REPLY, "payload": dict(payload), "due_at": now}
        statement = insert_or(self._connection, outbox).values(attempts=1, state="due", lease_until=now + LEASE, **row)
        number = (await self._connection.execute(statement.returning(outbox.c.id))).scalar_one()
        return OutboxRow(number, recipient_id, REPLY, None, payload, now, attempts=1)

    async def claim(self, now: datetime, limit: int) -> Sequence[OutboxRow]:
        """Lease what is due to the caller, oldest first."""
        rows = await self._connection.execute(_CLAIM, {"now": now, "limit": limit, "lease": now + LEASE})
        return sorted((OutboxRow(**row._mapping) for row in rows), key=lambda row: (row.due_at, row.id))

    async def next_due(self) -> datetime | None:
        """Return when the next row can be claimed, or None where none waits."""
        earliest: datetime | None = await self._connection.scalar(_NEXT)
        return earliest

    async def settle(self, row: OutboxRow, state: str, now: datetime, error: str | None = None) -> None:
        """Note that a row is sent, skipped or parked. A reply that is sent is forgotten: nobody has to be told of it twice."""
        if row.kind == REPLY and state != "parked":
            await self._connection.execute(_FORGET, {"row": row.id})
        else:
            await self._connection.execute(_SETTLE, {"row": row.id, "new_state": state, "now": now, "new_error": error})

    async def postpone(self, row: OutboxRow, until: datetime, error: str) -> None:
        """Try a row again later, and with it all that waits for the same person, so that nothing overtakes it."""
        await self._connection.execute(_NOTE_ERROR, {"row": row.id, "new_error": error})
        await self._connection.execute(_POSTPONE, {"recipient": row.recipient_id, "until": until})

    async def skip_all(self, recipient_id: int, now: datetime) -> None:
        """Give up all that waits for a person who cannot be reached."""
        await self._connection.execute(_SKIP_ALL, {"recipient": recipient_id, "now": now})

    async def release_leases(self) -> None:
        """Make claimed rows due at once: for a start, when whoever claimed them is dead."""
        await self._connection.execute(_RELEASE)
