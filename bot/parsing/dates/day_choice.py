"""Finds the day a phrase for one day means, given the person's local date.

A date without a year is the next such day counting today; a weekday alone is the next one counting today; "next Friday" is the Friday of
the next ISO week, "this Friday" that of this one.
"""

from calendar import isleap
from collections.abc import Iterator
from dataclasses import replace
from datetime import MAXYEAR, MINYEAR, date, timedelta
from enum import Enum, auto

from bot.parsing.core.phrases import Ahead, Named, OneDay, Written
from bot.parsing.core.results import DayRead, Note, Problem

DAYS_IN_WEEK = 7
_MONTH_LENGTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_LEAP_YEARS_APART = 8
_MONTHS_IN_YEAR = 12


class Contradiction(Enum):
    """What to believe where weekday and date contradict each other: neither, the date as written, or the weekday."""

    REFUSE = auto()
    DATE = auto()
    WEEKDAY = auto()


def is_open(node: OneDay) -> bool:
    """Tell whether the phrase fits many days, so that its neighbour in a range decides which is meant."""
    return (isinstance(node, Written) and node.year is None) or (
        isinstance(node, Named) and node.weeks is None
    )


def choose_day(
    node: OneDay, today: date, believe: Contradiction = Contradiction.REFUSE
) -> DayRead | Problem:
    """Find the day a phrase means; a Problem where there is none, where it is past, or where weekday and date contradict each other."""
    return _not_past(unchecked_day(node, today, today, believe), today)


def _not_past(read: DayRead | Problem, today: date) -> DayRead | Problem:
    """Refuse a day before today."""
    past = isinstance(read, DayRead) and read.day < today
    return Problem("day_in_past", {"day": read.day}) if isinstance(read, DayRead) and past else read


def unchecked_day(
    node: OneDay, start: date, today: date, believe: Contradiction
) -> DayRead | Problem:
    """Find the day a phrase means, the first from ``start`` where it fits many; it may lie before today where the phrase says so."""
    if isinstance(node, Written):
        return _written_day(
            node, earliest(node, start) if node.year is None else _exact(node), today, believe
        )
    if isinstance(node, Ahead):
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


def day_before(node: OneDay, end: date, today: date, believe: Contradiction) -> DayRead | Problem:
    """Find the last day up to ``end`` that fits an open phrase."""
    if isinstance(node, Written):
        return _written_day(node, latest(node, end), today, believe)
    weekday = node.weekday if isinstance(node, Named) else end.weekday()
    return DayRead(end - timedelta((end.weekday() - weekday) % DAYS_IN_WEEK))


def earliest(node: "Written | Named", start: date) -> date:
    """Return the first day from ``start`` that fits; ``date.min`` where none ever does."""
    if isinstance(node, Named):
        return start + timedelta((node.weekday - start.weekday()) % DAYS_IN_WEEK)
    return min((day for day in _candidates(node, start.year) if day >= start), default=date.min)


def latest(node: Written, end: date) -> date:
    """Return the last day up to ``end`` that fits; ``date.min`` where none ever did."""
    return max((day for day in _candidates(node, end.year) if day <= end), default=date.min)


def _candidates(node: Written, year: int) -> Iterator[date]:
    """Yield the days that fit a date without a year, in the years around one."""
    months = range(1, _MONTHS_IN_YEAR + 1) if node.month is None else (node.month,)
    for near in range(
        max(MINYEAR, year - _LEAP_YEARS_APART), min(MAXYEAR, year + _LEAP_YEARS_APART) + 1
    ):
        for month in months:
            day = _exact(replace(node, month=month, year=near))
            if day != date.min:
                yield day


def _exact(node: Written) -> date:
    """Return the day a full date names; ``date.min`` where the calendar has none."""
    year, month = node.year or 0, node.month or 0
    exists = (
        MINYEAR <= year <= MAXYEAR
        and 1 <= month <= _MONTHS_IN_YEAR
        and 1 <= node.day <= _month_length(year, month)
    )
    return date(year, month, node.day) if exists else date.min


def _month_length(year: int, month: int) -> int:
    """Return how many days a month has."""
    return _MONTH_LENGTHS[month - 1] - (1 if month == 2 and not isleap(year) else 0)  # noqa: PLR2004  (February)


def _written_day(
    node: Written, day: date, today: date, believe: Contradiction
) -> DayRead | Problem:
    """Judge the day found for a date: whether it exists, agrees with the weekday beside it, and what has to be told."""
    if day == date.min:
        return Problem("no_such_day", {"day": node.day, "month": node.month, "year": node.year})
    if node.weekday is not None and node.weekday != day.weekday():
        nearest = nearest_weekday(node.weekday, day, today)
        if believe is Contradiction.REFUSE:
            return Problem(
                "weekday_contradicts", {"weekday": node.weekday, "day": day}, (day, nearest)
            )
        day = day if believe is Contradiction.DATE else nearest
    return DayRead(day, tuple(_date_notes(node, day, today)))


def _date_notes(node: Written, day: date, today: date) -> Iterator[Note]:
    """Yield what was assumed about a date."""
    if node.year is None and day.year > today.year:
        yield Note("next_year", {"day": day})
    if node.slashed and node.month != node.day <= _MONTHS_IN_YEAR:
        yield Note("day_before_month", {"day": day})


def nearest_weekday(weekday: int, day: date, today: date) -> date:
    """Return the day with this weekday that lies nearest to a day, not before today."""
    ahead = (weekday - day.weekday()) % DAYS_IN_WEEK
    numbers = (day.toordinal() + ahead - DAYS_IN_WEEK, day.toordinal() + ahead)
    possible = [number for number in numbers if today.toordinal() <= number <= date.max.toordinal()]
    nearest = min(possible, key=lambda number: abs(number - day.toordinal()), default=None)
    return earliest(Named(weekday), today) if nearest is None else date.fromordinal(nearest)
