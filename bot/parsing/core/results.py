"""What reading a text gives: values with codes and plain data; the sentences are made where texts live."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from domain.timespan import WallSpan


@dataclass(frozen=True, slots=True)
class Note:
    """Something that had to be assumed, to be told in the preview; ``values`` hold dates, minutes after midnight or ``WallSpan``."""

    code: str
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a text was not read.

    ``suggestions`` are whole readings to offer as buttons: dates where one day was asked for, ``HoursRead`` where hours were.
    """

    code: str
    values: Mapping[str, object] = field(default_factory=dict)
    suggestions: "tuple[date | HoursRead, ...]" = ()


@dataclass(frozen=True, slots=True)
class DayRead:
    """One day, and what was assumed to find it."""

    day: date
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class TimeRead:
    """One time of day in minutes after midnight, 0 to 1440.

    ``has_meridiem`` tells that am, pm, noon or midnight was said; ``is_explicit`` is false for a bare hour such as ``9``.
    """

    minutes: int
    has_meridiem: bool
    is_explicit: bool


@dataclass(frozen=True, slots=True)
class SpanRead:
    """One stretch of a day, and what was assumed to find it."""

    span: WallSpan
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class HoursRead:
    """Days with their hours: the days sorted and each once, the spans of a day sorted, disjoint and not touching."""

    days: tuple[tuple[date, tuple[WallSpan, ...]], ...]
    notes: tuple[Note, ...] = ()
