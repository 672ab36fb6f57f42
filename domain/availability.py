"""Slot finding: which slots are free, given the offered hours and the taken cells.

Pure functions.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import chain, islice, takewhile

from domain.timespan import TimeSpan


def slots_in(offered: TimeSpan, starts: range, length: int) -> Iterator[TimeSpan]:
    """Yield the slots of one span of availability that start within ``starts``, in order.

    Free and taken slots are both included. ``length`` is in cells.
    """
    return (TimeSpan(start, start + length) for start in _starts_in(offered, starts, length))


def open_slots(
    offered: Iterable[TimeSpan], busy: AbstractSet[int], starts: range, length: int
) -> Iterator[TimeSpan]:
    """Yield the free slots in order.

    Args:
        offered: the provider's availability as disjoint, sorted spans.
        busy: the cells taken by live holds and reservations of the provider and of the client.
        starts: the cells at which a slot may start (see ``BookingPolicy.starts``), cut to the range
            of interest.
        length: how many cells a slot takes.
    """
    every = chain.from_iterable(_starts_in(span, starts, length) for span in offered)
    return (
        TimeSpan(start, start + length)
        for start in every
        if busy.isdisjoint(range(start, start + length))
    )


@dataclass(frozen=True, slots=True)
class OpenHours:
    """The offered spans and busy cells of slots that start in ``starts``; see ``open_slots``."""

    offered: Sequence[TimeSpan]
    busy: AbstractSet[int]
    starts: range
    length: int

    def slots(self, window: range | None = None) -> Iterator[TimeSpan]:
        """Yield the free slots in order, or only those that start within a window."""
        starts = (
            self.starts
            if window is None
            else range(max(window.start, self.starts.start), min(window.stop, self.starts.stop))
        )
        # Spans are disjoint and sorted, so the ones that end before the first start come first.
        first = bisect_right(self.offered, starts.start, key=lambda span: span.end)
        ahead = takewhile(lambda span: span.start < starts.stop, islice(self.offered, first, None))
        return open_slots(ahead, self.busy, starts, self.length)

    def covers(self, starts: range) -> bool:
        """Return whether this data is complete for slots that start within ``starts``."""
        return self.starts.start <= starts.start and starts.stop <= self.starts.stop


def is_offered(slot: TimeSpan, offered: Iterable[TimeSpan]) -> bool:
    """Return whether the availability produces exactly this slot, free or not."""
    starts = range(slot.start, slot.start + 1)
    length = slot.end - slot.start
    return any(found == slot for span in offered for found in slots_in(span, starts, length))


def _starts_in(offered: TimeSpan, starts: range, length: int) -> range:
    """Return the starts of the slots of one span.

    Slots are counted from the beginning of the whole span, so a window never shifts them.
    """
    skipped = max(0, -(-(starts.start - offered.start) // length))
    return range(
        offered.start + skipped * length, min(offered.end - length + 1, starts.stop), length
    )
