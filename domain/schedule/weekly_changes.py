"""Changes of the weekly hours. Each returns a new schedule; the old one is what undo restores."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from domain.schedule.hours import Hours, covers, joined
from domain.schedule.model import Schedule, Weekly

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Validity:
    """The dates on which weekly hours are in force, both included; None has no limit."""

    first: date | None = None
    last: date | None = None

    def __post_init__(self) -> None:
        """Raise ValueError for reversed dates; only a bug can cause this."""
        if self.first and self.last and self.last < self.first:
            raise ValueError(f"never in force: {self.first} to {self.last}")


@dataclass(frozen=True, slots=True)
class WeeklyHours:
    """The same hours on some weekdays, as a provider enters them; see ``Weekly``."""

    weekdays: frozenset[int]
    hours: tuple[Hours, ...]
    validity: Validity = Validity()
    service: int | None = None
    every_weeks: int = 1
    anchor: date | None = None

    def rules(self) -> Iterator[Weekly]:
        """Yield the rules that say the same; hours that touch are one."""
        for weekday in sorted(self.weekdays):
            for hours in joined(self.hours):
                yield Weekly(
                    service=self.service,
                    weekday=weekday,
                    start_minute=hours.start,
                    end_minute=hours.end,
                    valid_from=self.validity.first,
                    valid_until=self.validity.last,
                    every_weeks=self.every_weeks,
                    anchor=self.anchor,
                )


def replace_weekly(schedule: Schedule, entered: WeeklyHours) -> Schedule:
    """Set the hours of weekdays for a service, or those for all services.

    What the weekdays had for that service ends for these dates, in whatever weeks, and resumes
    after them. Hours for other services stay.
    """
    kept = (
        part
        for rule in schedule.weekly
        for part in (
            _outside(rule, entered.validity)
            if rule.weekday in entered.weekdays and rule.service == entered.service
            else (rule,)
        )
    )
    return replace(schedule, weekly=_unique((*kept, *entered.rules())))


def add_weekly(schedule: Schedule, entered: WeeklyHours) -> Schedule:
    """Add hours to weekdays. Hours that the weekdays have already add nothing."""
    added = (rule for rule in entered.rules() if not _is_covered(rule, schedule.weekly))
    return replace(schedule, weekly=_unique((*schedule.weekly, *added)))


def clear_weekly(schedule: Schedule, weekdays: Collection[int], validity: Validity) -> Schedule:
    """End all hours of weekdays for these dates, whatever service they are for."""
    kept = (
        part
        for rule in schedule.weekly
        for part in (_outside(rule, validity) if rule.weekday in weekdays else (rule,))
    )
    return replace(schedule, weekly=_unique(kept))


def copy_weekday(
    schedule: Schedule, source: int, targets: Collection[int], first: date
) -> Schedule:
    """Give weekdays the hours of another from a date on, for all services and in the same weeks."""
    others = frozenset(targets) - {source}
    cleared = clear_weekly(schedule, others, Validity(first))
    copies = (
        replace(part, weekday=weekday)
        for rule in schedule.weekly
        if rule.weekday == source
        for part in _from(rule, first)
        for weekday in sorted(others)
    )
    return replace(schedule, weekly=_unique((*cleared.weekly, *copies)))


def _unique(rules: Collection[Weekly] | Iterator[Weekly]) -> tuple[Weekly, ...]:
    """Return each rule once, in the order of its first occurrence."""
    return tuple(dict.fromkeys(rules))


def _outside(rule: Weekly, validity: Validity) -> Iterator[Weekly]:
    """Yield the parts of a rule before and after some dates."""
    if validity.first and (rule.valid_from is None or rule.valid_from < validity.first):
        yield replace(rule, valid_until=_earliest(rule.valid_until, validity.first - _DAY))
    if validity.last and (rule.valid_until is None or validity.last < rule.valid_until):
        yield replace(rule, valid_from=_latest(rule.valid_from, validity.last + _DAY))


def _from(rule: Weekly, first: date) -> Iterator[Weekly]:
    """Yield the part of a rule from a date on, if there is any."""
    if rule.valid_until is None or first <= rule.valid_until:
        yield replace(rule, valid_from=_latest(rule.valid_from, first))


def _earliest(end: date | None, limit: date) -> date:
    """Return the earlier of an end, or none, and a limit."""
    return limit if end is None else min(end, limit)


def _latest(start: date | None, limit: date) -> date:
    """Return the later of a beginning, or none, and a limit."""
    return limit if start is None else max(start, limit)


def _is_covered(wanted: Weekly, rules: Collection[Weekly]) -> bool:
    """Return whether rules that apply whenever this one does have all of its hours."""
    return covers((rule.hours for rule in rules if _includes(rule, wanted)), wanted.hours)


def _includes(rule: Weekly, other: Weekly) -> bool:
    """Return whether a rule applies on each date on which the other applies."""
    return (
        (rule.service, rule.weekday) == (other.service, other.weekday)
        and (rule.valid_from or date.min) <= (other.valid_from or date.min)
        and (other.valid_until or date.max) <= (rule.valid_until or date.max)
        and other.every_weeks % rule.every_weeks == 0
        and other.phase % rule.every_weeks == rule.phase
    )
