"""Find free slots, as one client sees them."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from domain.availability import OpenHours
from domain.choice import SlotChoice
from domain.policy import BookingPolicy
from domain.ports import UnitOfWork
from domain.reservation import Reservation
from domain.timespan import CELL, TimeSpan, midnight

SOONEST = 3
_DAY = timedelta(days=1)
_WEEK = 7 * _DAY // CELL


@dataclass(frozen=True, slots=True)
class SlotSearch:
    """A search for the slots that a client could still choose, at an instant."""

    choice: SlotChoice
    client_id: int
    policy: BookingPolicy
    now: datetime

    def starts(self, first: int, last: int) -> range:
        """Return the cells ``first <= start < last`` at which a slot may start."""
        bookable = self.policy.starts(self.now)
        return range(max(first, bookable.start), min(last, bookable.stop))

    async def open_hours(
        self, uow: UnitOfWork, starts: range, *, seen: OpenHours | None = None
    ) -> OpenHours:
        """Return the hours and busy cells for slots that start in these cells.

        ``seen`` is data read earlier; it is returned if it covers these cells.
        """
        if seen and seen.covers(starts):
            return seen
        provider = self.choice.provider
        if not starts or provider is None:
            return OpenHours((), frozenset(), starts, self.policy.slot_cells)
        window = TimeSpan(starts.start, starts.stop + self.policy.slot_cells)
        offered = await uow.queries.open_hours(provider, window)
        busy = await self._taken_cells(uow, provider, window) if offered else ()
        return OpenHours(offered, frozenset(busy), starts, self.policy.slot_cells)

    async def open_days(
        self,
        uow: UnitOfWork,
        first: date,
        last: date,
        zone: ZoneInfo,
        *,
        seen: OpenHours | None = None,
    ) -> OpenHours:
        """Return the same for slots that start on the days ``first`` to ``last`` of a zone."""
        return await self.open_hours(
            uow, self.starts(midnight(first, zone), midnight(last + _DAY, zone)), seen=seen
        )

    async def between(self, uow: UnitOfWork, first: int, last: int) -> Sequence[TimeSpan]:
        """Return the free slots that start in the cells ``first <= start < last``, in order."""
        return tuple((await self.open_hours(uow, self.starts(first, last))).slots())

    async def _taken_cells(
        self, uow: UnitOfWork, provider: int, window: TimeSpan
    ) -> Collection[int]:
        """Return the taken cells of provider and client, without the hold that is being moved."""
        moving = self.choice.moving
        own = await uow.queries.reservation(moving) if moving else None
        excluding = own.id if own and own.client_id == self.client_id else 0
        return await uow.queries.taken_cells(provider, self.client_id, window, self.now, excluding)


async def soonest_slots(
    uow: UnitOfWork,
    search: SlotSearch,
    *,
    count: int = SOONEST,
    wanted: Callable[[TimeSpan], bool] | None = None,
    seen: OpenHours | None = None,
) -> Sequence[TimeSpan]:
    """Return the first free slots, or the first that are ``wanted``.

    The search reads a week at a time, so that it does not read a full calendar for three slots. For
    ``seen`` see ``SlotSearch.open_hours``.
    """
    bookable = search.policy.starts(search.now)
    found: list[TimeSpan] = []
    for first in range(bookable.start, bookable.stop, _WEEK):
        starts = search.starts(first, first + _WEEK)
        known = await search.open_hours(uow, starts, seen=seen)
        found += islice(filter(wanted, known.slots(starts)), count - len(found))
        if len(found) >= count:
            break
    return found


async def can_be_held_again(
    uow: UnitOfWork, policy: BookingPolicy, hold: Reservation, now: datetime
) -> bool:
    """Return whether a hold has expired and its client could hold the same slot again."""
    if not hold.expired(now):
        return False
    search = SlotSearch(SlotChoice(hold.provider_id), hold.client_id, policy, now)
    return hold.span in await search.between(uow, hold.span.start, hold.span.start + 1)


async def slots_of_day(
    uow: UnitOfWork, search: SlotSearch, day: date, zone: ZoneInfo
) -> Sequence[TimeSpan]:
    """Return the free slots that start on a calendar day of this zone."""
    return tuple((await search.open_days(uow, day, day, zone)).slots())


async def days_with_slots(
    uow: UnitOfWork,
    search: SlotSearch,
    first: date,
    last: date,
    zone: ZoneInfo,
    *,
    seen: OpenHours | None = None,
) -> frozenset[date]:
    """Return the calendar days ``first`` to ``last`` of this zone on which a free slot starts.

    For ``seen`` see ``SlotSearch.open_hours``.
    """
    known = await search.open_days(uow, first, last, zone, seen=seen)
    days = [first + n * _DAY for n in range((last - first).days + 1)]
    return frozenset(
        day
        for day in days
        if any(known.slots(range(midnight(day, zone), midnight(day + _DAY, zone))))
    )
