"""Read a day, a time or both from one typed line."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.parsing.clock.read_times import read_time
from bot.parsing.core.results import DayRead, Problem, TimeRead
from bot.parsing.dates.read_days import read_day
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
    """A day, a time or both; never neither."""

    day: date | None = None
    time: TimeOfDay | None = None


def read_when(text: str, *, today: date, day: date | None = None) -> When | Problem:
    """Read a line like ``13 Aug``, ``friday 9:15`` or ``9:15``.

    If a ``day`` is known, a time alone is on that day. A text that can be both, like ``9.10``, is a
    day unless one is known. A day that does not exist, like ``9.30``, is a time.
    """
    clock = read_time(text)
    if day is not None and isinstance(clock, TimeRead):
        return When(day, TimeOfDay(clock.minutes))
    read = read_day(text, today=today)
    if isinstance(read, DayRead):
        return When(read.day)
    if isinstance(clock, TimeRead):
        return When(time=TimeOfDay(clock.minutes))
    return _both(text, today) or read


def _both(text: str, today: date) -> When | None:
    """Read a day with a time behind it, or a time with a day behind it."""
    words = text.split()
    for cut in range(1, len(words)):
        for front, back in ((words[:cut], words[cut:]), (words[cut:], words[:cut])):
            if len(back) > _TIME_WORDS:
                continue
            read, clock = read_day(" ".join(front), today=today), read_time(" ".join(back))
            if isinstance(read, DayRead) and isinstance(clock, TimeRead):
                return When(read.day, TimeOfDay(clock.minutes))
    return None
