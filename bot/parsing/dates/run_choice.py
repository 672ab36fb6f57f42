"""Finds the days a range means, given the person's local date.

One rule for ranges without a year or a week: the next run that is not over yet, and of it only what is not past. On a Wednesday, "Mon-Fri"
is Wednesday to Friday of this week; on a Saturday it is all of the week after. A note always tells which dates were meant.
"""

from datetime import date, timedelta

from bot.parsing.core.phrases import Daily, DayPhrase, Days, Named, OneDay, Run, Written
from bot.parsing.core.results import DayRead, Note, Problem
from bot.parsing.dates.day_choice import (
    Contradiction,
    choose_day,
    day_before,
    is_open,
    unchecked_day,
)

MOST_DAYS = 400
_DAYS_IN_WEEK = 7
Chosen = tuple[tuple[date, ...], tuple[Note, ...]]


def choose_days(phrase: DayPhrase, today: date, believe: Contradiction) -> Chosen | Problem:
    """Find all days a phrase means, with the notes; a Problem where one of them cannot be meant."""
    if phrase.period is not None:
        return _bounded(phrase, phrase.period, today, believe)
    days: list[date] = []
    notes: list[Note] = []
    for item in phrase.days:
        chosen = _item_days(item, today, believe)
        if isinstance(chosen, Problem):
            return chosen
        days += chosen[0]
        notes += chosen[1]
    return tuple(days), tuple(notes)


def _item_days(item: Days, today: date, believe: Contradiction) -> Chosen | Problem:
    """Find the days of one item of a list."""
    if isinstance(item, Daily):
        return _listed(today, today + timedelta(_DAYS_IN_WEEK - 1), named=True)
    if isinstance(item, Run):
        return _run_days(item, today, believe)
    read = choose_day(item, today, believe)
    return read if isinstance(read, Problem) else ((read.day,), read.notes)


def _run_days(run: Run, today: date, believe: Contradiction) -> Chosen | Problem:
    """Find the days of a range, leaving out those before today; all of it past is a Problem."""
    ends = _ends(run, today, believe)
    if isinstance(ends, Problem):
        return ends
    first, last = ends
    if first.day > last.day:
        return Problem("days_reversed", {"first": first.day, "last": last.day})
    exactly_past = (
        isinstance(run.first, Written) and run.first.year is not None and first.day < today
    )
    if exactly_past or last.day < today:
        return Problem("day_in_past", {"day": first.day if exactly_past else last.day})
    chosen = _listed(
        max(first.day, today),
        last.day,
        named=isinstance(run.first, Named) or isinstance(run.last, Named),
    )
    return (
        chosen
        if isinstance(chosen, Problem)
        else (chosen[0], (*_end_notes(first, last, today), *chosen[1]))
    )


def _end_notes(first: DayRead, last: DayRead, today: date) -> tuple[Note, ...]:
    """Return the notes of both ends; that a weekday means today goes without saying where the dates of the range are told."""
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


def _ends(run: Run, today: date, believe: Contradiction) -> tuple[DayRead, DayRead] | Problem:
    """Find both ends of a range, each in the light of the other."""
    if _is_backwards(run):
        return _both(choose_day(run.first, today, believe), choose_day(run.last, today, believe))
    if _end_decides(run):
        last = unchecked_day(run.last, today, today, believe)
        return (
            last
            if isinstance(last, Problem)
            else _both(day_before(run.first, last.day, today, believe), last)
        )
    first = unchecked_day(run.first, today, today, believe)
    return (
        first
        if isinstance(first, Problem)
        else _both(first, unchecked_day(run.last, first.day, today, believe))
    )


def _both(first: DayRead | Problem, last: DayRead | Problem) -> tuple[DayRead, DayRead] | Problem:
    """Return both ends, or the Problem of the first that has one."""
    if isinstance(first, Problem):
        return first
    return last if isinstance(last, Problem) else (first, last)


def _end_decides(run: Run) -> bool:
    """Tell whether the end is found first: for two weekdays or two dates of which the first has no year."""
    return (
        is_open(run.first)
        and type(run.first) is type(run.last)
        and (is_open(run.last) or isinstance(run.last, Written))
    )


def _is_backwards(run: Run) -> bool:
    """Tell whether two dates without a year lie the wrong way round within one month; nobody means nearly a year by that."""
    return _yearless_month(run.first) == _yearless_month(run.last) is not None and _month_day(
        run.first
    ) > _month_day(run.last)


def _yearless_month(node: OneDay) -> int | None:
    """Return the month of a date without a year."""
    return node.month if isinstance(node, Written) and node.year is None else None


def _month_day(node: OneDay) -> int:
    """Return the number of a date in its month."""
    return node.day if isinstance(node, Written) else 0


def _listed(first: date, last: date, *, named: bool) -> Chosen | Problem:
    """List the days from one to another; a note tells which they are where they were given by name."""
    count = (last - first).days + 1
    if count > MOST_DAYS:
        return Problem("too_many_days", {"count": count, "most": MOST_DAYS})
    days = tuple(first + timedelta(number) for number in range(count))
    return days, (
        Note("days_meant", {"first": first, "last": last, "count": count}),
    ) if named else ()


def _bounded(
    phrase: DayPhrase, period: Run, today: date, believe: Contradiction
) -> Chosen | Problem:
    """Find the weekdays of a phrase that lie between two dates."""
    chosen = _run_days(period, today, believe)
    if isinstance(chosen, Problem):
        return chosen
    weekdays = frozenset(weekday for item in phrase.days for weekday in _weekdays(item))
    days = tuple(day for day in chosen[0] if day.weekday() in weekdays)
    if not days:
        return Problem("no_such_weekday", {"first": chosen[0][0], "last": chosen[0][-1]})
    return days, (
        *chosen[1],
        Note("days_meant", {"first": days[0], "last": days[-1], "count": len(days)}),
    )


def _weekdays(item: Days) -> frozenset[int]:
    """Return the weekdays an item names; all of them for every day."""
    if isinstance(item, Named):
        return frozenset({item.weekday})
    if isinstance(item, Run) and isinstance(item.first, Named) and isinstance(item.last, Named):
        length = (item.last.weekday - item.first.weekday) % _DAYS_IN_WEEK
        return frozenset(
            (item.first.weekday + number) % _DAYS_IN_WEEK for number in range(length + 1)
        )
    return frozenset(range(_DAYS_IN_WEEK))
