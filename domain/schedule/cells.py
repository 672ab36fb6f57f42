"""The wall-clock time of schedules as real time, in cells (see ``domain.timespan``)."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from domain.schedule.hours import LAST_END, Hours
from domain.timespan import CELL_SECONDS, TimeSpan, wall_to_instant

_EPOCH = date(1970, 1, 1).toordinal()
_DAY_SECONDS = 24 * 60 * 60
_SECOND = timedelta(seconds=1)


def on_date(day: date, hours: Hours, zone: ZoneInfo) -> TimeSpan | None:
    """Convert the hours of a date to real time, or None if clocks skip all of them."""
    return between(start_cell(day, hours.start, zone), end_cell(day, hours.end, zone))


def between(start: int, end: int) -> TimeSpan | None:
    """Return the span between two cells, or None if it is empty."""
    return TimeSpan(start, end) if start < end else None


def start_cell(day: date, minute: int, zone: ZoneInfo) -> int:
    """Return the cell at which hours begin that start this many minutes after midnight.

    A time that occurs twice means its first pass. A time in a gap means the end of the gap.
    """
    offset = _steady_offset(day, zone)
    if offset is None:
        return -(-_first_second(_wall_time(day, minute), zone) // CELL_SECONDS)
    return -(-(_utc_seconds(day, minute) - offset) // CELL_SECONDS)


def end_cell(day: date, minute: int, zone: ZoneInfo) -> int:
    """Return the cell at which hours end that last until this many minutes after midnight.

    They end after the last pass of the moment before. A time in a gap means the end of the gap.
    """
    offset = _steady_offset(day, zone)
    if offset is None:
        return _second_after(_wall_time(day, minute) - _SECOND, zone) // CELL_SECONDS
    return (_utc_seconds(day, minute) - offset) // CELL_SECONDS


@lru_cache(maxsize=8192)
def _steady_offset(day: date, zone: ZoneInfo) -> int | None:
    """Return the zone's offset in seconds, or None if it changes from midnight to 36:00.

    No zone changes its clocks forward and back within so short a time.
    """
    first = datetime.combine(day, time.min, zone).utcoffset()
    last = _wall_time(day, LAST_END).replace(tzinfo=zone, fold=1).utcoffset()
    return first // _SECOND if first is not None and first == last else None


def _utc_seconds(day: date, minute: int) -> int:
    """Return the Unix time of a wall-clock time in UTC."""
    return (day.toordinal() - _EPOCH) * _DAY_SECONDS + minute * 60


def _wall_time(day: date, minute: int) -> datetime:
    """Return the wall-clock time this many minutes after a date's midnight."""
    return datetime.combine(day, time.min) + timedelta(minutes=minute)


def _first_second(wall: datetime, zone: ZoneInfo) -> int:
    """Return the Unix time at which a clock first shows this time, or has skipped it."""
    return int(wall_to_instant(wall, zone).timestamp())


def _second_after(wall: datetime, zone: ZoneInfo) -> int:
    """Return the Unix time one second after a clock last shows this time, or has skipped it."""
    late = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    if late.astimezone(zone).replace(tzinfo=None) == wall:
        return int(late.timestamp()) + 1
    return _first_second(wall, zone)
