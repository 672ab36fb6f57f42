"""Find free slots, as one client would see them."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from domain.availability import OpenHours
from domain.policy import BookingPolicy
from domain.ports import UnitOfWork
from domain.reservation import Reservation
from domain.timespan import CELL, TimeSpan, midnight

SOONEST = 3
_DAY = timedelta(days=1)
_WEEK = 7 * _DAY // CELL


@dataclass(frozen=True, slots=True)
class SlotSearch:
    """Whose slots are looked for, for whom, and when.

    ``moving`` is the client's hold that a new choice would replace: its own time counts as free for him.
    """

    provider_id: int
    client_id: int
    policy: BookingPolicy
    now: datetime
    moving: int | None = None

    def starts(self, first: int, last: int) -> range:
        """Return the cells ``first <= start < last`` at which a slot may start."""
        bookable = self.policy.starts(self.now)
        return range(max(first, bookable.start), min(last, bookable.stop))

    async def open_hours(
        self, uow: UnitOfWork, starts: range, *, seen: OpenHours | None = None
    ) -> OpenHours:
        """Return what is known of the slots that start in these cells; what was ``seen`` already is not read again."""
        if seen and seen.covers(starts):
            return seen
        if not starts:
            return OpenHours((), (), starts, self.policy.slot_cells)
        window = TimeSpan(starts.start, starts.stop + self.policy.slot_cells)
        offered = await uow.availability.within(self.provider_id, window)
        busy = await self._taken(uow, window) if offered else ()
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
        """The same, for those that start on the calendar days of this zone, from the first to the last."""
        return await self.open_hours(
            uow, self.starts(midnight(first, zone), midnight(last + _DAY, zone)), seen=seen
        )

    async def between(self, uow: UnitOfWork, first: int, last: int) -> Sequence[TimeSpan]:
        """Return the free slots that start in the cells ``first <= start < last``, in order."""
        return tuple((await self.open_hours(uow, self.starts(first, last))).slots())

    async def _taken(self, uow: UnitOfWork, window: TimeSpan) -> Collection[int]:
        """Return the cells that are taken, of the provider and of the client, but by the hold that a new choice would replace."""
        own = await uow.reservations.get(self.moving) if self.moving else None
        excluding = own.id if own and own.client_id == self.client_id else None
        return await uow.reservations.taken_cells(
            self.provider_id, self.client_id, window, self.now, excluding=excluding
        )


async def soonest_slots(
    uow: UnitOfWork,
    search: SlotSearch,
    *,
    count: int = SOONEST,
    wanted: Callable[[TimeSpan], bool] | None = None,
    seen: OpenHours | None = None,
) -> Sequence[TimeSpan]:
    """Return the first free slots there are, or the first that are ``wanted``; see ``SlotSearch.open_hours`` for what was ``seen``.

    It looks a week at a time, so that a full calendar is not read for three slots.
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
    """Tell whether a hold has run out and its client could hold the very same slot anew."""
    if not hold.expired(now):
        return False
    search = SlotSearch(hold.provider_id, hold.client_id, policy, now)
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
    """Return the calendar days of this zone, from the first to the last, on which some free slot starts; see ``soonest_slots``."""
    known = await search.open_days(uow, first, last, zone, seen=seen)
    days = [first + n * _DAY for n in range((last - first).days + 1)]
    return frozenset(
        day
        for day in days
        if any(known.slots(range(midnight(day, zone), midnight(day + _DAY, zone))))
    )
