"""Slot finding: which slots are free, from what is offered and what is taken. Pure, and the heart of the house."""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice, takewhile

from domain.timespan import TimeSpan


def slots_in(offered: TimeSpan, starts: range, length: int) -> Iterator[TimeSpan]:
    """Yield the slots of one stretch of availability that start within ``starts``, free or not, in order; ``length`` is in cells."""
    return (TimeSpan(start, start + length) for start in _starts_in(offered, starts, length))


def open_slots(
    offered: Iterable[TimeSpan], busy: Collection[int], starts: range, length: int
) -> Iterator[TimeSpan]:
    """Yield the free slots in order.

    Args:
        offered: the provider's availability: disjoint stretches, sorted.
        busy: the cells that live holds and reservations take, of the provider and of the client alike.
        starts: the cells at which a slot may start (see ``BookingPolicy.starts``), cut to what is looked at.
        length: how many cells a slot takes.
    """
    every = chain.from_iterable(_starts_in(span, starts, length) for span in offered)
    return (
        TimeSpan(start, start + length)
        for start in every
        if not any(cell in busy for cell in range(start, start + length))
    )


@dataclass(frozen=True, slots=True)
class OpenHours:
    """What is offered and what is taken of it, as far as slots that start within ``starts`` go; see ``open_slots``."""

    offered: Sequence[TimeSpan]
    busy: Collection[int]
    starts: range
    length: int

    def slots(self, window: range | None = None) -> Iterator[TimeSpan]:
        """Yield the free slots in order, all of them or those that start within a window."""
        starts = (
            self.starts
            if window is None
            else range(max(window.start, self.starts.start), min(window.stop, self.starts.stop))
        )
        # Stretches are disjoint and sorted, so those that are over before the first start come first.
        first = bisect_right(self.offered, starts.start, key=lambda span: span.end)
        ahead = takewhile(lambda span: span.start < starts.stop, islice(self.offered, first, None))
        return open_slots(ahead, self.busy, starts, self.length)

    def covers(self, starts: range) -> bool:
        """Tell whether all is known of slots that start within ``starts``."""
        return self.starts.start <= starts.start and starts.stop <= self.starts.stop


def is_offered(slot: TimeSpan, offered: Iterable[TimeSpan]) -> bool:
    """Tell whether this very slot, free or not, is one that the availability makes."""
    starts = range(slot.start, slot.start + 1)
    length = slot.end - slot.start
    return any(found == slot for span in offered for found in slots_in(span, starts, length))


def _starts_in(offered: TimeSpan, starts: range, length: int) -> range:
    """Return the starts of the slots of one stretch.

    Slots follow one another from the beginning of the whole stretch, so a window never shifts them.
    """
    skipped = max(0, -(-(starts.start - offered.start) // length))
    return range(
        offered.start + skipped * length, min(offered.end - length + 1, starts.stop), length
    )
