"""The syntax nodes that the grammars build, before interpretation."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class ClockTime:
    """A time as written.

    ``spoken`` is set by "Uhr", "o'clock" or "noon", which make a bare hour unambiguous.
    """

    hour: int
    minute: int | None
    meridiem: Literal["am", "pm"] | None
    spoken: bool
    text: str


@dataclass(frozen=True, slots=True)
class TimeRange:
    """A range of times as written."""

    first: ClockTime
    last: ClockTime


@dataclass(frozen=True, slots=True)
class WrittenDate:
    """A date as written.

    ``bare`` is a number that is a day only next to a month. ``slashed`` may also be read as month
    and day.
    """

    day: int
    month: int | None = None
    year: int | None = None
    weekday: int | None = None
    bare: bool = False
    slashed: bool = False


@dataclass(frozen=True, slots=True)
class NamedWeekday:
    """A weekday, 0 to 6, in the week ``weeks`` ahead if one is named.

    ``said_next`` marks "next Friday", which people use with different meanings.
    """

    weekday: int
    weeks: int | None = None
    said_next: bool = False


@dataclass(frozen=True, slots=True)
class RelativeDay:
    """A number of days after today."""

    days: int


@dataclass(frozen=True, slots=True)
class EveryDay:
    """Every day."""


@dataclass(frozen=True, slots=True)
class DayRange:
    """All days from one to another, both included."""

    first: "OneDay"
    last: "OneDay"


@dataclass(frozen=True, slots=True)
class NamedWeek:
    """The ISO week that is ``weeks`` after this one."""

    weeks: int


OneDay = WrittenDate | NamedWeekday | RelativeDay
Days = OneDay | DayRange | EveryDay


@dataclass(frozen=True, slots=True)
class DayPhrase:
    """Days joined by "and"; ``period`` bounds weekdays by two dates."""

    days: tuple[Days, ...]
    period: DayRange | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """Days and their hours.

    Either may be missing; ``open_start`` is a time without an end.
    """

    phrase: DayPhrase | None
    hours: tuple[TimeRange, ...]
    open_start: ClockTime | None = None
