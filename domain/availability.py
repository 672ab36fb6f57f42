"""Slot finding: which slots are free, from what is offered and what is taken. Pure, and the heart of the house."""

from collections.abc import Collection, Iterable, Iterator
from itertools import chain

from domain.timespan import TimeSpan


def slots_in(offered: TimeSpan, starts: range, length: int) -> Iterator[TimeSpan]:
    """Yield the slots of one stretch of availability that start within ``starts``, free or not, in order.

    Slots follow one another from the beginning of the whole stretch, so a window never shifts them. ``length`` is in cells.
    """
    skipped = max(0, -(-(starts.start - offered.start) // length))
    first = offered.start + skipped * length
    for start in range(first, min(offered.end - length + 1, starts.stop), length):
        yield TimeSpan(start, start + length)


def open_slots(offered: Iterable[TimeSpan], busy: Collection[int], starts: range, length: int) -> Iterator[TimeSpan]:
    """Yield the free slots in order.

    Args:
        offered: the provider's availability: disjoint stretches, sorted.
        busy: the cells that live holds and reservations take, of the provider and of the client alike.
        starts: the cells at which a slot may start (see ``BookingPolicy.starts``), cut to what is looked at.
        length: how many cells a slot takes.
    """
    slots = chain.from_iterable(slots_in(span, starts, length) for span in offered)
    return (slot for slot in slots if not any(cell in busy for cell in slot.cells))


def is_offered(slot: TimeSpan, offered: Iterable[TimeSpan]) -> bool:
    """Tell whether this very slot, free or not, is one that the availability makes."""
    starts = range(slot.start, slot.start + 1)
    length = slot.end - slot.start
    return any(found == slot for span in offered for found in slots_in(span, starts, length))
