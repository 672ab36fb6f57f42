"""Reservations, and the cells they take."""

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
from storage.sql.json_rows import given, rows_given
from storage.sql.variants import PerDatabase
from storage.tables import HELD, busy, reservation
from storage.types import Instant

PROVIDER, CLIENT = 0, 1

_NOW = bindparam("now", type_=Instant())
_OVERDUE = and_(HELD, reservation.c.expires_at <= _NOW)
_ALIVE = or_(
    reservation.c.status == "confirmed",
    and_(reservation.c.status == "held", reservation.c.expires_at > _NOW),
)
_ID = reservation.c.id == bindparam("wanted")

_GET = select(reservation).where(_ID)
_TO_CHANGE = _GET.with_for_update()
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
_FREE = delete(busy).where(busy.c.reservation_id == bindparam("wanted"))
_FREE_ALL = PerDatabase(
    lambda db: (
        delete(busy)
        .where(busy.c.reservation_id.in_(rows_given(db, busy.c.reservation_id).scalar_subquery()))
        .execution_options(**IN_THREAD)
    )
)
_TAKE = PerDatabase(
    lambda db: (
        db.insert(busy)
        .from_select([*busy.c], rows_given(db, *busy.c))
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
# A message shows one reservation: what it showed before would else be edited over what it shows now.
_LET_GO = (
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

# Several sweepers share the work: each takes what no other has in hand.
_OLDEST_OVERDUE = (
    select(reservation.c.id)
    .where(_OVERDUE)
    .order_by(reservation.c.expires_at)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)


def _cells_of(kind: int, subject: str) -> ColumnElement[bool]:
    """Return the condition for the busy rows of one provider or client within a window."""
    return and_(
        busy.c.kind == kind,
        busy.c.subject == bindparam(subject),
        busy.c.cell >= bindparam("first"),
        busy.c.cell < bindparam("last"),
    )


def _expire(which: Select[Any]) -> Any:
    """Return the one statement by which holds die of age, for those that a query selects.

    The query stands in front, where it runs once: as a subquery PostgreSQL may run it again for each row, and find others behind the limit.
    """
    chosen = reservation.c.id.in_(select(which.cte("chosen").c[0]))
    return (
        update(reservation)
        .where(chosen, _OVERDUE)
        .values(status="expired", ended_at=_NOW)
        .returning(reservation)
    )


def _cells_taken(kind: int, subject: str) -> Select[Any]:
    """Return the query for the cells that live reservations, without one, take within a window."""
    alive = or_(busy.c.hold_until.is_(None), busy.c.hold_until > _NOW)
    return select(busy.c.cell).where(
        _cells_of(kind, subject), alive, busy.c.reservation_id != bindparam("besides")
    )


_EXPIRE_DUE = _expire(_OLDEST_OVERDUE).execution_options(**IN_THREAD)
_IN_WAY = select(busy.c.reservation_id).where(
    or_(_cells_of(PROVIDER, "provider"), _cells_of(CLIENT, "client")), busy.c.hold_until <= _NOW
)
# In the order of their numbers, so that two who find the same dead holds in their way do not wait for each other.
_EXPIRE_IN_WAY = _expire(
    select(reservation.c.id)
    .where(reservation.c.id.in_(_IN_WAY.scalar_subquery()), _OVERDUE)
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
        _ALIVE,
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
        or_(_ALIVE, reservation.c.status == "completed"),
    )
    .order_by(reservation.c.start_cell)
)
_OF_PROVIDER_TO_CHANGE = _OF_PROVIDER.with_for_update()


class SqlReservations:
    """Implements ``domain.ports.Reservations``, and what the jobs need beside that."""

    def __init__(self, connection: Executor) -> None:
        """Work on this connection."""
        self._connection = connection

    async def get(self, reservation_id: int) -> Reservation | None:
        """Return one reservation."""
        row = (await self._connection.execute(_GET, {"wanted": reservation_id})).one_or_none()
        return _read(row) if row else None

    async def to_change(self, reservation_id: int) -> Reservation | None:
        """Return one reservation, which nobody else changes until this transaction ends."""
        row = (await self._connection.execute(_TO_CHANGE, {"wanted": reservation_id})).one_or_none()
        return _read(row) if row else None

    async def add(self, hold: Reservation) -> Reservation:
        """Write a hold and its cells, and return it with its number; raises errors.SlotTaken where some cell is taken."""
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
        await self._take(number, hold)
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
        """Write a hold with another span, and its cells in place of the old ones; raises errors.SlotTaken likewise."""
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
        await self._connection.execute(_FREE, {"wanted": hold.id})
        await self._take(hold.id, hold)

    async def confirm(self, booking: Reservation) -> None:
        """Write a confirmed reservation; its cells are kept for good."""
        await self._connection.execute(
            _CONFIRM, {"wanted": booking.id, "now": booking.confirmed_at}
        )
        await self._connection.execute(_KEEP_CELLS, {"wanted": booking.id})

    async def cancel(self, ended: Reservation) -> None:
        """Write a cancelled reservation and free its cells."""
        row = {"wanted": ended.id, "now": ended.ended_at, "by": ended.ended_by, "why": ended.reason}
        await self._connection.execute(_CANCEL, row)
        await self._connection.execute(_FREE, {"wanted": ended.id})

    async def expire_due(self, now: datetime, limit: int) -> Sequence[Reservation]:
        """End the holds that have run out, oldest first, free their cells, and return them."""
        return await self._expired(_EXPIRE_DUE, {"now": now, "limit": limit})

    async def expire_in_way(
        self, provider_id: int, client_id: int, span: TimeSpan, now: datetime
    ) -> Sequence[Reservation]:
        """The same, for just those whose cells lie in the way of this span."""
        window = {"first": span.start, "last": span.end}
        return await self._expired(
            _EXPIRE_IN_WAY, {"now": now, "provider": provider_id, "client": client_id, **window}
        )

    async def next_expiry(self) -> datetime | None:
        """Return when the next hold runs out, or None where there is none."""
        earliest: datetime | None = await self._connection.scalar(_NEXT_EXPIRY)
        return earliest

    async def taken_cells(
        self,
        provider_id: int,
        client_id: int,
        window: TimeSpan,
        now: datetime,
        *,
        besides: int | None = None,
    ) -> Collection[int]:
        """Return the cells of the window that live reservations take of a provider or of a client, without one reservation."""
        whose = {"provider": provider_id, "client": client_id, "besides": besides or 0}
        return await self._connection.scalars(
            _TAKEN_CELLS, {**whose, "first": window.start, "last": window.end, "now": now}
        )

    async def client_cells(
        self, client_id: int, window: TimeSpan, now: datetime, *, besides: int | None = None
    ) -> Collection[int]:
        """Return the cells of the window that live reservations take of a client, without one reservation."""
        taken = {
            "client": client_id,
            "first": window.start,
            "last": window.end,
            "now": now,
            "besides": besides or 0,
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
        """Return the live reservations of a client that are not over, by start."""
        rows = await self._connection.execute(
            _OF_CLIENT, {"client": client_id, "first": cell_with(now), "now": now}
        )
        return [_read(row) for row in rows]

    async def of_provider(
        self, provider_id: int, window: TimeSpan, now: datetime, *, to_change: bool = False
    ) -> Sequence[Reservation]:
        """Return the reservations of a provider that touch the window and take place, or took place, by start."""
        wanted = {"provider": provider_id, "first": window.start, "last": window.end, "now": now}
        query = _OF_PROVIDER_TO_CHANGE if to_change else _OF_PROVIDER
        return [_read(row) for row in await self._connection.execute(query, wanted)]

    async def show_on(self, reservation_id: int, *, card: int | None, notice: int | None) -> None:
        """Note which messages of the client's chat show the reservation."""
        if card is not None:
            await self._connection.execute(_LET_GO, {"wanted": reservation_id, "card": card})
        await self._connection.execute(
            _SHOW_ON, {"wanted": reservation_id, "card": card, "notice": notice}
        )

    async def move_card(self, client_id: int, old: int, new: int) -> None:
        """Note that a message took the place of a card that is gone, for whatever reservation of this client it showed."""
        await self._connection.execute(_MOVE_CARD, {"client": client_id, "old": old, "new": new})

    async def _take(self, number: int, hold: Reservation) -> None:
        """Write a hold's cells in key order, which keeps two writers from waiting for each other; refuse where one is taken."""
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
                _TAKE.on(self._connection), given(self._connection, rows)
            )
        ) != len(rows):
            raise errors.SlotTaken

    async def _expired(self, statement: Any, values: dict[str, object]) -> Sequence[Reservation]:
        """End holds and free their cells."""
        ended = [_read(row) for row in await self._connection.execute(statement, values)]
        if ended:
            theirs = given(self._connection, [{"reservation_id": hold.id} for hold in ended])
            await self._connection.execute(_FREE_ALL.on(self._connection), theirs)
        # RETURNING keeps no order of its own.
        return sorted(ended, key=lambda hold: (hold.expires_at or hold.held_at, hold.id))


def _read(row: Row[*tuple[Any, ...]]) -> Reservation:
    """Return the reservation of a row, whose columns come in the order of the table."""
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
