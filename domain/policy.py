"""The booking policy: the durations and limits that the rules apply."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from domain import errors
from domain.timespan import CELL, cell_with, first_cell_from

WARNING_LEAD = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class BookingPolicy:
    """Slot and hold durations, and how early and how late a client may book.

    ``slot_length`` is a whole number of quarter-hours. ``notice_period`` and ``booking_horizon``
    are elapsed time.
    """

    slot_length: timedelta = timedelta(minutes=15)
    hold_duration: timedelta = timedelta(minutes=30)
    notice_period: timedelta = timedelta(hours=24)
    booking_horizon: timedelta = timedelta(days=60)
    holds_per_client: int = 3

    @property
    def slot_cells(self) -> int:
        """The number of cells in one slot."""
        return self.slot_length // CELL

    @property
    def warning_lead(self) -> timedelta:
        """How long before expiry the warning is sent: five minutes, or half of a hold under ten."""
        return min(WARNING_LEAD, self.hold_duration / 2)

    def starts(self, now: datetime) -> range:
        """Return the cells at which a slot that is held now may start.

        Both limits are inclusive to the second: a slot exactly the notice period ahead and one
        exactly at the booking horizon are allowed. Lists of free slots and the hold itself both use
        this function, so they agree.
        """
        return range(
            first_cell_from(now + self.notice_period), cell_with(now + self.booking_horizon) + 1
        )

    def check_start(self, start: int, now: datetime) -> None:
        """Check that a start is inside the bookable window.

        Raises:
            errors.NoticeTooShort: it is too soon.
            errors.BeyondHorizon: it is too far ahead.
        """
        starts = self.starts(now)
        if start < starts.start:
            raise errors.NoticeTooShort(notice_period=self.notice_period)
        if start >= starts.stop:
            raise errors.BeyondHorizon(booking_horizon=self.booking_horizon)
