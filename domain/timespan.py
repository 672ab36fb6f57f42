"""Spans of time: on a wall clock and as instants. Only this module converts between the two.

An instant is an aware ``datetime`` in UTC. A *cell* is five minutes of absolute time, numbered
``unix seconds // 300``. Every zone's offset is a whole number of quarter-hours, so five minutes on
any wall clock are exactly one cell. Hours begin and end on a coarser grid of quarter-hours, which
is also the same on every clock.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Self
from zoneinfo import ZoneInfo

CELL = timedelta(minutes=5)
CELL_SECONDS = 300
CELL_MINUTES = 5
GRID_MINUTES = 15
"""Hours begin and end on multiples of this, in minutes after midnight."""
DAY_MINUTES = 24 * 60
_GRID_CELLS = GRID_MINUTES // CELL_MINUTES
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, order=True)
class WallSpan:
    """A half-open span ``[start, end)`` of one day's wall clock, in minutes after midnight.

    ``end`` may be 1440, which is the next midnight.
    """

    start: int
    end: int

    def __post_init__(self) -> None:
        """Raise ValueError unless the span lies within one day; only a bug can cause this."""
        if not 0 <= self.start < self.end <= DAY_MINUTES:
            raise ValueError(f"not a span within one day: {self.start}-{self.end}")

    @property
    def on_grid(self) -> bool:
        """Return whether both ends are on quarter-hours."""
        return self.start % GRID_MINUTES == 0 and self.end % GRID_MINUTES == 0

    def inward(self) -> "WallSpan | None":
        """Return the longest span on the quarter-hour grid inside this one, or None."""
        start = -(-self.start // GRID_MINUTES) * GRID_MINUTES
        end = self.end // GRID_MINUTES * GRID_MINUTES
        return WallSpan(start, end) if start < end else None


@dataclass(frozen=True, slots=True, order=True)
class TimeSpan:
    """A half-open span ``[start, end)`` of absolute time; both are cell numbers."""

    start: int
    end: int

    def __post_init__(self) -> None:
        """Raise ValueError for an empty or reversed span; only a bug can cause this."""
        if self.start >= self.end:
            raise ValueError(f"empty span of time: {self.start}-{self.end}")

    @property
    def starts_at(self) -> datetime:
        """The first instant inside the span."""
        return instant(self.start)

    @property
    def ends_at(self) -> datetime:
        """The first instant after the span."""
        return instant(self.end)

    @property
    def on_grid(self) -> bool:
        """Whether both ends are on quarter-hours."""
        return self.start % _GRID_CELLS == 0 and self.end % _GRID_CELLS == 0

    @property
    def cells(self) -> range:
        """The cells inside the span, in order."""
        return range(self.start, self.end)

    def overlaps(self, other: "TimeSpan") -> bool:
        """Return whether the two spans have an instant in common."""
        return self.start < other.end and other.start < self.end

    def covers(self, other: "TimeSpan") -> bool:
        """Return whether the other span lies completely in this one."""
        return self.start <= other.start and other.end <= self.end

    def clipped(self, window: "TimeSpan") -> "TimeSpan | None":
        """Return the part inside the window, or None."""
        start, end = max(self.start, window.start), min(self.end, window.end)
        return TimeSpan(start, end) if start < end else None

    @classmethod
    def between(cls, start: datetime, end: datetime) -> Self:
        """Return the span between two instants; raise ValueError if one is inside a cell."""
        return cls(cell_at(start), cell_at(end))


def instant(cell: int) -> datetime:
    """Return the first instant of a cell, in UTC."""
    return datetime.fromtimestamp(cell * CELL_SECONDS, UTC)


def cell_at(moment: datetime) -> int:
    """Return the cell that begins at this instant; raise ValueError if none does."""
    cell, rest = divmod(int(moment.timestamp()), CELL_SECONDS)
    if rest or moment.microsecond:
        raise ValueError(f"{moment.isoformat()} is not the beginning of a cell")
    return cell


def cell_with(moment: datetime) -> int:
    """Return the cell that contains an instant: the last that has begun by then."""
    return int(moment.timestamp()) // CELL_SECONDS


def first_cell_from(moment: datetime) -> int:
    """Return the first cell that begins at this instant or later."""
    whole = int(moment.timestamp()) + (1 if moment.microsecond else 0)
    return -(-whole // CELL_SECONDS)


def wall_to_instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """Convert a naive wall-clock time to the first instant at which a clock in that zone shows it.

    A time that occurs twice, because clocks go back, means its first occurrence. A time in a gap,
    because clocks go forward, means the instant of the change, so a span that ends or begins in the
    gap ends or begins where real time does.
    """
    guess = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if guess.astimezone(zone).replace(tzinfo=None) == wall:
        return guess
    return _change_between(wall.replace(tzinfo=zone, fold=1).astimezone(UTC), guess, zone)


def _change_between(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant between the two at which the zone's offset changes, to the second."""
    low, high = int(before.timestamp()), int(after.timestamp())
    offset = datetime.fromtimestamp(low, zone).utcoffset()
    while high - low > 1:
        middle = (low + high) // 2
        same = datetime.fromtimestamp(middle, zone).utcoffset() == offset
        low, high = (middle, high) if same else (low, middle)
    return datetime.fromtimestamp(high, UTC)


def _wall_time(day: date, minutes: int) -> datetime:
    """Return the wall-clock time this many minutes after midnight; 1440 is the next midnight."""
    return datetime.combine(day, time.min) + timedelta(minutes=minutes)


def on_day(day: date, wall: WallSpan, zone: ZoneInfo) -> TimeSpan | None:
    """Convert a span of a day's wall clock to real time, or None if the day skips all of it.

    On days when the clocks change, a whole day has 23 or 25 hours.
    """
    start = first_cell_from(wall_to_instant(_wall_time(day, wall.start), zone))
    end = cell_with(wall_to_instant(_wall_time(day, wall.end), zone))
    return TimeSpan(start, end) if start < end else None


def whole_day(day: date, zone: ZoneInfo) -> TimeSpan | None:
    """Return a local day, midnight to midnight, as real time, or None if the zone skipped it."""
    return on_day(day, WallSpan(0, DAY_MINUTES), zone)


def local_day(cell: int, zone: ZoneInfo) -> date:
    """Return the calendar day on which the cell begins in that zone."""
    return instant(cell).astimezone(zone).date()


def by_day(spans: Iterable[TimeSpan], zone: ZoneInfo) -> Iterator[tuple[date, TimeSpan]]:
    """Split spans at local midnights; yield a pair of day and part for each day, in order."""
    for span in spans:
        start = span.start
        while start < span.end:
            day = local_day(start, zone)
            end = min(span.end, midnight(day + _DAY, zone))
            yield day, TimeSpan(start, end)
            start = end


@lru_cache(maxsize=4096)
def midnight(day: date, zone: ZoneInfo) -> int:
    """Return the cell at which a local day begins; a day that the zone skipped has no length.

    Cached, because every screen with a month asks for the same few days.
    """
    return first_cell_from(wall_to_instant(_wall_time(day, 0), zone))


def merged(spans: Iterable[TimeSpan]) -> tuple[TimeSpan, ...]:
    """Join spans that overlap or touch; the result is sorted and disjoint."""
    joined: list[TimeSpan] = []
    for span in sorted(spans):
        if joined and span.start <= joined[-1].end:
            joined[-1] = TimeSpan(joined[-1].start, max(joined[-1].end, span.end))
        else:
            joined.append(span)
    return tuple(joined)


def without(spans: Iterable[TimeSpan], removed: Iterable[TimeSpan]) -> tuple[TimeSpan, ...]:
    """Subtract spans from others; the result is sorted and disjoint."""
    rest = list(merged(spans))
    for hole in removed:
        rest = [part for span in rest for part in _parts_outside(span, hole)]
    return tuple(rest)


def _parts_outside(span: TimeSpan, hole: TimeSpan) -> Iterator[TimeSpan]:
    """Yield the parts of a span on both sides of a hole."""
    if not span.overlaps(hole):
        yield span
        return
    if span.start < hole.start:
        yield TimeSpan(span.start, hole.start)
    if hole.end < span.end:
        yield TimeSpan(hole.end, span.end)
