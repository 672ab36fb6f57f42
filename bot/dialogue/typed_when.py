"""Read a day, a time or both from one typed line."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.parsing.clock.times import read_time
from bot.parsing.core.results import DayRead, Problem, TimeRead
from bot.parsing.dates.days import read_day
from bot.ui.formats import wall_time
from domain.timespan import cell_with, instant

_TIME_WORDS = 3


@dataclass(frozen=True, slots=True)
class TimeOfDay:
    """A time of any day, in minutes after midnight."""

    minutes: int

    @property
    def text(self) -> str:
        """The time as a clock shows it."""
        return wall_time(self.minutes)

    def is_at(self, cell: int, zone: ZoneInfo) -> bool:
        """Tell whether a wall clock in this zone shows the time when the cell begins."""
        local = instant(cell).astimezone(zone)
        return self.minutes == local.hour * 60 + local.minute

    def on(self, day: date, zone: ZoneInfo) -> int:
        """Return the cell that holds the time on a day; of a time that comes twice, the first."""
        return cell_with(datetime.combine(day, time(), zone) + timedelta(minutes=self.minutes))


@dataclass(frozen=True, slots=True)
class When:
    """A day, a time or both; one of the two is there."""

    day: date | None = None
    time: TimeOfDay | None = None


def read_when(text: str, *, today: date, day: date | None = None) -> When | Problem:
    """Read a line such as ``13 Aug``, ``friday 9:15`` or ``9:15``; where a day is known, a time alone is one of that day.

    What can be both, such as ``9.10``, is a day unless one is known; what is no day that exists, such as ``9.30``, is a time.
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
