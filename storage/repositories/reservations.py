"""Reservations and the cells that they take."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Select,
    and_,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from domain import errors
from domain.reservation import Reservation
from domain.timespan import TimeSpan
from storage.engine.executor import Executor
from storage.engine.sqlite_direct import IN_THREAD
from storage.queries.conditions import CLIENT, PROVIDER, cells_of
from storage.queries.rows import reservation_of
from storage.queries.sql_queries import AGENDA
from storage.sql.json_rows import json_parameter, json_rows
from storage.sql.variants import PerDialect
from storage.tables import HELD, busy, reservation
from storage.types import Instant

_NOW = bindparam("now", type_=Instant())
_OVERDUE = and_(HELD, reservation.c.expires_at <= _NOW)
_ID = reservation.c.id == bindparam("wanted")

_GET_FOR_UPDATE = select(reservation).where(_ID).with_for_update()
_ADD = insert(reservation).returning(reservation.c.id)
_MOVED = (
    "provider_id",
    "start_cell",
    "end_cell",
    "held_at",
    "expires_at",
    "first_held_at",
    "revision",
)
_MOVE = update(reservation).where(_ID).values({name: bindparam(f"new_{name}") for name in _MOVED})
_CONFIRM = (
    update(reservation)
    .where(_ID)
    .values(
        status="confirmed", expires_at=None, confirmed_at=_NOW, revision=bindparam("new_revision")
    )
)
_KEEP_CELLS = (
    update(busy).where(busy.c.reservation_id == bindparam("wanted")).values(hold_until=None)
)
_CANCEL = (
    update(reservation)
    .where(_ID)
    .values(
        status="cancelled",
        expires_at=None,
        ended_at=_NOW,
        ended_by=bindparam("by"),
        reason=bindparam("why"),
        revision=bindparam("new_revision"),
    )
)
_FREE_CELLS = delete(busy).where(busy.c.reservation_id == bindparam("wanted"))
_FREE_CELLS_OF_ALL = PerDialect(
    lambda db: (
        delete(busy)
        .where(busy.c.reservation_id.in_(json_rows(db, busy.c.reservation_id).scalar_subquery()))
        .execution_options(**IN_THREAD)
    )
)
_ADD_CELLS = PerDialect(
    lambda db: (
        db.insert(busy)
        .from_select([*busy.c], json_rows(db, *busy.c))
        .on_conflict_do_nothing()
        .returning(busy.c.cell)
    )
)
# Concurrent sweeps share the work: each skips rows that another has locked.
_OLDEST_OVERDUE = (
    select(reservation.c.id)
    .where(_OVERDUE)
    .order_by(reservation.c.expires_at)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)


def _expire(query: Select[Any]) -> Any:
    """Return the statement that expires the holds selected by a query.

    The query is a CTE, so that it runs once: PostgreSQL may run a subquery again for each row, and
    find other rows within the limit.
    """
    chosen = reservation.c.id.in_(select(query.cte("chosen").c[0]))
    return (
        update(reservation)
        .where(chosen, _OVERDUE)
        .values(status="expired", ended_at=_NOW, revision=reservation.c.revision + 1)
        .returning(reservation)
    )


_EXPIRE_DUE = _expire(_OLDEST_OVERDUE).execution_options(**IN_THREAD)
_BLOCKING = select(busy.c.reservation_id).where(
    or_(cells_of(PROVIDER, "provider"), cells_of(CLIENT, "client")), busy.c.hold_until <= _NOW
)
# Locks rows in the order of their ids, so that two transactions that expire the same holds do not
# deadlock.
_EXPIRE_BLOCKING = _expire(
    select(reservation.c.id)
    .where(reservation.c.id.in_(_BLOCKING.scalar_subquery()), _OVERDUE)
    .order_by(reservation.c.id)
    .with_for_update()
)
_NEXT_EXPIRY = select(func.min(reservation.c.expires_at)).where(HELD)
_WITHIN_FOR_UPDATE = AGENDA.with_for_update()


class SqlReservations:
    """Implements ``domain.ports.Reservations``, and when the next hold expires."""

    def __init__(self, connection: Executor) -> None:
        """Execute statements through this connection."""
        self._connection = connection

    async def to_change(self, reservation_id: int) -> Reservation | None:
        """Return a reservation and lock it until the transaction ends."""
        row = (
            await self._connection.execute(_GET_FOR_UPDATE, {"wanted": reservation_id})
        ).one_or_none()
        return reservation_of(row) if row else None

    async def to_change_within(
        self, provider_id: int, window: TimeSpan, now: datetime
    ) -> Sequence[Reservation]:
        """Return what ``SqlQueries.agenda`` does, and lock it until the transaction ends."""
        wanted = {"provider": provider_id, "first": window.start, "last": window.end, "now": now}
        rows = await self._connection.execute(_WITHIN_FOR_UPDATE, wanted)
        return [reservation_of(row) for row in rows]

    async def add(self, hold: Reservation) -> Reservation:
        """Insert a hold and its cells, and return it with its id.

        Raises:
            errors.SlotTaken: a cell is taken.
        """
        row = {
            "provider_id": hold.provider_id,
            "client_id": hold.client_id,
            "start_cell": hold.span.start,
            "end_cell": hold.span.end,
            "status": hold.status,
            "held_at": hold.held_at,
            "expires_at": hold.expires_at,
            "revision": hold.revision,
        }
        number = (await self._connection.execute(_ADD, row)).scalar_one()
        await self._add_cells(number, hold)
        return replace(hold, id=number)

    async def move(self, hold: Reservation) -> None:
        """Update a hold's time, and replace its cells.

        Raises:
            errors.SlotTaken: a cell is taken.
        """
        row = {
            "wanted": hold.id,
            "new_provider_id": hold.provider_id,
            "new_start_cell": hold.span.start,
            "new_end_cell": hold.span.end,
            "new_held_at": hold.held_at,
            "new_expires_at": hold.expires_at,
            "new_first_held_at": hold.first_held_at,
            "new_revision": hold.revision,
        }
        await self._connection.execute(_MOVE, row)
        await self._connection.execute(_FREE_CELLS, {"wanted": hold.id})
        await self._add_cells(hold.id, hold)

    async def confirm(self, booking: Reservation) -> None:
        """Update a confirmed reservation; its cells no longer expire."""
        row = {
            "wanted": booking.id,
            "now": booking.confirmed_at,
            "new_revision": booking.revision,
        }
        await self._connection.execute(_CONFIRM, row)
        await self._connection.execute(_KEEP_CELLS, {"wanted": booking.id})

    async def cancel(self, ended: Reservation) -> None:
        """Update a cancelled reservation and free its cells."""
        row = {
            "wanted": ended.id,
            "now": ended.ended_at,
            "by": ended.ended_by,
            "why": ended.reason,
            "new_revision": ended.revision,
        }
        await self._connection.execute(_CANCEL, row)
        await self._connection.execute(_FREE_CELLS, {"wanted": ended.id})

    async def expire_due(self, now: datetime, limit: int) -> Sequence[Reservation]:
        """Expire overdue holds, oldest first, free their cells, and return them."""
        return await self._expire_holds(_EXPIRE_DUE, {"now": now, "limit": limit})

    async def expire_in_way(
        self, provider_id: int, client_id: int, span: TimeSpan, now: datetime
    ) -> Sequence[Reservation]:
        """Expire the overdue holds that block a span, free their cells, and return them."""
        window = {"first": span.start, "last": span.end}
        return await self._expire_holds(
            _EXPIRE_BLOCKING, {"now": now, "provider": provider_id, "client": client_id, **window}
        )

    async def next_expiry(self) -> datetime | None:
        """Return when the next hold expires, or None if there is none."""
        earliest: datetime | None = await self._connection.scalar(_NEXT_EXPIRY)
        return earliest

    async def _add_cells(self, number: int, hold: Reservation) -> None:
        """Insert a hold's cells. Raises errors.SlotTaken.

        Inserts them in key order, so that two transactions do not deadlock.
        """
        rows = [
            {
                "kind": kind,
                "subject": subject,
                "cell": cell,
                "reservation_id": number,
                "hold_until": hold.expires_at,
            }
            for kind, subject in ((PROVIDER, hold.provider_id), (CLIENT, hold.client_id))
            for cell in hold.span.cells
        ]
        if len(
            await self._connection.execute(
                _ADD_CELLS.on(self._connection), json_parameter(self._connection, rows)
            )
        ) != len(rows):
            raise errors.SlotTaken

    async def _expire_holds(
        self, statement: Any, values: dict[str, object]
    ) -> Sequence[Reservation]:
        """Expire holds with a statement, free their cells, and return them in order."""
        ended = [reservation_of(row) for row in await self._connection.execute(statement, values)]
        if ended:
            freed = json_parameter(
                self._connection, [{"reservation_id": hold.id} for hold in ended]
            )
            await self._connection.execute(_FREE_CELLS_OF_ALL.on(self._connection), freed)
        # RETURNING has no order.
        return sorted(ended, key=lambda hold: (hold.expires_at or hold.held_at, hold.id))
