"""Find free slots, as one client would see them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from domain.availability import open_slots
from domain.policy import BookingPolicy
from domain.ports import UnitOfWork
from domain.reservation import Reservation
from domain.timespan import CELL, TimeSpan, local_day, whole_day

SOONEST = 3
_WEEK = timedelta(days=7) // CELL


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

    async def between(self, uow: UnitOfWork, first: int, last: int) -> Sequence[TimeSpan]:
        """Return the free slots that start in the cells ``first <= start < last``, in order."""
        bookable = self.policy.starts(self.now)
        starts = range(max(first, bookable.start), min(last, bookable.stop))
        if not starts:
            return ()
        window = TimeSpan(starts.start, starts.stop + self.policy.slot_cells)
        offered = await uow.availability.within(self.provider_id, window)
        busy = {*await self._taken(uow, window)} if offered else ()
        return tuple(open_slots(offered, busy, starts, self.policy.slot_cells))

    async def _taken(self, uow: UnitOfWork, window: TimeSpan) -> set[int]:
        """Return the cells that are taken, of the provider by others and of the client by his other reservations."""
        provider = set(await uow.reservations.provider_cells(self.provider_id, window, self.now))
        own = await uow.reservations.get(self.moving) if self.moving else None
        if own and own.alive(self.now) and (own.client_id, own.provider_id) == (self.client_id, self.provider_id):
            provider.difference_update(own.span.cells)
        return provider | set(await uow.reservations.client_cells(self.client_id, window, self.now, besides=self.moving))


async def soonest_slots(
    uow: UnitOfWork, search: SlotSearch, *, count: int = SOONEST, wanted: Callable[[TimeSpan], bool] | None = None
) -> Sequence[TimeSpan]:
    """Return the first free slots there are, or the first that are ``wanted``.

    It looks a week at a time, so that a full calendar is not read for three slots.
    """
    bookable = search.policy.starts(search.now)
    found: list[TimeSpan] = []
    for first in range(bookable.start, bookable.stop, _WEEK):
        found += filter(wanted, await search.between(uow, first, first + _WEEK))
        if len(found) >= count:
            break
    return found[:count]


async def can_be_held_again(uow: UnitOfWork, policy: BookingPolicy, hold: Reservation, now: datetime) -> bool:
    """Tell whether a hold has run out and its client could hold the very same slot anew."""
    if not hold.expired(now):
        return False
    search = SlotSearch(hold.provider_id, hold.client_id, policy, now)
    return hold.span in await search.between(uow, hold.span.start, hold.span.start + 1)


async def slots_of_day(uow: UnitOfWork, search: SlotSearch, day: date, zone: ZoneInfo) -> Sequence[TimeSpan]:
    """Return the free slots that start on a calendar day of this zone."""
    window = whole_day(day, zone)
    return await search.between(uow, window.start, window.end) if window else ()


async def days_with_slots(uow: UnitOfWork, search: SlotSearch, first: date, last: date, zone: ZoneInfo) -> frozenset[date]:
    """Return the calendar days of this zone, from the first to the last, on which some free slot starts."""
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    windows = [window for day in days if (window := whole_day(day, zone))]
    if not windows:
        return frozenset()
    slots = await search.between(uow, windows[0].start, windows[-1].end)
    return frozenset(local_day(slot.start, zone) for slot in slots)
