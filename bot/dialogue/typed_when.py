"""Read a day, a time or both from one typed line."""

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.parsing.clock.read_times import read_time
from bot.parsing.core.results import DayRead, Problem, TimeRead
from bot.parsing.dates.read_days import read_day, read_month_first
from bot.ui.formats import wall_time
from domain.timespan import cell_with, instant

_TIME_WORDS = 3


@dataclass(frozen=True, slots=True)
class TimeOfDay:
    """A time of day, in minutes after midnight."""

    minutes: int

    @property
    def text(self) -> str:
        """The time in text, like ``09:15``."""
        return wall_time(self.minutes)

    def is_at(self, cell: int, zone: ZoneInfo) -> bool:
        """Return whether a wall clock in this zone shows the time when the cell begins."""
        local = instant(cell).astimezone(zone)
        return self.minutes == local.hour * 60 + local.minute

    def on(self, day: date, zone: ZoneInfo) -> int:
        """Return the cell of the time on a day; the first, if the clocks make it come twice."""
        return cell_with(datetime.combine(day, time(), zone) + timedelta(minutes=self.minutes))


@dataclass(frozen=True, slots=True)
class When:
    """A day, a time or both; never neither.

    ``other_day`` is the second meaning of a day like 12/7, whose month may come first.
    """

    day: date | None = None
    time: TimeOfDay | None = None
    other_day: date | None = None

    @property
    def days(self) -> tuple[date, ...]:
        """The days that may be meant: none, one or two."""
        return tuple(day for day in (self.day, self.other_day) if day)


def read_when(text: str, *, today: date, day: date | None = None) -> When | Problem:
    """Read a line like ``13 Aug``, ``friday 9:15`` or ``9:15``.

    If a ``day`` is known, a time alone is on that day. A text that can be both, like ``9.10``, is a
    day unless one is known. A day that does not exist, like ``9.30``, is a time.
    """
    clock = read_time(text)
    if day is not None and isinstance(clock, TimeRead):
        return When(day, TimeOfDay(clock.minutes))
    read = _read_day(text, today)
    if isinstance(read, When):
        return read
    if isinstance(clock, TimeRead):
        return When(time=TimeOfDay(clock.minutes))
    return _both(text, today) or read


def _read_day(text: str, today: date) -> When | Problem:
    """Read a day; if day and month may change places, both days, or the one that is not past."""
    read = read_day(text, today=today)
    is_date = isinstance(read, DayRead) or read.code in {"day_in_past", "weekday_contradicts"}
    other = read_month_first(text, today=today) if is_date else None
    if isinstance(read, DayRead):
        return When(read.day, other_day=other)
    return When(other) if other else read


def _both(text: str, today: date) -> When | None:
    """Read a day with a time behind it, or a time with a day behind it."""
    words = text.split()
    for cut in range(1, len(words)):
        for front, back in ((words[:cut], words[cut:]), (words[cut:], words[:cut])):
            if len(back) > _TIME_WORDS:
                continue
            read, clock = _read_day(" ".join(front), today), read_time(" ".join(back))
            if isinstance(read, When) and isinstance(clock, TimeRead):
                return replace(read, time=TimeOfDay(clock.minutes))
    return None
