"""Fills in what one part of a phrase takes from another: a month, a week or a period."""

from dataclasses import replace

from bot.parsing.core.phrases import (
    DayPhrase,
    DayRange,
    Days,
    EveryDay,
    NamedWeek,
    NamedWeekday,
    OneDay,
    WrittenDate,
)


def fill_months(items: tuple[Days, ...]) -> tuple[Days, ...] | None:
    """Give days without a month that of the next date; return None if a bare number has none.

    "13., 14. and 15 August" are three days of August. "Aug 13-15" gives its month forwards, within
    one range only.
    """
    source: WrittenDate | None = None
    result: list[Days] = []
    for item in reversed(items):
        complete = _fill_month(item, source)
        if complete is None:
            return None
        result.append(complete)
        source = _source(complete)
    return tuple(reversed(result))


def _source(item: Days) -> WrittenDate | None:
    """Return the first date of an item if it has a month."""
    head = item.first if isinstance(item, DayRange) else item
    return head if isinstance(head, WrittenDate) and head.month is not None else None


def _fill_month(item: Days, source: WrittenDate | None) -> Days | None:
    """Return an item with its months filled in, or None if a bare number is left."""
    if isinstance(item, EveryDay):
        return item
    if isinstance(item, DayRange):
        last = _with_month(item.last, _source(item.first) or source)
        first = _with_month(item.first, _source(last))
        return None if _is_bare(first) or _is_bare(last) else DayRange(first, last)
    whole = _with_month(item, source)
    return None if _is_bare(whole) else whole


def _is_bare(item: OneDay) -> bool:
    """Return whether this is a number that nothing marks as a day."""
    return isinstance(item, WrittenDate) and item.bare


def _with_month(item: OneDay, source: WrittenDate | None) -> OneDay:
    """Return a day with the month of ``source`` if it has none of its own."""
    if isinstance(item, WrittenDate) and item.month is None and source is not None:
        return replace(item, month=source.month, year=source.year, bare=False)
    return item


def within_week(phrase: DayPhrase, week: NamedWeek) -> DayPhrase | None:
    """Put weekdays into a week; return None if there are other items or another week."""
    scoped = tuple(_in_week(item, week) for item in phrase.days)
    days = tuple(item for item in scoped if item is not None)
    return DayPhrase(days) if phrase.period is None and len(days) == len(scoped) else None


def _in_week(item: Days, week: NamedWeek) -> Days | None:
    """Put one item into a week, or return None."""
    if isinstance(item, EveryDay):
        return DayRange(NamedWeekday(0, week.weeks), NamedWeekday(6))
    if isinstance(item, DayRange):
        return (
            DayRange(NamedWeekday(item.first.weekday, week.weeks), item.last)
            if isinstance(item.first, NamedWeekday) and _is_open_run(item)
            else None
        )
    return (
        NamedWeekday(item.weekday, week.weeks)
        if _is_open(item) and isinstance(item, NamedWeekday)
        else None
    )


def within_period(phrase: DayPhrase, period: DayRange) -> DayPhrase | None:
    """Bound several weekdays by two dates; return None if that makes no sense.

    A single weekday before two dates belongs to the first of them, as in "Fri 13-15 August".
    """
    several = len(phrase.days) > 1 or not isinstance(phrase.days[0], NamedWeekday)
    weekly = all(
        isinstance(item, EveryDay) or _is_open_run(item) or _is_open(item) for item in phrase.days
    )
    dated = isinstance(period.first, WrittenDate) and isinstance(period.last, WrittenDate)
    complete = (
        _fill_month(period, None)
        if dated and several and weekly and phrase.period is None
        else None
    )
    return DayPhrase(phrase.days, complete) if isinstance(complete, DayRange) else None


def _is_open(item: Days | OneDay) -> bool:
    """Return whether this is a weekday of no particular week."""
    return isinstance(item, NamedWeekday) and item.weeks is None


def _is_open_run(item: Days) -> bool:
    """Return whether this is a range of weekdays of no particular week."""
    return isinstance(item, DayRange) and _is_open(item.first) and _is_open(item.last)
