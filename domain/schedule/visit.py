"""What is searched for: a visit of some length, and the claims and limits it has to respect."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.schedule.hours import DAY_MINUTES
from domain.timespan import CELL_MINUTES, TimeSpan, cell_with, first_cell_from, merged

QUARTER_HOUR = 15


@dataclass(frozen=True, slots=True)
class Visit:
    """The length of a visit and what is claimed around it, in minutes.

    ``start_every`` is the time between two starts; None means the default.
    """

    length: int
    buffer_before: int = 0
    buffer_after: int = 0
    start_every: int | None = None

    def __post_init__(self) -> None:
        """Raise ValueError for minutes that no service can have; only a bug can cause this."""
        every = CELL_MINUTES if self.start_every is None else self.start_every
        minutes = (self.length, self.buffer_before, self.buffer_after, every)
        if any(value % CELL_MINUTES for value in minutes):
            raise ValueError(f"not multiples of five minutes: {minutes}")
        if not 0 < self.length <= DAY_MINUTES or min(minutes[1:3]) < 0 or every <= 0:
            raise ValueError(f"out of range: {minutes}")

    @property
    def cells(self) -> int:
        """The number of cells in a visit."""
        return self.length // CELL_MINUTES

    def at(self, start: int) -> TimeSpan:
        """Return the visit that starts with this cell."""
        return TimeSpan(start, start + self.cells)

    def claim_at(self, start: int) -> TimeSpan:
        """Return what the visit claims of the provider: its time and its buffers."""
        before, after = self.buffer_before // CELL_MINUTES, self.buffer_after // CELL_MINUTES
        return TimeSpan(start - before, start + self.cells + after)


def start_every(visit: Visit, *, only_service: bool) -> int:
    """Return the minutes between two starts.

    The default is the length with its buffers, so that visits follow one another without a gap.
    Where a provider gives several services, it is a quarter-hour.
    """
    if visit.start_every is not None:
        return visit.start_every
    whole = visit.buffer_before + visit.length + visit.buffer_after
    return whole if only_service else QUARTER_HOUR


@dataclass(frozen=True, slots=True)
class Search:
    """A search for the starts of a service.

    ``claims`` are what others have claimed of the provider, with their buffers. ``client_claims``
    are the client's other visits; the buffers of this visit may overlap them.
    """

    service: int
    visit: Visit
    only_service: bool = False
    claims: tuple[TimeSpan, ...] = ()
    client_claims: tuple[TimeSpan, ...] = ()

    @property
    def step(self) -> int:
        """The number of cells between two starts."""
        return start_every(self.visit, only_service=self.only_service) // CELL_MINUTES

    def taken_starts(self) -> tuple[TimeSpan, ...]:
        """Return the starts at which the visit would overlap a claim."""
        claim, visit = self.visit.claim_at(0), self.visit.at(0)
        return merged(
            TimeSpan(busy.start - own.end + 1, busy.end - own.start)
            for own, others in ((claim, self.claims), (visit, self.client_claims))
            for busy in others
        )


@dataclass(frozen=True, slots=True)
class Limits:
    """The notice period and the booking horizon as elapsed time from now; both are inclusive."""

    now: datetime
    notice: timedelta
    horizon: timedelta

    def __post_init__(self) -> None:
        """Raise ValueError for limits that would allow the past; only a bug can cause this."""
        if self.notice < timedelta(0):
            raise ValueError(f"negative notice period: {self.notice}")

    @property
    def starts(self) -> range:
        """The cells with which a visit that is booked now may start."""
        return range(
            first_cell_from(self.now + self.notice), cell_with(self.now + self.horizon) + 1
        )
