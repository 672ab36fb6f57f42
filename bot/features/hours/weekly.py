"""Days with the same hours, grouped where they repeat every week."""

from collections.abc import Hashable, Sequence
from datetime import date, timedelta

_FEWEST = 4
_WEEK = 7
EVERY_DAY = (0, _WEEK - 1)
"""The run from Monday to Sunday."""


def day_groups(days: Sequence[tuple[date, Hashable]]) -> list[tuple[date, ...]]:
    """Return sorted days in groups that each fit one line, by their first day.

    A group holds all days with the same hours if they form a weekly pattern: at least four days,
    and with each weekday every such weekday between the first day and the last. Any other day is a
    group of its own.
    """
    by_hours: dict[Hashable, list[date]] = {}
    for day, hours in days:
        by_hours.setdefault(hours, []).append(day)
    groups: list[tuple[date, ...]] = []
    for same in by_hours.values():
        groups += [tuple(same)] if _is_weekly(same) else [(day,) for day in same]
    return sorted(groups)


def weekday_runs(days: Sequence[date]) -> list[tuple[int, int]]:
    """Return the weekdays of days as runs, first and last, Monday as 0; a run may pass Sunday.

    All seven weekdays are the run ``EVERY_DAY``.
    """
    weekdays = {day.weekday() for day in days}
    if len(weekdays) == _WEEK:
        return [EVERY_DAY]
    starts = sorted(number for number in weekdays if (number - 1) % _WEEK not in weekdays)
    return [(start, _end_of_run(start, weekdays)) for start in starts]


def _end_of_run(start: int, weekdays: set[int]) -> int:
    """Return the last weekday of a run."""
    end = start
    while (end + 1) % _WEEK in weekdays:
        end = (end + 1) % _WEEK
    return end


def _is_weekly(days: Sequence[date]) -> bool:
    """Return whether sorted days are all days of their weekdays between the first and the last."""
    weekdays = {day.weekday() for day in days}
    length = (days[-1] - days[0]).days + 1
    between = (days[0] + timedelta(number) for number in range(length))
    return len(days) >= _FEWEST and len(days) == sum(day.weekday() in weekdays for day in between)
