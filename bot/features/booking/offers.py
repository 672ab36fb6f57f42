"""Choose the few free times that are offered first."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from heapq import nsmallest
from itertools import groupby, islice
from zoneinfo import ZoneInfo

from domain.timespan import CELL, TimeSpan, instant, local_day

OFFERS = 3
_LATER = timedelta(hours=2) // CELL
_AFTERNOON, _EVENING = 12, 18


def spread(slots: Iterable[TimeSpan], zone: ZoneInfo) -> Sequence[TimeSpan]:
    """Return up to three of the free slots: the soonest, one later that day, one on another day.

    ``slots`` are in order. The second offer starts at least two hours after the soonest, in another
    part of the day if there is one. If the day has no such slot, the next two days are offered.
    """
    days = groupby(slots, key=lambda slot: local_day(slot.start, zone))
    free = [tuple(of_day) for _day, of_day in islice(days, OFFERS)]
    if not free:
        return ()
    firsts = [of_day[0] for of_day in free]
    return (firsts[0], *_later(free[0], zone), *firsts[1:])[:OFFERS]


def nearest(slots: Iterable[TimeSpan], first: int, last: int) -> Sequence[TimeSpan]:
    """Return up to three of the slots whose starts are nearest to these cells, in order of start.

    A slot that starts between ``first`` and ``last`` has no distance.
    """
    found = nsmallest(OFFERS, slots, key=lambda slot: max(first - slot.start, slot.start - last, 0))
    return sorted(found)


def _later(day: Sequence[TimeSpan], zone: ZoneInfo) -> Sequence[TimeSpan]:
    """Return the second offer of a day, or nothing."""
    later = [slot for slot in day if slot.start >= day[0].start + _LATER]
    part = _part_of_day(day[0], zone)
    return [slot for slot in later if _part_of_day(slot, zone) != part][:1] or later[:1]


def _part_of_day(slot: TimeSpan, zone: ZoneInfo) -> int:
    """Return the part of the day: 0 for morning, 1 for afternoon, 2 for evening."""
    hour = instant(slot.start).astimezone(zone).hour
    return (hour >= _AFTERNOON) + (hour >= _EVENING)
