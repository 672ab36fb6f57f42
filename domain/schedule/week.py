"""The week as a person would write it, and what differs from it in a span of dates."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from domain.schedule.hours import Hours, joined
from domain.schedule.model import Dated, Schedule, TimeOff, Travel, Weekly, monday_of, week_number

_DAY = timedelta(days=1)
_WEEK = timedelta(weeks=1)

Run = tuple[int, int]
"""The first and the last of consecutive weekdays; Monday is 0."""


@dataclass(frozen=True, slots=True)
class WeekLine:
    """Weekdays with the same hours for the same service, such as "Mon-Fri 9-12 and 13-17".

    If ``every_weeks`` is more than 1, ``next_week`` is the Monday of the next week with them.
    """

    service: int | None
    runs: tuple[Run, ...]
    hours: tuple[Hours, ...]
    every_weeks: int = 1
    next_week: date | None = None


@dataclass(frozen=True, slots=True)
class NewWeek:
    """Other weekly hours come into force on this date."""

    first_day: date
    lines: tuple[WeekLine, ...]


Difference = NewWeek | Dated | TimeOff | Travel
_Cycle = tuple[int, int, int]  # The service or -1, the number of weeks, and the phase.
_Week = Mapping[_Cycle, Mapping[int, tuple[Hours, ...]]]


def week_on(schedule: Schedule, day: date) -> tuple[WeekLine, ...]:
    """Return the weekly hours in force on a date: hours for all services first, then by weekday."""
    return _lines(_week(schedule, day), day)


def differences(schedule: Schedule, first: date, last: date) -> tuple[Difference, ...]:
    """Return what differs from the week of the first date, in the order of the dates.

    On one date: new weekly hours, entries by service, time off, travel.
    """
    entries = [entry for entry in schedule.dated if first <= entry.day <= last]
    found: list[Difference] = [
        *_new_weeks(schedule, first, last),
        *sorted(entries, key=lambda entry: _service_key(entry.service)),
        *(off for off in schedule.time_off if off.first_day <= last and off.last_day >= first),
        *(trip for trip in schedule.travel if trip.first_day <= last and trip.last_day >= first),
    ]
    return tuple(sorted(found, key=_first_day))


def _first_day(difference: Difference) -> date:
    """Return the first date that a difference is about."""
    return difference.day if isinstance(difference, Dated) else difference.first_day


def _service_key(service: int | None) -> int:
    """Return a number that sorts hours for all services before those for one."""
    return -1 if service is None else service


def _week(schedule: Schedule, day: date) -> _Week:
    """Return the hours in force on a date, by cycle and weekday."""
    rules = defaultdict[_Cycle, defaultdict[int, list[Hours]]](lambda: defaultdict(list))
    for rule in schedule.weekly:
        if rule.in_force(day):
            rules[_cycle(rule)][rule.weekday].append(rule.hours)
    return {
        cycle: {weekday: joined(hours) for weekday, hours in days.items()}
        for cycle, days in rules.items()
    }


def _cycle(rule: Weekly) -> _Cycle:
    """Return which service a rule is for, and in which weeks it applies."""
    return _service_key(rule.service), rule.every_weeks, rule.phase


def _lines(week: _Week, day: date) -> tuple[WeekLine, ...]:
    """Return a week as lines, as read on a date."""
    return tuple(
        WeekLine(
            service=None if cycle[0] < 0 else cycle[0],
            runs=_runs(weekdays),
            hours=hours,
            every_weeks=cycle[1],
            next_week=_next_week(cycle, day),
        )
        for cycle in sorted(week)
        for hours, weekdays in _weekdays_by_hours(week[cycle]).items()
    )


def _weekdays_by_hours(
    days: Mapping[int, tuple[Hours, ...]],
) -> Mapping[tuple[Hours, ...], list[int]]:
    """Return the weekdays with the same hours, in the order of the first of them."""
    found = defaultdict[tuple[Hours, ...], list[int]](list)
    for weekday in sorted(days):
        found[days[weekday]].append(weekday)
    return found


def _runs(weekdays: Iterable[int]) -> tuple[Run, ...]:
    """Return sorted weekdays as runs of consecutive ones."""
    runs: list[Run] = []
    for weekday in weekdays:
        if runs and runs[-1][1] == weekday - 1:
            runs[-1] = (runs[-1][0], weekday)
        else:
            runs.append((weekday, weekday))
    return tuple(runs)


def _next_week(cycle: _Cycle, day: date) -> date | None:
    """Return the Monday of the first week from this date's on that is in the cycle."""
    _, every, phase = cycle
    if every == 1:
        return None
    return monday_of(day) + (phase - week_number(day)) % every * _WEEK


def _new_weeks(schedule: Schedule, first: date, last: date) -> Iterator[NewWeek]:
    """Yield the weeks that come into force after the first date, up to the last."""
    before = _week(schedule, first)
    for day in sorted(set(_turns(schedule.weekly))):
        if first < day <= last and (week := _week(schedule, day)) != before:
            yield NewWeek(day, _lines(week, day))
            before = week


def _turns(rules: Iterable[Weekly]) -> Iterator[date]:
    """Yield the dates on which a rule comes into force or ends."""
    for rule in rules:
        if rule.valid_from:
            yield rule.valid_from
        if rule.valid_until and rule.valid_until < date.max:
            yield rule.valid_until + _DAY
