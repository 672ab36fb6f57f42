"""Stretches of time: on a wall clock, and as instants; the only place where one becomes the other.

An instant is an aware ``datetime`` in UTC. A *cell* is one quarter-hour of absolute time, numbered ``unix seconds // 900``: every
zone's offset is a whole number of quarters, so a quarter on any wall clock is exactly one cell.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Self
from zoneinfo import ZoneInfo

CELL = timedelta(minutes=15)
CELL_SECONDS = 900
CELL_MINUTES = 15
DAY_MINUTES = 24 * 60
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, order=True)
class WallSpan:
    """A half-open stretch ``[start, end)`` of one day's wall clock, in minutes after midnight; ``end`` may be 1440 (midnight)."""

    start: int
    end: int

    def __post_init__(self) -> None:
        """Refuse what is no stretch of one day: that is a caller's mistake, never a person's."""
        if not 0 <= self.start < self.end <= DAY_MINUTES:
            raise ValueError(f"not a stretch of one day: {self.start}-{self.end}")

    @property
    def on_grid(self) -> bool:
        """Tell whether both ends lie on whole quarters."""
        return self.start % CELL_MINUTES == 0 and self.end % CELL_MINUTES == 0

    def inward(self) -> "WallSpan | None":
        """Return the longest stretch on the quarter-hour grid inside this one, or None where not even a quarter fits."""
        start = -(-self.start // CELL_MINUTES) * CELL_MINUTES
        end = self.end // CELL_MINUTES * CELL_MINUTES
        return WallSpan(start, end) if start < end else None


@dataclass(frozen=True, slots=True, order=True)
class TimeSpan:
    """A half-open stretch ``[start, end)`` of absolute time, on the grid of cells; ``start`` and ``end`` are cell numbers."""

    start: int
    end: int

    def __post_init__(self) -> None:
        """Refuse an empty or reversed stretch: that is a caller's mistake, never a person's."""
        if self.start >= self.end:
            raise ValueError(f"empty stretch of time: {self.start}-{self.end}")

    @property
    def starts_at(self) -> datetime:
        """The first instant inside."""
        return instant(self.start)

    @property
    def ends_at(self) -> datetime:
        """The first instant after the end."""
        return instant(self.end)

    @property
    def cells(self) -> range:
        """The cells inside, in order."""
        return range(self.start, self.end)

    def overlaps(self, other: "TimeSpan") -> bool:
        """Tell whether some instant lies in both."""
        return self.start < other.end and other.start < self.end

    def covers(self, other: "TimeSpan") -> bool:
        """Tell whether every instant of the other lies in this one."""
        return self.start <= other.start and other.end <= self.end

    def clipped(self, window: "TimeSpan") -> "TimeSpan | None":
        """Return the part inside the window, or None where there is none."""
        start, end = max(self.start, window.start), min(self.end, window.end)
        return TimeSpan(start, end) if start < end else None

    @classmethod
    def between(cls, start: datetime, end: datetime) -> Self:
        """Build from two instants that lie on the grid.

        Raises ValueError where one does not.
        """
        return cls(cell_at(start), cell_at(end))


def instant(cell: int) -> datetime:
    """Return the first instant of a cell, in UTC."""
    return datetime.fromtimestamp(cell * CELL_SECONDS, UTC)


def cell_at(moment: datetime) -> int:
    """Return the cell that begins at this instant; raises ValueError where none does."""
    cell, rest = divmod(int(moment.timestamp()), CELL_SECONDS)
    if rest or moment.microsecond:
        raise ValueError(f"{moment.isoformat()} is not on the quarter-hour grid")
    return cell


def cell_with(moment: datetime) -> int:
    """Return the cell in which an instant lies: the last that has begun by then."""
    return int(moment.timestamp()) // CELL_SECONDS


def first_cell_from(moment: datetime) -> int:
    """Return the first cell that begins at this instant or after it."""
    whole = int(moment.timestamp()) + (1 if moment.microsecond else 0)
    return -(-whole // CELL_SECONDS)


def wall_to_instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """Turn a naive wall-clock reading into the instant a clock in that zone first shows it.

    A reading that comes twice (clocks set back) means its first pass. A reading inside a gap (clocks set forward) never comes; it means
    the instant of the change, so that a stretch ending or beginning in the gap ends or begins where real time does.
    """
    guess = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if guess.astimezone(zone).replace(tzinfo=None) == wall:
        return guess
    return _change_between(wall.replace(tzinfo=zone, fold=1).astimezone(UTC), guess, zone)


def _change_between(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """Find the instant between the two at which the zone's offset changes, to the second, by halving."""
    low, high = int(before.timestamp()), int(after.timestamp())
    offset = datetime.fromtimestamp(low, zone).utcoffset()
    while high - low > 1:
        middle = (low + high) // 2
        same = datetime.fromtimestamp(middle, zone).utcoffset() == offset
        low, high = (middle, high) if same else (low, middle)
    return datetime.fromtimestamp(high, UTC)


def _reading(day: date, minutes: int) -> datetime:
    """Return the wall-clock reading so many minutes after midnight; 1440 is the next day's midnight."""
    return datetime.combine(day, time.min) + timedelta(minutes=minutes)


def on_day(day: date, wall: WallSpan, zone: ZoneInfo) -> TimeSpan | None:
    """Turn a stretch of a day's wall clock into real time, or None where the day skips all of it.

    On the days the clocks change the result is as long as the time that really passes: 23 and 25 hours for a whole day.
    """
    start = first_cell_from(wall_to_instant(_reading(day, wall.start), zone))
    end = cell_with(wall_to_instant(_reading(day, wall.end), zone))
    return TimeSpan(start, end) if start < end else None


def whole_day(day: date, zone: ZoneInfo) -> TimeSpan | None:
    """Return a local day, midnight to midnight, as real time, or None for a day the zone left out."""
    return on_day(day, WallSpan(0, DAY_MINUTES), zone)


def local_day(cell: int, zone: ZoneInfo) -> date:
    """Return the calendar day on which the cell begins for somebody in that zone."""
    return instant(cell).astimezone(zone).date()


def by_day(spans: Iterable[TimeSpan], zone: ZoneInfo) -> Iterator[tuple[date, TimeSpan]]:
    """Cut stretches at local midnights: one pair of day and part for each day touched, in order."""
    for span in spans:
        start = span.start
        while start < span.end:
            day = local_day(start, zone)
            end = min(span.end, midnight(day + _DAY, zone))
            yield day, TimeSpan(start, end)
            start = end


@lru_cache(maxsize=4096)
def midnight(day: date, zone: ZoneInfo) -> int:
    """Return the cell at which a local day begins; one that the zone left out begins and ends at once.

    Every screen with a month asks for the same few days.
    """
    return first_cell_from(wall_to_instant(_reading(day, 0), zone))


def merged(spans: Iterable[TimeSpan]) -> tuple[TimeSpan, ...]:
    """Join stretches that overlap or touch; the result is sorted and disjoint."""
    joined: list[TimeSpan] = []
    for span in sorted(spans):
        if joined and span.start <= joined[-1].end:
            joined[-1] = TimeSpan(joined[-1].start, max(joined[-1].end, span.end))
        else:
            joined.append(span)
    return tuple(joined)


def without(spans: Iterable[TimeSpan], removed: Iterable[TimeSpan]) -> tuple[TimeSpan, ...]:
    """Take stretches out of others; the result is sorted and disjoint."""
    rest = list(merged(spans))
    for hole in removed:
        rest = [part for span in rest for part in _around(span, hole)]
    return tuple(rest)


def _around(span: TimeSpan, hole: TimeSpan) -> Iterator[TimeSpan]:
    """Yield what is left of a stretch on both sides of a hole."""
    if not span.overlaps(hole):
        yield span
        return
    if span.start < hole.start:
        yield TimeSpan(span.start, hole.start)
    if hole.end < span.end:
        yield TimeSpan(hole.end, span.end)
