"""The results of parsing: values with codes and data; ``bot.ui`` has the sentences."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from domain.timespan import WallSpan


@dataclass(frozen=True, slots=True)
class Note:
    """An assumption to show in the preview.

    ``values`` holds dates, minutes after midnight or ``WallSpan``.
    """

    code: str
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a text was not understood.

    ``suggestions`` are complete interpretations to offer as buttons: dates if one day was expected,
    ``HoursRead`` if hours were.
    """

    code: str
    values: Mapping[str, object] = field(default_factory=dict)
    suggestions: "tuple[date | HoursRead, ...]" = ()


@dataclass(frozen=True, slots=True)
class DayRead:
    """One day, and the assumptions made."""

    day: date
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class TimeRead:
    """One time of day in minutes after midnight, 0 to 1440.

    ``has_meridiem`` is set by am, pm, noon or midnight. ``is_explicit`` is False for a bare hour
    like ``9``.
    """

    minutes: int
    has_meridiem: bool
    is_explicit: bool


@dataclass(frozen=True, slots=True)
class SpanRead:
    """One span of a day, and the assumptions made."""

    span: WallSpan
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class HoursRead:
    """Days with their hours: unique sorted days, each with sorted, disjoint, not touching spans."""

    days: tuple[tuple[date, tuple[WallSpan, ...]], ...]
    notes: tuple[Note, ...] = ()
