"""What a text says, before it is known what it means: the nodes the grammars build."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Clock:
    """A time as written; ``spoken`` tells of "Uhr", "o'clock" or "noon", which leave no doubt about a bare hour."""

    hour: int
    minute: int | None
    meridiem: Literal["am", "pm"] | None
    spoken: bool
    text: str


@dataclass(frozen=True, slots=True)
class Hours:
    """A stretch of hours as written."""

    first: Clock
    last: Clock


@dataclass(frozen=True, slots=True)
class Written:
    """A date as written; ``bare`` is a number that is a day only next to a month, ``slashed`` could be month and day as well."""

    day: int
    month: int | None = None
    year: int | None = None
    weekday: int | None = None
    bare: bool = False
    slashed: bool = False


@dataclass(frozen=True, slots=True)
class Named:
    """A weekday, 0 to 6; ``weeks`` ahead where a week was named; ``said_next`` for "next Friday", of which people mean different things."""

    weekday: int
    weeks: int | None = None
    said_next: bool = False


@dataclass(frozen=True, slots=True)
class Ahead:
    """So many days after today."""

    days: int


@dataclass(frozen=True, slots=True)
class Daily:
    """Every day."""


@dataclass(frozen=True, slots=True)
class Run:
    """All days from one to another, both counted."""

    first: "OneDay"
    last: "OneDay"


@dataclass(frozen=True, slots=True)
class Week:
    """The ISO week so many weeks after this one."""

    weeks: int


OneDay = Written | Named | Ahead
Days = OneDay | Run | Daily


@dataclass(frozen=True, slots=True)
class DayPhrase:
    """Days joined by "and"; within ``period`` alone where weekdays were bounded by two dates."""

    days: tuple[Days, ...]
    period: Run | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """Days and the hours of each of them; one of both may be missing, and ``open_start`` is a time without an end."""

    phrase: DayPhrase | None
    hours: tuple[Hours, ...]
    open_start: Clock | None = None
