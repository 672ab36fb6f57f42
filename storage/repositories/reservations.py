"""Reservations and the cells that they take."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    and_,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    union_all,
    update,
)

from domain import errors
from domain.reservation import Party, Reservation, Status
from domain.timespan import TimeSpan, cell_with
from storage.engine.executor import Executor
from storage.engine.sqlite_direct import IN_THREAD
from storage.sql.json_rows import json_parameter, json_rows
from storage.sql.variants import PerDialect
from storage.tables import HELD, busy, reservation
from storage.types import Instant

PROVIDER, CLIENT = 0, 1

_NOW = bindparam("now", type_=Instant())
_OVERDUE = and_(HELD, reservation.c.expires_at <= _NOW)
_LIVE = or_(
    reservation.c.status == "confirmed",
    and_(reservation.c.status == "held", reservation.c.expires_at > _NOW),
)
_ID = reservation.c.id == bindparam("wanted")

_GET = select(reservation).where(_ID)
_GET_FOR_UPDATE = _GET.with_for_update()
_ADD = insert(reservation).returning(reservation.c.id)
_MOVED = ("provider_id", "start_cell", "end_cell", "held_at", "expires_at", "first_held_at")
_MOVE = update(reservation).where(_ID).values({name: bindparam(f"new_{name}") for name in _MOVED})
_CONFIRM = (
    update(reservation).where(_ID).values(status="confirmed", expires_at=None, confirmed_at=_NOW)
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
_OWN = reservation.alias("own")
_SHOW_ON = (
    update(reservation)
    .where(_ID)
    .values(card_message_id=bindparam("card"), notice_message_id=bindparam("notice"))
)
# A message shows one reservation. Otherwise a change of the earlier one would overwrite it.
_DETACH_CARD = (
    update(reservation)
    .where(
        reservation.c.client_id
        == select(_OWN.c.client_id).where(_OWN.c.id == bindparam("wanted")).scalar_subquery(),
        reservation.c.card_message_id == bindparam("card"),
        reservation.c.id != bindparam("wanted"),
    )
    .values(card_message_id=None)
)
_MOVE_CARD = (
    update(reservation)
    .where(
        reservation.c.client_id == bindparam("client"),
        reservation.c.card_message_id == bindparam("old"),
    )
    .values(card_message_id=bindparam("new"))
)

# Concurrent sweeps share the work: each skips rows that another has locked.
_OLDEST_OVERDUE = (
    select(reservation.c.id)
    .where(_OVERDUE)
    .order_by(reservation.c.expires_at)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)


def _cells_of(kind: int, subject: str) -> ColumnElement[bool]:
    """Return the condition for the busy cells of a provider or client within a window."""
    return and_(
        busy.c.kind == kind,
        busy.c.subject == bindparam(subject),
        busy.c.cell >= bindparam("first"),
        busy.c.cell < bindparam("last"),
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
        .values(status="expired", ended_at=_NOW)
        .returning(reservation)
    )


def _cells_taken(kind: int, subject: str) -> Select[Any]:
    """Return the query for the cells that live reservations take within a window, except one."""
    live = or_(busy.c.hold_until.is_(None), busy.c.hold_until > _NOW)
    return select(busy.c.cell).where(
        _cells_of(kind, subject), live, busy.c.reservation_id != bindparam("excluding")
    )


_EXPIRE_DUE = _expire(_OLDEST_OVERDUE).execution_options(**IN_THREAD)
_BLOCKING = select(busy.c.reservation_id).where(
    or_(_cells_of(PROVIDER, "provider"), _cells_of(CLIENT, "client")), busy.c.hold_until <= _NOW
)
# Locks rows in the order of their ids, so that two transactions that expire the same holds do not
# deadlock.
_EXPIRE_BLOCKING = _expire(
    select(reservation.c.id)
    .where(reservation.c.id.in_(_BLOCKING.scalar_subquery()), _OVERDUE)
    .order_by(reservation.c.id)
    .with_for_update()
)
_CLIENT_CELLS = _cells_taken(CLIENT, "client")
_TAKEN_CELLS = union_all(_cells_taken(PROVIDER, "provider"), _CLIENT_CELLS)
_NEXT_EXPIRY = select(func.min(reservation.c.expires_at)).where(HELD)
_OF_CLIENT = (
    select(reservation)
    .where(
        reservation.c.client_id == bindparam("client"),
        reservation.c.end_cell > bindparam("first"),
        _LIVE,
    )
    .order_by(reservation.c.start_cell)
)
_HOLDS = (
    select(func.count())
    .select_from(reservation)
    .where(
        reservation.c.client_id == bindparam("client"),
        reservation.c.end_cell > bindparam("first"),
        reservation.c.status == "held",
        reservation.c.expires_at > _NOW,
    )
)
_OF_PROVIDER = (
    select(reservation)
    .where(
        reservation.c.provider_id == bindparam("provider"),
        reservation.c.end_cell > bindparam("first"),
        reservation.c.start_cell < bindparam("last"),
        or_(_LIVE, reservation.c.status == "completed"),
    )
    .order_by(reservation.c.start_cell)
)
_OF_PROVIDER_FOR_UPDATE = _OF_PROVIDER.with_for_update()


class SqlReservations:
    """Implements ``domain.ports.Reservations``, and what the jobs need in addition."""

    def __init__(self, connection: Executor) -> None:
        """Execute statements through this connection."""
        self._connection = connection

    async def get(self, reservation_id: int) -> Reservation | None:
        """Return a reservation, or None if there is none."""
        row = (await self._connection.execute(_GET, {"wanted": reservation_id})).one_or_none()
        return _reservation_of(row) if row else None

    async def to_change(self, reservation_id: int) -> Reservation | None:
        """Return a reservation and lock it until the transaction ends."""
        row = (
            await self._connection.execute(_GET_FOR_UPDATE, {"wanted": reservation_id})
        ).one_or_none()
        return _reservation_of(row) if row else None

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
        }
        number = (await self._connection.execute(_ADD, row)).scalar_one()
        await self._add_cells(number, hold)
        return Reservation(
            number,
            hold.provider_id,
            hold.client_id,
            hold.span,
            hold.status,
            hold.held_at,
            hold.expires_at,
        )

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
        }
        await self._connection.execute(_MOVE, row)
        await self._connection.execute(_FREE_CELLS, {"wanted": hold.id})
        await self._add_cells(hold.id, hold)

    async def confirm(self, booking: Reservation) -> None:
        """Update a confirmed reservation; its cells no longer expire."""
        await self._connection.execute(
            _CONFIRM, {"wanted": booking.id, "now": booking.confirmed_at}
        )
        await self._connection.execute(_KEEP_CELLS, {"wanted": booking.id})

    async def cancel(self, ended: Reservation) -> None:
        """Update a cancelled reservation and free its cells."""
        row = {"wanted": ended.id, "now": ended.ended_at, "by": ended.ended_by, "why": ended.reason}
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

    async def taken_cells(
        self,
        provider_id: int,
        client_id: int,
        window: TimeSpan,
        now: datetime,
        *,
        excluding: int | None = None,
    ) -> Collection[int]:
        """Return the window's cells that live reservations of the provider or the client take.

        Leaves out the reservation ``excluding``.
        """
        subjects = {"provider": provider_id, "client": client_id, "excluding": excluding or 0}
        return await self._connection.scalars(
            _TAKEN_CELLS, {**subjects, "first": window.start, "last": window.end, "now": now}
        )

    async def client_cells(
        self, client_id: int, window: TimeSpan, now: datetime, *, excluding: int | None = None
    ) -> Collection[int]:
        """Return the window's cells that live reservations of the client take.

        Leaves out the reservation ``excluding``.
        """
        taken = {
            "client": client_id,
            "first": window.start,
            "last": window.end,
            "now": now,
            "excluding": excluding or 0,
        }
        return await self._connection.scalars(_CLIENT_CELLS, taken)

    async def live_hold_count(self, client_id: int, now: datetime) -> int:
        """Return how many live holds a client has."""
        return int(
            await self._connection.scalar(
                _HOLDS, {"client": client_id, "first": cell_with(now), "now": now}
            )
        )

    async def live_of_client(self, client_id: int, now: datetime) -> Sequence[Reservation]:
        """Return the live reservations of a client that have not ended, by start."""
        rows = await self._connection.execute(
            _OF_CLIENT, {"client": client_id, "first": cell_with(now), "now": now}
        )
        return [_reservation_of(row) for row in rows]

    async def of_provider(
        self, provider_id: int, window: TimeSpan, now: datetime, *, to_change: bool = False
    ) -> Sequence[Reservation]:
        """Return the reservations of a provider that touch the window, by start.

        Includes live and completed ones. ``to_change`` locks them until the transaction ends.
        """
        wanted = {"provider": provider_id, "first": window.start, "last": window.end, "now": now}
        query = _OF_PROVIDER_FOR_UPDATE if to_change else _OF_PROVIDER
        return [_reservation_of(row) for row in await self._connection.execute(query, wanted)]

    async def show_on(self, reservation_id: int, *, card: int | None, notice: int | None) -> None:
        """Record which messages of the client's chat show the reservation."""
        if card is not None:
            await self._connection.execute(_DETACH_CARD, {"wanted": reservation_id, "card": card})
        await self._connection.execute(
            _SHOW_ON, {"wanted": reservation_id, "card": card, "notice": notice}
        )

    async def move_card(self, client_id: int, old: int, new: int) -> None:
        """Record that a message has replaced a missing card of this client."""
        await self._connection.execute(_MOVE_CARD, {"client": client_id, "old": old, "new": new})

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
        ended = [_reservation_of(row) for row in await self._connection.execute(statement, values)]
        if ended:
            freed = json_parameter(
                self._connection, [{"reservation_id": hold.id} for hold in ended]
            )
            await self._connection.execute(_FREE_CELLS_OF_ALL.on(self._connection), freed)
        # RETURNING has no order.
        return sorted(ended, key=lambda hold: (hold.expires_at or hold.held_at, hold.id))


def _reservation_of(row: Row[*tuple[Any, ...]]) -> Reservation:
    """Return the reservation of a row; its columns are in the table's order."""
    (
        number,
        provider_id,
        client_id,
        start,
        end,
        status,
        held_at,
        expires_at,
        confirmed_at,
        ended_at,
        ended_by,
        *rest,
    ) = row
    known = (
        number,
        provider_id,
        client_id,
        TimeSpan(start, end),
        Status(status),
        held_at,
        expires_at,
        confirmed_at,
        ended_at,
    )
    return Reservation(*known, Party(ended_by) if ended_by else None, *rest)
