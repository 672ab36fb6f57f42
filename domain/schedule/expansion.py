"""Expanding a schedule: which real time is open on each date, and for which service.

A block belongs to the date on which it begins. See ``docs/decisions/0028-schedules.md``.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from domain.schedule.cells import between, end_cell, on_date, start_cell
from domain.schedule.hours import Hours
from domain.schedule.model import Dated, Schedule, TimeOff, Weekly
from domain.schedule.spans import cut
from domain.timespan import TimeSpan, instant, merged

_DAY = timedelta(days=1)

DatedHours = tuple[int | None, Hours]
"""Hours and the service they are for."""


@dataclass(frozen=True, slots=True)
class Block:
    """Open time for one service, or for all that have no hours of their own (None)."""

    service: int | None
    span: TimeSpan


@dataclass(frozen=True, slots=True)
class Day:
    """The blocks that begin on a date, before time off, sorted by their beginning.

    Blocks for the same service neither overlap nor touch. ``restricted`` are the services that
    have hours of their own on this date, and so are offered in no other hours.
    """

    day: date
    blocks: tuple[Block, ...]
    restricted: frozenset[int]

    def general(self, service: int) -> Iterator[TimeSpan]:
        """Yield the blocks for all services, or none if this one has hours of its own."""
        if service not in self.restricted:
            yield from (block.span for block in self.blocks if block.service is None)

    def own(self, service: int) -> Iterator[TimeSpan]:
        """Yield the blocks for this service alone."""
        return (block.span for block in self.blocks if block.service == service)

    def blocks_for(self, service: int) -> tuple[TimeSpan, ...]:
        """Return the blocks in which a service's starts are counted; those that touch are one."""
        return merged((*self.general(service), *self.own(service)))


@dataclass(frozen=True, slots=True)
class Expansion:
    """The dates of a window, and the time off that may fall on them."""

    days: tuple[Day, ...]
    time_off: tuple[TimeSpan, ...]

    def all_blocks(self) -> tuple[TimeSpan, ...]:
        """Return the time in any block, for whatever service."""
        return merged(block.span for day in self.days for block in day.blocks)

    def own_blocks(self, service: int) -> tuple[TimeSpan, ...]:
        """Return the time in blocks for this service alone."""
        return merged(span for day in self.days for span in day.own(service))

    def blocks_of_others(self, service: int) -> tuple[TimeSpan, ...]:
        """Return the time in blocks for other services alone."""
        others = (block for day in self.days for block in day.blocks if block.service is not None)
        return merged(block.span for block in others if block.service != service)

    def open_to(self, service: int) -> tuple[TimeSpan, ...]:
        """Return the time in which visits of a service may lie."""
        general = merged(span for day in self.days for span in day.general(service))
        shared = cut(general, self.blocks_of_others(service))
        return cut(merged((*shared, *self.own_blocks(service))), self.time_off)


def expand(schedule: Schedule, first: date, last: date) -> Expansion:
    """Return the blocks that begin on the dates from first to last, and the time off around."""
    weekly, dated = _by_weekday(schedule.weekly), _by_day(schedule.dated)
    limited = [rule for rule in schedule.weekly if rule.service is not None]
    days = []
    for day in _dates(first, last):
        entries = dated.get(day, ())
        hours = _hours(day, weekly[day.weekday()], entries)
        blocks = _blocks(day, hours, schedule.zone_on(day))
        days.append(Day(day, blocks, _restricted(day, limited, entries)))
    return Expansion(tuple(days), _time_off(schedule, first, last))


def expand_around(schedule: Schedule, window: range, length: int) -> Expansion:
    """Return all that matters for visits of this many cells that start within a window of cells.

    Wherever a provider is, a block begins at most 14 hours before midnight UTC of its date, and
    ends at most 48 hours after it.
    """
    first = instant(window.start).date() - _DAY
    return expand(schedule, first, instant(window.stop + length).date() + _DAY)


def hours_on(schedule: Schedule, day: date) -> tuple[DatedHours, ...]:
    """Return the wall-clock hours that begin on a date, with the service they are for."""
    entries = [entry for entry in schedule.dated if entry.day == day]
    return tuple(_hours(day, schedule.weekly, entries))


def restricted_on(schedule: Schedule, day: date) -> frozenset[int]:
    """Return the services that have hours of their own on a date."""
    entries = [entry for entry in schedule.dated if entry.day == day]
    return _restricted(day, schedule.weekly, entries)


def _dates(first: date, last: date) -> Iterator[date]:
    """Yield the dates from first to last."""
    return (first + timedelta(days=n) for n in range((last - first).days + 1))


def _by_weekday(rules: Iterable[Weekly]) -> Sequence[Sequence[Weekly]]:
    """Return the weekly rules of each weekday."""
    found: tuple[list[Weekly], ...] = ([], [], [], [], [], [], [])
    for rule in rules:
        found[rule.weekday].append(rule)
    return found


def _by_day(entries: Iterable[Dated]) -> Mapping[date, Sequence[Dated]]:
    """Return the dated entries of each date that has any."""
    found = defaultdict[date, list[Dated]](list)
    for entry in entries:
        found[entry.day].append(entry)
    return found


def _hours(day: date, rules: Iterable[Weekly], entries: Sequence[Dated]) -> Iterator[DatedHours]:
    """Yield the hours of a date: what its entries leave of the week, then those of its entries."""
    replaced = {entry.service for entry in entries if not entry.adds}
    for rule in rules if None not in replaced else ():
        if rule.service not in replaced and rule.applies_to(day):
            yield rule.service, rule.hours
    yield from ((entry.service, hours) for entry in entries for hours in entry.blocks)


def _restricted(day: date, rules: Iterable[Weekly], entries: Iterable[Dated]) -> frozenset[int]:
    """Return the services with a weekly rule in force, or with an entry that replaces it."""
    weekly = {rule.service for rule in rules if rule.in_force(day)}
    dated = {entry.service for entry in entries if not entry.adds}
    return frozenset(service for service in weekly | dated if service is not None)


def _blocks(day: date, hours: Iterable[DatedHours], zone: ZoneInfo) -> tuple[Block, ...]:
    """Return hours as blocks of real time; those for the same service that touch are one."""
    spans = defaultdict[int | None, list[TimeSpan]](list)
    for service, each in hours:
        if span := on_date(day, each, zone):
            spans[service].append(span)
    blocks = (Block(service, span) for service, found in spans.items() for span in merged(found))
    return tuple(sorted(blocks, key=_order))


def _order(block: Block) -> tuple[TimeSpan, int]:
    """Return what blocks of a date are sorted by; those for all services come first."""
    return block.span, -1 if block.service is None else block.service


def _time_off(schedule: Schedule, first: date, last: date) -> tuple[TimeSpan, ...]:
    """Return the time off that may fall into blocks of these dates."""
    near = (
        off
        for off in schedule.time_off
        if off.last_day >= first - 2 * _DAY and off.first_day <= last + 2 * _DAY
    )
    return merged(span for off in near if (span := _real(schedule, off)))


def _real(schedule: Schedule, off: TimeOff) -> TimeSpan | None:
    """Return time off as real time, each end in the zone of its own date."""
    return between(
        start_cell(off.first_day, off.start_minute, schedule.zone_on(off.first_day)),
        end_cell(off.last_day, off.end_minute, schedule.zone_on(off.last_day)),
    )
