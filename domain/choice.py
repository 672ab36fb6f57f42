"""What a client has chosen on the way to a slot."""

from dataclasses import dataclass
from datetime import date

from domain.timespan import TimeSpan


@dataclass(frozen=True, slots=True)
class SlotChoice:
    """What a client has chosen so far; None is not chosen yet.

    ``start`` is the first cell of the slot. ``day`` and ``minutes`` after midnight are on the
    client's clock. ``moving`` is the client's hold that the slot replaces, if any; while a slot is
    searched, its time counts as free.
    """

    provider: int | None = None
    start: int | None = None
    moving: int | None = None
    day: date | None = None
    minutes: int | None = None

    def slot(self, cells: int) -> TimeSpan:
        """Return the slot, which is so many cells long; raises ValueError without a start."""
        if self.start is None:
            raise ValueError("no start is chosen")
        return TimeSpan(self.start, self.start + cells)
