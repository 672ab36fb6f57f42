"""Interprets ranges of days, given the person's local date.

A range without a year or a week is the next one that is not over, without its past days. On a
Wednesday, "Mon-Fri" is Wednesday to Friday of this week; on a Saturday it is all of the next week.
A note always gives the dates.
"""

from datetime import date, timedelta

from bot.parsing.core.phrases import (
    DayPhrase,
    DayRange,
    Days,
    EveryDay,
    NamedWeekday,
    OneDay,
    WrittenDate,
)
from bot.parsing.core.results import DayRead, Note, Problem
from bot.parsing.dates.day_interpretation import (
    ConflictResolution,
    interpret_day,
    is_open,
    resolve_day,
    resolve_day_before,
)

MAX_DAYS = 400
_DAYS_IN_WEEK = 7
InterpretedDays = tuple[tuple[date, ...], tuple[Note, ...]]


def interpret_days(
    phrase: DayPhrase, today: date, on_conflict: ConflictResolution
) -> InterpretedDays | Problem:
    """Return all days of a phrase with notes, or the Problem of the first item that has one."""
    if phrase.period is not None:
        return _interpret_within(phrase, phrase.period, today, on_conflict)
    days: list[date] = []
    notes: list[Note] = []
    for item in phrase.days:
        interpreted = _interpret_item(item, today, on_conflict)
        if isinstance(interpreted, Problem):
            return interpreted
        days += interpreted[0]
        notes += interpreted[1]
    return tuple(days), tuple(notes)


def _interpret_item(
    item: Days, today: date, on_conflict: ConflictResolution
) -> InterpretedDays | Problem:
    """Return the days of one item of a list."""
    if isinstance(item, EveryDay):
        return _listed(today, today + timedelta(_DAYS_IN_WEEK - 1), named=True)
    if isinstance(item, DayRange):
        return _interpret_range(item, today, on_conflict)
    read = interpret_day(item, today, on_conflict)
    return read if isinstance(read, Problem) else ((read.day,), read.notes)


def _interpret_range(
    day_range: DayRange, today: date, on_conflict: ConflictResolution
) -> InterpretedDays | Problem:
    """Return the days of a range from today on; a Problem if all of it is past."""
    ends = _resolve_ends(day_range, today, on_conflict)
    if isinstance(ends, Problem):
        return ends
    first, last = ends
    if first.day > last.day:
        return Problem("days_reversed", {"first": first.day, "last": last.day})
    exactly_past = (
        isinstance(day_range.first, WrittenDate)
        and day_range.first.year is not None
        and first.day < today
    )
    if exactly_past or last.day < today:
        return Problem("day_in_past", {"day": first.day if exactly_past else last.day})
    interpreted = _listed(
        max(first.day, today),
        last.day,
        named=isinstance(day_range.first, NamedWeekday) or isinstance(day_range.last, NamedWeekday),
    )
    return (
        interpreted
        if isinstance(interpreted, Problem)
        else (interpreted[0], (*_range_notes(first, last, today), *interpreted[1]))
    )


def _range_notes(first: DayRead, last: DayRead, today: date) -> tuple[Note, ...]:
    """Return the notes of both ends.

    "A weekday means today" is left out, because the dates of the range are shown.
    """
    both = [note for note in (*first.notes, *last.notes) if note.code != "weekday_means_today"]
    if first.day < today:
        both.append(
            Note("past_days_left_out", {"first": first.day, "start": today, "last": last.day})
        )
    return tuple(
        note
        for number, note in enumerate(both)
        if note.code not in {earlier.code for earlier in both[:number]}
    )


def _resolve_ends(
    day_range: DayRange, today: date, on_conflict: ConflictResolution
) -> tuple[DayRead, DayRead] | Problem:
    """Return both ends of a range, each resolved with the help of the other."""
    if _is_reversed(day_range):
        return _both_ends(
            interpret_day(day_range.first, today, on_conflict),
            interpret_day(day_range.last, today, on_conflict),
        )
    if _end_decides(day_range):
        last = resolve_day(day_range.last, today, today, on_conflict)
        return (
            last
            if isinstance(last, Problem)
            else _both_ends(resolve_day_before(day_range.first, last.day, today, on_conflict), last)
        )
    first = resolve_day(day_range.first, today, today, on_conflict)
    return (
        first
        if isinstance(first, Problem)
        else _both_ends(first, resolve_day(day_range.last, first.day, today, on_conflict))
    )


def _both_ends(
    first: DayRead | Problem, last: DayRead | Problem
) -> tuple[DayRead, DayRead] | Problem:
    """Return both ends, or the Problem of the first that has one."""
    if isinstance(first, Problem):
        return first
    return last if isinstance(last, Problem) else (first, last)


def _end_decides(day_range: DayRange) -> bool:
    """Return whether to resolve the end first.

    That is so for two weekdays, or two dates of which the first has no year.
    """
    return (
        is_open(day_range.first)
        and type(day_range.first) is type(day_range.last)
        and (is_open(day_range.last) or isinstance(day_range.last, WrittenDate))
    )


def _is_reversed(day_range: DayRange) -> bool:
    """Return whether two dates without a year are in the wrong order within one month.

    Nearly a year is never meant.
    """
    return _yearless_month(day_range.first) == _yearless_month(
        day_range.last
    ) is not None and _month_day(day_range.first) > _month_day(day_range.last)


def _yearless_month(node: OneDay) -> int | None:
    """Return the month of a date without a year."""
    return node.month if isinstance(node, WrittenDate) and node.year is None else None


def _month_day(node: OneDay) -> int:
    """Return the day of the month of a date."""
    return node.day if isinstance(node, WrittenDate) else 0


def _listed(first: date, last: date, *, named: bool) -> InterpretedDays | Problem:
    """Return the days from one to another, with a note of the dates if they were given by name."""
    count = (last - first).days + 1
    if count > MAX_DAYS:
        return Problem("too_many_days", {"count": count, "most": MAX_DAYS})
    days = tuple(first + timedelta(number) for number in range(count))
    return days, (
        Note("days_meant", {"first": first, "last": last, "count": count}),
    ) if named else ()


def _interpret_within(
    phrase: DayPhrase, period: DayRange, today: date, on_conflict: ConflictResolution
) -> InterpretedDays | Problem:
    """Return the weekdays of a phrase that are between two dates."""
    interpreted = _interpret_range(period, today, on_conflict)
    if isinstance(interpreted, Problem):
        return interpreted
    weekdays = frozenset(weekday for item in phrase.days for weekday in _weekdays(item))
    days = tuple(day for day in interpreted[0] if day.weekday() in weekdays)
    if not days:
        return Problem("no_such_weekday", {"first": interpreted[0][0], "last": interpreted[0][-1]})
    return days, (
        *interpreted[1],
        Note("days_meant", {"first": days[0], "last": days[-1], "count": len(days)}),
    )


def _weekdays(item: Days) -> frozenset[int]:
    """Return the weekdays of an item; all seven for every day."""
    if isinstance(item, NamedWeekday):
        return frozenset({item.weekday})
    if (
        isinstance(item, DayRange)
        and isinstance(item.first, NamedWeekday)
        and isinstance(item.last, NamedWeekday)
    ):
        length = (item.last.weekday - item.first.weekday) % _DAYS_IN_WEEK
        return frozenset(
            (item.first.weekday + number) % _DAYS_IN_WEEK for number in range(length + 1)
        )
    return frozenset(range(_DAYS_IN_WEEK))
