"""The integrity check: read-only queries for inconsistencies and for what operators should know."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from sqlalchemy import (
    Column,
    ColumnElement,
    Select,
    and_,
    bindparam,
    func,
    or_,
    select,
    text,
    union_all,
)
from sqlalchemy.exc import DatabaseError

from domain.operations.integrity import Checkup, Parked, SetAside
from domain.timespan import first_cell_from
from storage.database import make_engine
from storage.engine.executor import Executor
from storage.engine.sqlite_file import DatabaseUnusable
from storage.maintenance.migrate import is_current, refuse_foreign
from storage.queries.conditions import CLIENT, PROVIDER
from storage.repositories.outbox import LEASE
from storage.repositories.retention import CELLS_KEPT
from storage.tables import (
    CONFIRMED,
    DUE,
    HELD,
    availability,
    busy,
    failed_update,
    outbox,
    person,
    processed_update,
    reservation,
)
from storage.types import Instant

# Holds are swept every 15 seconds, so older ones were missed many times.
GRACE = timedelta(minutes=5)
# Tolerates small differences between machines' clocks, and a clock that was just set.
CLOCK_TOLERANCE = timedelta(minutes=1)
_SHOWN = 20

_LIVE = or_(CONFIRMED, and_(HELD, reservation.c.expires_at > bindparam("now", type_=Instant())))


def _overlapping(subject: ColumnElement[int] | Column[int]) -> Select[tuple[int]]:
    """Return the query for live reservations that overlap an earlier one of the same subject."""
    earlier = func.max(reservation.c.end_cell).over(
        partition_by=subject, order_by=(reservation.c.start_cell, reservation.c.id), rows=(None, -1)
    )
    taken = (
        select(reservation.c.id, reservation.c.start_cell, earlier.label("taken_until"))
        .where(_LIVE)
        .subquery()
    )
    return (
        select(taken.c.id)
        .where(taken.c.start_cell < taken.c.taken_until)
        .order_by(taken.c.id)
        .limit(_SHOWN)
    )


_OVERLAPS_OF_PROVIDERS = _overlapping(reservation.c.provider_id)
_OVERLAPS_OF_CLIENTS = _overlapping(reservation.c.client_id)
_HAS_CELLS = select(busy.c.cell).where(busy.c.reservation_id == reservation.c.id).exists()
_UNSWEPT = (
    select(reservation.c.id)
    .where(HELD, reservation.c.expires_at <= bindparam("before", type_=Instant()), _HAS_CELLS)
    .order_by(reservation.c.expires_at)
    .limit(_SHOWN)
)
_STRAY = (
    select(busy.c.reservation_id)
    .distinct()
    .join(reservation, reservation.c.id == busy.c.reservation_id, isouter=True)
    .where(or_(reservation.c.status.is_(None), reservation.c.status.not_in(["held", "confirmed"])))
    .order_by(busy.c.reservation_id)
    .limit(_SHOWN)
)
_SAME_HOLD = or_(
    busy.c.hold_until == reservation.c.expires_at,
    and_(busy.c.hold_until.is_(None), reservation.c.expires_at.is_(None)),
)


def _cells_of(kind: int, subject: Column[int]) -> ColumnElement[int]:
    """Return how many of a reservation's cells are stored with its subject and expiry."""
    within = and_(busy.c.cell >= reservation.c.start_cell, busy.c.cell < reservation.c.end_cell)
    stored = and_(
        busy.c.reservation_id == reservation.c.id, busy.c.kind == kind, busy.c.subject == subject
    )
    return (
        select(func.count())
        .select_from(busy)
        .where(stored, within, _SAME_HOLD)
        .correlate(reservation)
        .scalar_subquery()
    )


_LENGTH = reservation.c.end_cell - reservation.c.start_cell
_LACKING = (
    select(reservation.c.id)
    .where(
        _LIVE,
        # The cells of past days have been deleted.
        reservation.c.start_cell >= bindparam("first"),
        or_(
            _cells_of(PROVIDER, reservation.c.provider_id) < _LENGTH,
            _cells_of(CLIENT, reservation.c.client_id) < _LENGTH,
        ),
    )
    .order_by(reservation.c.id)
    .limit(_SHOWN)
)
_POSTED = select(
    availability.c.provider_id,
    availability.c.start_cell,
    func.max(availability.c.end_cell)
    .over(
        partition_by=availability.c.provider_id,
        order_by=(availability.c.start_cell, availability.c.end_cell),
        rows=(None, -1),
    )
    .label("worked_until"),
).subquery()
_UNMERGED = (
    select(_POSTED.c.provider_id)
    .distinct()
    .where(_POSTED.c.start_cell <= _POSTED.c.worked_until)
    .order_by(_POSTED.c.provider_id)
    .limit(_SHOWN)
)
_OVERDUE = outbox.c.lease_until < bindparam("before", type_=Instant())
_OVERLONG = outbox.c.lease_until > bindparam("longest", type_=Instant())
_ODD_LEASES = select(func.count()).select_from(outbox).where(DUE, or_(_OVERDUE, _OVERLONG))
# Each of these is the last entry of an index.
_NEWEST = union_all(
    select(func.max(processed_update.c.processed_at, type_=Instant()).label("moment")),
    select(func.max(outbox.c.settled_at, type_=Instant())),
)
_PARKED = (
    select(outbox.c.kind, outbox.c.settled_at, outbox.c.error)
    .where(outbox.c.state == "parked", outbox.c.settled_at.is_not(None))
    .order_by(outbox.c.settled_at)
    .limit(_SHOWN)
)
_OLDEST_DUE = (
    select(outbox.c.due_at)
    .where(DUE, outbox.c.due_at <= bindparam("now", type_=Instant()))
    .order_by(outbox.c.due_at)
    .limit(1)
)
_SET_ASIDE = select(func.count()).select_from(failed_update).where(failed_update.c.set_aside == 1)
_LAST_ERROR = (
    select(failed_update.c.error)
    .where(failed_update.c.set_aside == 1)
    .order_by(failed_update.c.failed_at.desc())
    .limit(1)
)
_UNREACHABLE = (
    select(func.count()).select_from(person).where(person.c.unreachable_since.is_not(None))
)


class SqlIntegrityCheck:
    """Runs all checks in one snapshot, and reports at most 20 findings of each kind."""

    def __init__(self, connection: Executor) -> None:
        """Read through this connection."""
        self._connection = connection

    async def is_current(self) -> bool:
        """Return whether the schema is the newest that this program knows.

        If not, the other queries fail. Raises DatabaseUnusable for the schema of another program.
        """
        await self._connection.run_sync(refuse_foreign)
        return await self._connection.run_sync(is_current)

    async def run(self, now: datetime) -> Checkup:
        """Return what the checks find. Raises DatabaseError if the file is too damaged to read."""
        return Checkup(
            overlaps_of_providers=await self._ids(_OVERLAPS_OF_PROVIDERS, now),
            overlaps_of_clients=await self._ids(_OVERLAPS_OF_CLIENTS, now),
            unswept=await self._ids(_UNSWEPT, now),
            stray=await self._ids(_STRAY, now),
            lacking=await self._ids(_LACKING, now),
            unmerged=await self._ids(_UNMERGED, now),
            odd_leases=await self._connection.scalar(
                _ODD_LEASES, {"before": now - GRACE, "longest": now + LEASE + CLOCK_TOLERANCE}
            )
            or 0,
            ahead=await self._ahead(now),
            loose=await self._pragma("PRAGMA foreign_key_check"),
            damage=tuple(
                line for line in await self._pragma("PRAGMA integrity_check(5)") if line != "ok"
            ),
            parked=tuple(
                Parked(kind, now - settled, error or "")
                for kind, settled, error in await self._connection.execute(_PARKED)
            ),
            oldest_due=await self._oldest_due(now),
            set_aside=await self._set_aside(),
            unreachable=await self._connection.scalar(_UNREACHABLE) or 0,
        )

    async def _ids(self, query: Select[tuple[int]], now: datetime) -> tuple[int, ...]:
        """Return the ids that a query finds."""
        moments = {"now": now, "before": now - GRACE, "first": first_cell_from(now - CELLS_KEPT)}
        return tuple(await self._connection.scalars(query, moments))

    async def _pragma(self, pragma: str) -> tuple[str, ...]:
        """Return the distinct rows of a SQLite pragma; PostgreSQL needs no such check."""
        if self._connection.dialect.name != "sqlite":
            return ()
        return tuple(dict.fromkeys(await self._connection.scalars(text(pragma))))

    async def _ahead(self, now: datetime) -> timedelta | None:
        """Return how far the newest entry lies in the future, or None if it does not."""
        newest = max(filter(None, await self._connection.scalars(_NEWEST)), default=now)
        return newest - now if newest > now + CLOCK_TOLERANCE else None

    async def _oldest_due(self, now: datetime) -> timedelta | None:
        """Return for how long the oldest message has been due, or None if none is."""
        due: datetime | None = await self._connection.scalar(_OLDEST_DUE, {"now": now})
        return None if due is None else now - due

    async def _set_aside(self) -> SetAside | None:
        """Return the updates that were set aside, or None if there are none."""
        count = await self._connection.scalar(_SET_ASIDE)
        return SetAside(count, await self._connection.scalar(_LAST_ERROR) or "") if count else None


@asynccontextmanager
async def open_integrity_check(url: str) -> AsyncIterator[SqlIntegrityCheck]:
    """Open a database for the read-only integrity check.

    Raises:
        DatabaseUnsupported: the URL names another kind of database.
        DatabaseUnusable: the file is damaged.
    """
    engine = make_engine(url, write=False)
    try:
        async with engine.connect() as connection:
            yield SqlIntegrityCheck(Executor(connection))
    except DatabaseError as error:
        # Locks and missing tables raise subclasses; DatabaseError itself means a damaged file.
        if type(error) is not DatabaseError:
            raise
        raise DatabaseUnusable(
            f"DATABASE_URL: the database is damaged: {error.orig}. Stop the bot and restore a "
            "backup."
        ) from error
    finally:
        await engine.dispose()
