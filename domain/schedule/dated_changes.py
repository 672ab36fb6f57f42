"""Changes of single dates and of time off, and what a change took away and added.

Each returns a new schedule; the old one is what undo restores.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from domain.schedule.expansion import hours_on, restricted_on
from domain.schedule.hours import Hours, joined
from domain.schedule.model import Dated, Rule, Schedule, TimeOff


@dataclass(frozen=True, slots=True)
class Change:
    """The rules that one schedule has and another does not, and the other way round."""

    removed: tuple[Rule, ...]
    added: tuple[Rule, ...]


def replace_dated(
    schedule: Schedule, day: date, hours: Iterable[Hours], service: int | None = None
) -> Schedule:
    """Set the hours of a date for a service, or all hours of the date. No hours close it.

    Entries for the same service end; hours for all services end the entries for single ones too.
    """
    kept = (
        entry
        for entry in schedule.dated
        if entry.day != day or service not in {None, entry.service}
    )
    return replace(schedule, dated=(*kept, Dated(service, day, joined(hours))))


def add_dated(
    schedule: Schedule, day: date, hours: Iterable[Hours], service: int | None = None
) -> Schedule:
    """Add hours to those of a date, whether they come from the week or from an entry."""
    old = next((e for e in schedule.dated if (e.day, e.service) == (day, service)), None)
    blocks = joined((*(old.blocks if old else ()), *hours))
    if not blocks or (old and blocks == old.blocks):
        return schedule
    new = replace(old, blocks=blocks) if old else Dated(service, day, blocks, adds=True)
    return replace(schedule, dated=(*(e for e in schedule.dated if e != old), new))


def close_dates(schedule: Schedule, days: Collection[date]) -> Schedule:
    """Leave dates without any hours that begin on them."""
    for day in sorted(days):
        schedule = replace_dated(schedule, day, ())
    return schedule


def follow_week(schedule: Schedule, days: Collection[date]) -> Schedule:
    """Drop the entries of dates, so that their hours are those of the week again."""
    return replace(schedule, dated=tuple(e for e in schedule.dated if e.day not in days))


def entries_on(
    schedule: Schedule, weekdays: Collection[int], first: date, last: date | None = None
) -> tuple[Dated, ...]:
    """Return the entries that keep dates from following new weekly hours, by date."""
    end = last or date.max
    found = (
        entry
        for entry in schedule.dated
        if entry.day.weekday() in weekdays and first <= entry.day <= end
    )
    return tuple(sorted(found, key=lambda entry: entry.day))


def copy_date(schedule: Schedule, source: date, targets: Collection[date]) -> Schedule:
    """Give dates the hours that begin on another, for all services, as entries of their own."""
    days = sorted(set(targets) - {source})
    cleared = follow_week(schedule, days)
    copies = (entry for day in days for entry in _copies(schedule, source, day))
    return replace(schedule, dated=(*cleared.dated, *copies))


def add_time_off(schedule: Schedule, off: TimeOff) -> Schedule:
    """Add time off; the same again adds nothing."""
    if off in schedule.time_off:
        return schedule
    return replace(schedule, time_off=(*schedule.time_off, off))


def remove_time_off(schedule: Schedule, off: TimeOff) -> Schedule:
    """Remove time off; the hours below it are open again."""
    return replace(schedule, time_off=tuple(each for each in schedule.time_off if each != off))


def change_between(before: Schedule, after: Schedule) -> Change:
    """Return what became of the rules, for a preview and for storage."""
    return Change(_missing(before, after), _missing(after, before))


def _missing(schedule: Schedule, other: Schedule) -> tuple[Rule, ...]:
    """Return the rules of a schedule that another does not have."""
    rules = set(other.rules())
    return tuple(rule for rule in schedule.rules() if rule not in rules)


def _copies(schedule: Schedule, source: date, day: date) -> Iterator[Dated]:
    """Yield entries that give a date the hours of another.

    Services with hours of their own stay restricted to them, even if they have none on that date.
    """
    hours = hours_on(schedule, source)
    restricted = restricted_on(schedule, source)
    yield Dated(None, day, _hours_for(hours, None))
    for service in sorted(restricted | {each for each, _ in hours if each is not None}):
        blocks = _hours_for(hours, service)
        yield Dated(service, day, blocks, adds=service not in restricted)


def _hours_for(hours: Sequence[tuple[int | None, Hours]], service: int | None) -> tuple[Hours, ...]:
    """Return the hours for one service, or those for all."""
    return joined(each for found, each in hours if found == service)
