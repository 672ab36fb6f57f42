"""Interprets phrases for one day, given the person's local date.

A date without a year is its next occurrence from today, and so is a weekday alone. "Next Friday" is
the Friday of the next ISO week, "this Friday" that of this week.
"""

from calendar import isleap
from collections.abc import Iterator
from dataclasses import replace
from datetime import MAXYEAR, MINYEAR, date, timedelta
from enum import Enum, auto

from bot.parsing.core.phrases import NamedWeekday, OneDay, RelativeDay, WrittenDate
from bot.parsing.core.results import DayRead, Note, Problem

DAYS_IN_WEEK = 7
_MONTH_LENGTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_LEAP_YEARS_APART = 8
MONTHS_IN_YEAR = 12


class ConflictResolution(Enum):
    """What to do if weekday and date contradict: refuse, follow the date, or follow the weekday."""

    REFUSE = auto()
    DATE = auto()
    WEEKDAY = auto()


def is_open(node: OneDay) -> bool:
    """Return whether a phrase fits many days, so that its neighbour in a range decides."""
    return (isinstance(node, WrittenDate) and node.year is None) or (
        isinstance(node, NamedWeekday) and node.weeks is None
    )


def interpret_day(
    node: OneDay, today: date, on_conflict: ConflictResolution = ConflictResolution.REFUSE
) -> DayRead | Problem:
    """Return the day of a phrase.

    A Problem if there is none, if it is past, or if weekday and date contradict each other.
    """
    return _reject_past(resolve_day(node, today, today, on_conflict), today)


def _reject_past(read: DayRead | Problem, today: date) -> DayRead | Problem:
    """Return a Problem for a day before today."""
    past = isinstance(read, DayRead) and read.day < today
    return Problem("day_in_past", {"day": read.day}) if isinstance(read, DayRead) and past else read


def resolve_day(
    node: OneDay, start: date, today: date, on_conflict: ConflictResolution
) -> DayRead | Problem:
    """Return the day of a phrase, the first from ``start`` if it fits many; it may be past."""
    if isinstance(node, WrittenDate):
        return _check_date(
            node,
            earliest(node, start) if node.year is None else _exact_date(node),
            today,
            on_conflict,
        )
    if isinstance(node, RelativeDay):
        return DayRead(today + timedelta(node.days))
    if node.weeks is None:
        day = earliest(node, start)
        return DayRead(
            day,
            (Note("weekday_means_today", {"day": day, "weekday": node.weekday}),)
            if day == today
            else (),
        )
    day = today + timedelta(DAYS_IN_WEEK * node.weeks + node.weekday - today.weekday())
    return DayRead(
        day,
        (Note("next_means_next_week", {"day": day, "weekday": node.weekday}),)
        if node.said_next
        else (),
    )


def resolve_day_before(
    node: OneDay, end: date, today: date, on_conflict: ConflictResolution
) -> DayRead | Problem:
    """Return the last day up to ``end`` that fits an open phrase."""
    if isinstance(node, WrittenDate):
        return _check_date(node, latest(node, end), today, on_conflict)
    weekday = node.weekday if isinstance(node, NamedWeekday) else end.weekday()
    return DayRead(end - timedelta((end.weekday() - weekday) % DAYS_IN_WEEK))


def earliest(node: "WrittenDate | NamedWeekday", start: date) -> date:
    """Return the first day from ``start`` that fits; ``date.min`` if none does."""
    if isinstance(node, NamedWeekday):
        return start + timedelta((node.weekday - start.weekday()) % DAYS_IN_WEEK)
    return min((day for day in _candidates(node, start.year) if day >= start), default=date.min)


def latest(node: WrittenDate, end: date) -> date:
    """Return the last day up to ``end`` that fits; ``date.min`` if none does."""
    return max((day for day in _candidates(node, end.year) if day <= end), default=date.min)


def _candidates(node: WrittenDate, year: int) -> Iterator[date]:
    """Yield the days that fit a date without a year, in the years around ``year``."""
    months = range(1, MONTHS_IN_YEAR + 1) if node.month is None else (node.month,)
    for near in range(
        max(MINYEAR, year - _LEAP_YEARS_APART), min(MAXYEAR, year + _LEAP_YEARS_APART) + 1
    ):
        for month in months:
            day = _exact_date(replace(node, month=month, year=near))
            if day != date.min:
                yield day


def _exact_date(node: WrittenDate) -> date:
    """Return the day of a full date; ``date.min`` if it does not exist."""
    year, month = node.year or 0, node.month or 0
    exists = (
        MINYEAR <= year <= MAXYEAR
        and 1 <= month <= MONTHS_IN_YEAR
        and 1 <= node.day <= _month_length(year, month)
    )
    return date(year, month, node.day) if exists else date.min


def _month_length(year: int, month: int) -> int:
    """Return the number of days of a month."""
    return _MONTH_LENGTHS[month - 1] - (1 if month == 2 and not isleap(year) else 0)  # noqa: PLR2004  (February)


def _check_date(
    node: WrittenDate, day: date, today: date, on_conflict: ConflictResolution
) -> DayRead | Problem:
    """Check that a date's day exists and agrees with its weekday, and add the notes."""
    if day == date.min:
        return Problem("no_such_day", {"day": node.day, "month": node.month, "year": node.year})
    if node.weekday is not None and node.weekday != day.weekday():
        nearest = nearest_weekday(node.weekday, day, today)
        if on_conflict is ConflictResolution.REFUSE:
            return Problem(
                "weekday_contradicts", {"weekday": node.weekday, "day": day}, (day, nearest)
            )
        day = day if on_conflict is ConflictResolution.DATE else nearest
    return DayRead(day, tuple(_date_notes(node, day, today)))


def _date_notes(node: WrittenDate, day: date, today: date) -> Iterator[Note]:
    """Yield the assumptions about a date."""
    if node.year is None and day.year > today.year:
        yield Note("next_year", {"day": day})
    if node.slashed and node.month != node.day <= MONTHS_IN_YEAR:
        yield Note("day_before_month", {"day": day})


def nearest_weekday(weekday: int, day: date, today: date) -> date:
    """Return the day with this weekday that is nearest to a day and not before today."""
    ahead = (weekday - day.weekday()) % DAYS_IN_WEEK
    numbers = (day.toordinal() + ahead - DAYS_IN_WEEK, day.toordinal() + ahead)
    possible = [number for number in numbers if today.toordinal() <= number <= date.max.toordinal()]
    nearest = min(possible, key=lambda number: abs(number - day.toordinal()), default=None)
    return earliest(NamedWeekday(weekday), today) if nearest is None else date.fromordinal(nearest)
