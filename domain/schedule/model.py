"""The rules of a schedule as values. All of them are wall-clock time in the zone of their date."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import chain, pairwise
from zoneinfo import ZoneInfo

from domain.schedule.hours import DAY_MINUTES, GRID_MINUTES, Hours

_WEEKDAYS = range(7)


@dataclass(frozen=True, slots=True)
class Weekly:
    """Hours that repeat on one weekday (Monday is 0), for one service or for all (None).

    They are in force from ``valid_from`` to ``valid_until``, both included; None has no limit.
    If ``every_weeks`` is more than 1, they apply to the week with ``anchor`` in it and to each
    such week before and after it. Weeks begin on Monday.
    """

    service: int | None
    weekday: int
    start_minute: int
    end_minute: int
    valid_from: date | None = None
    valid_until: date | None = None
    every_weeks: int = 1
    anchor: date | None = None

    def __post_init__(self) -> None:
        """Raise ValueError for a rule that means nothing; only a bug can cause this."""
        Hours(self.start_minute, self.end_minute)
        if self.weekday not in _WEEKDAYS:
            raise ValueError(f"not a weekday: {self.weekday}")
        if self.valid_from and self.valid_until and self.valid_until < self.valid_from:
            raise ValueError(f"never in force: {self.valid_from} to {self.valid_until}")
        if self.every_weeks < 1 or (self.every_weeks > 1) != (self.anchor is not None):
            raise ValueError(f"every {self.every_weeks} weeks, counted from {self.anchor}")

    @property
    def hours(self) -> Hours:
        """The hours on each date to which the rule applies."""
        return Hours(self.start_minute, self.end_minute)

    @property
    def phase(self) -> int:
        """The weeks to which the rule applies: their numbers modulo ``every_weeks``."""
        return week_number(self.anchor) % self.every_weeks if self.anchor else 0

    def in_force(self, day: date) -> bool:
        """Return whether the rule is valid on a date, on whatever weekday and in any week."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_until is None or day <= self.valid_until
        )

    def applies_to(self, day: date) -> bool:
        """Return whether the rule has hours that begin on this date."""
        return (
            day.weekday() == self.weekday
            and self.in_force(day)
            and (self.every_weeks == 1 or week_number(day) % self.every_weeks == self.phase)
        )


@dataclass(frozen=True, slots=True)
class Dated:
    """Hours of one date, for one service or for all (None). Without blocks, the date is closed.

    An entry replaces the weekly hours that begin on its date: those of its service, or every one
    if it is for all. An entry that ``adds`` replaces nothing.
    """

    service: int | None
    day: date
    blocks: tuple[Hours, ...]
    adds: bool = False

    def __post_init__(self) -> None:
        """Raise ValueError for an entry that adds nothing; only a bug can cause this."""
        if self.adds and not self.blocks:
            raise ValueError(f"an entry on {self.day} adds no hours")


@dataclass(frozen=True, slots=True)
class TimeOff:
    """Time in which a provider is away, whatever their hours are.

    It begins at ``start_minute`` of the first day and ends at ``end_minute`` of the last day, in
    minutes after midnight. The defaults are whole days.
    """

    first_day: date
    last_day: date
    start_minute: int = 0
    end_minute: int = DAY_MINUTES
    note: str = ""

    def __post_init__(self) -> None:
        """Raise ValueError for time off without any time in it; only a bug can cause this."""
        start, end = self.start_minute, self.end_minute
        if not (0 <= start < DAY_MINUTES and 0 < end <= DAY_MINUTES):
            raise ValueError(f"not minutes of a day: {start}, {end}")
        if start % GRID_MINUTES or end % GRID_MINUTES:
            raise ValueError(f"not multiples of five minutes: {start}, {end}")
        if (self.first_day, start) >= (self.last_day, end):
            raise ValueError(f"ends before it begins: {self.first_day} to {self.last_day}")


@dataclass(frozen=True, slots=True)
class Travel:
    """Dates, both included, on which the provider's clock is that of another zone."""

    first_day: date
    last_day: date
    zone: ZoneInfo

    def __post_init__(self) -> None:
        """Raise ValueError for reversed dates; only a bug can cause this."""
        if self.last_day < self.first_day:
            raise ValueError(f"ends before it begins: {self.first_day} to {self.last_day}")


Rule = Weekly | Dated | TimeOff | Travel


@dataclass(frozen=True, slots=True)
class Schedule:
    """The rules of one provider. The order of the rules has no meaning."""

    zone: ZoneInfo
    weekly: tuple[Weekly, ...] = ()
    dated: tuple[Dated, ...] = ()
    time_off: tuple[TimeOff, ...] = ()
    travel: tuple[Travel, ...] = ()

    def __post_init__(self) -> None:
        """Raise ValueError for rules that contradict each other; only a bug can cause this."""
        rules = tuple(self.rules())
        if len(set(rules)) < len(rules):
            raise ValueError("a rule occurs twice")
        if len({(each.day, each.service) for each in self.dated}) < len(self.dated):
            raise ValueError("a date has two entries for the same service")
        trips = sorted(self.travel, key=lambda trip: trip.first_day)
        if any(second.first_day <= first.last_day for first, second in pairwise(trips)):
            raise ValueError("travels overlap")

    def rules(self) -> Iterator[Rule]:
        """Yield every rule."""
        return chain(self.weekly, self.dated, self.time_off, self.travel)

    def zone_on(self, day: date) -> ZoneInfo:
        """Return the zone that holds on a date."""
        for trip in self.travel:
            if trip.first_day <= day <= trip.last_day:
                return trip.zone
        return self.zone


def week_number(day: date) -> int:
    """Return the number of a date's week; weeks begin on Monday."""
    return (day.toordinal() - 1) // 7


def monday_of(day: date) -> date:
    """Return the Monday of a date's week."""
    return day - timedelta(days=day.weekday())
