"""A look at the books that changes nothing: what should never be there, and what somebody should know of."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from sqlalchemy import Column, ColumnElement, Select, and_, bindparam, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.checkup import Checkup, Parked, SetAside
from storage.database import make_engine
from storage.instant import Instant
from storage.migrate import is_current
from storage.tables import CONFIRMED, DUE, HELD, busy, client, failed_update, outbox, reservation

# A sweep comes every fifteen seconds: what is older than this was missed by many.
GRACE = timedelta(minutes=5)
_SHOWN = 20

_LIVE = or_(CONFIRMED, and_(HELD, reservation.c.expires_at > bindparam("now", type_=Instant())))


def _overlapping(whose: ColumnElement[int] | Column[int]) -> Select[tuple[int]]:
    """Return the query for live reservations that begin before an earlier one of the same person has ended."""
    earlier = func.max(reservation.c.end_cell).over(
        partition_by=whose, order_by=(reservation.c.start_cell, reservation.c.id), rows=(None, -1)
    )
    taken = select(reservation.c.id, reservation.c.start_cell, earlier.label("taken_until")).where(_LIVE).subquery()
    return select(taken.c.id).where(taken.c.start_cell < taken.c.taken_until).order_by(taken.c.id).limit(_SHOWN)


_OVERLAPS_OF_PROVIDERS = _overlapping(reservation.c.provider_id)
_OVERLAPS_OF_CLIENTS = _overlapping(reservation.c.client_id)
_TAKES_TIME = select(busy.c.cell).where(busy.c.reservation_id == reservation.c.id).exists()
_UNSWEPT = (
    select(reservation.c.id)
    .where(HELD, reservation.c.expires_at <= bindparam("before", type_=Instant()), _TAKES_TIME)
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
_PARKED = (
    select(outbox.c.kind, outbox.c.settled_at, outbox.c.error)
    .where(outbox.c.state == "parked", outbox.c.settled_at.is_not(None))
    .order_by(outbox.c.settled_at)
    .limit(_SHOWN)
)
_OLDEST_DUE = select(outbox.c.due_at).where(DUE, outbox.c.due_at <= bindparam("now", type_=Instant())).order_by(outbox.c.due_at).limit(1)
_SET_ASIDE = select(func.count()).select_from(failed_update).where(failed_update.c.set_aside == 1)
_LAST_ERROR = select(failed_update.c.error).where(failed_update.c.set_aside == 1).order_by(failed_update.c.failed_at.desc()).limit(1)
_UNREACHABLE = select(func.count()).select_from(client).where(client.c.unreachable_since.is_not(None))


class SqlDoctor:
    """Reads everything in one snapshot; at most twenty of each kind are told."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Read over this connection."""
        self._connection = connection

    async def is_current(self) -> bool:
        """Tell whether the schema is the newest this program knows; where it is not, nothing else can be asked."""
        return await self._connection.run_sync(is_current)

    async def checkup(self, now: datetime) -> Checkup:
        """Return the state of the books."""
        return Checkup(
            overlaps_of_providers=await self._numbers(_OVERLAPS_OF_PROVIDERS, now),
            overlaps_of_clients=await self._numbers(_OVERLAPS_OF_CLIENTS, now),
            unswept=await self._numbers(_UNSWEPT, now),
            stray=await self._numbers(_STRAY, now),
            parked=tuple(Parked(kind, now - settled, error or "") for kind, settled, error in await self._connection.execute(_PARKED)),
            oldest_due=await self._oldest_due(now),
            set_aside=await self._set_aside(),
            unreachable=await self._connection.scalar(_UNREACHABLE) or 0,
        )

    async def _numbers(self, query: Select[tuple[int]], now: datetime) -> tuple[int, ...]:
        """Return the numbers of the reservations that a query finds."""
        return tuple(await self._connection.scalars(query, {"now": now, "before": now - GRACE}))

    async def _oldest_due(self, now: datetime) -> timedelta | None:
        """Return for how long the oldest message has been due."""
        due: datetime | None = await self._connection.scalar(_OLDEST_DUE, {"now": now})
        return None if due is None else now - due

    async def _set_aside(self) -> SetAside | None:
        """Return the updates that were set aside, None where none was."""
        count = await self._connection.scalar(_SET_ASIDE)
        return SetAside(count, await self._connection.scalar(_LAST_ERROR) or "") if count else None


@asynccontextmanager
async def examined(url: str) -> AsyncIterator[SqlDoctor]:
    """Open a database for a look that cannot change it; raises DatabaseUnsupported."""
    engine = make_engine(url, write=False)
    try:
        async with engine.connect() as connection:
            yield SqlDoctor(connection)
    finally:
        await engine.dispose()
