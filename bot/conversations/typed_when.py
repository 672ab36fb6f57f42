"""Read a day, a time or both from one typed line."""

from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from bot.parsing.days import read_day
from bot.parsing.results import DayRead, Problem, TimeRead
from bot.parsing.times import read_time
from bot.times import wall_time
from domain.timespan import instant

_TIME_WORDS = 3


@dataclass(frozen=True, slots=True)
class When:
    """A day, and perhaps a time of it in minutes after midnight."""

    day: date
    minutes: int | None = None

    @property
    def text(self) -> str:
        """The time as a clock shows it."""
        return wall_time(self.minutes or 0)

    def is_at(self, cell: int, zone: ZoneInfo) -> bool:
        """Tell whether a wall clock in this zone shows the time when the cell begins."""
        local = instant(cell).astimezone(zone)
        return self.minutes == local.hour * 60 + local.minute


def read_when(text: str, *, today: date, day: date | None) -> When | Problem:
    """Read a line such as ``13 Aug``, ``friday 9:15``, or ``9:15`` where the day is known."""
    if day is not None and isinstance(time := read_time(text), TimeRead):
        return When(day, time.minutes)
    read = read_day(text, today=today)
    if isinstance(read, DayRead):
        return When(read.day)
    return _both(text, today) or read


def _both(text: str, today: date) -> When | None:
    """Read a day with a time behind it, or a time with a day behind it."""
    words = text.split()
    for cut in range(1, len(words)):
        for front, back in ((words[:cut], words[cut:]), (words[cut:], words[:cut])):
            if len(back) > _TIME_WORDS:
                continue
            read, time = read_day(" ".join(front), today=today), read_time(" ".join(back))
            if isinstance(read, DayRead) and isinstance(time, TimeRead):
                return When(read.day, time.minutes)
    return None
