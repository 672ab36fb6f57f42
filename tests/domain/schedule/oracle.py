"""The rules of a schedule in their words, minute by minute of real time.

Nothing here is shared with ``domain.schedule`` except its values. A clock is read in each minute.
Hours run from the first minute at which the clock has reached their start to the last at which
their end is still to come. Everything else is sets of minutes.
"""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from domain.schedule.model import Schedule
from domain.schedule.visit import Limits, Search

Minutes = set[int]
Wall = int  # Minutes of a wall clock since 1970-01-01 00:00 on that clock.

_NEW_YEAR_1970 = datetime.fromisoformat("1970-01-01")


class Clock:
    """What a zone's clock shows in each minute of a window of real time."""

    def __init__(self, zone: ZoneInfo, window: range) -> None:
        """Read the clock in each minute."""
        readings = [wall(datetime.fromtimestamp(each * 60, zone)) for each in window]
        self.window = window
        self.reached, self.ahead = [*readings], [*readings]
        for i in range(1, len(readings)):
            self.reached[i] = max(self.reached[i - 1], readings[i])
        for i in range(len(readings) - 2, -1, -1):
            self.ahead[i] = min(self.ahead[i + 1], readings[i])

    def from_to(self, start: Wall, end: Wall) -> Minutes:
        """Return the minutes in which the start is reached and the end is still to come."""
        return {
            minute
            for minute, reached, ahead in zip(self.window, self.reached, self.ahead, strict=True)
            if reached >= start and ahead < end
        }


def wall(reading: datetime) -> Wall:
    """Return a reading of a clock as a number."""
    return (reading.replace(tzinfo=None) - _NEW_YEAR_1970) // timedelta(minutes=1)


def midnight(day: date) -> Wall:
    """Return the reading at which a date begins."""
    return wall(datetime.combine(day, datetime.min.time()))


def weeks_between(day: date, other: date) -> int:
    """Return how many weeks lie between the Mondays of two dates."""
    mondays = [each - timedelta(days=each.weekday()) for each in (day, other)]
    return (mondays[0] - mondays[1]).days // 7


class Oracle:
    """What is open in a window of minutes, for one search."""

    def __init__(self, schedule: Schedule, search: Search, window: range, days: list[date]) -> None:
        """Take the dates of the window, which are all that have hours to do with it."""
        self.schedule, self.search, self.window, self.days = schedule, search, window, days
        self._clocks = dict[str, Clock]()

    def zone(self, day: date) -> ZoneInfo:
        """Return the zone of a date."""
        away = [
            trip.zone for trip in self.schedule.travel if trip.first_day <= day <= trip.last_day
        ]
        return away[0] if away else self.schedule.zone

    def clock(self, day: date) -> Clock:
        """Return the clock of a date."""
        zone = self.zone(day)
        if zone.key not in self._clocks:
            self._clocks[zone.key] = Clock(zone, self.window)
        return self._clocks[zone.key]

    def written(self, day: date) -> Iterator[tuple[int | None, int, int]]:
        """Yield the service, start and end of all hours that begin on a date."""
        entries = [entry for entry in self.schedule.dated if entry.day == day]
        gone = [entry.service for entry in entries if not entry.adds]
        for rule in self.schedule.weekly:
            too_early = rule.valid_from is not None and day < rule.valid_from
            too_late = rule.valid_until is not None and day > rule.valid_until
            weeks = 0 if rule.anchor is None else weeks_between(day, rule.anchor)
            if (
                day.isoweekday() == rule.weekday + 1
                and not too_early
                and not too_late
                and weeks % rule.every_weeks == 0
                and None not in gone
                and rule.service not in gone
            ):
                yield rule.service, rule.start_minute, rule.end_minute
        for entry in entries:
            for block in entry.blocks:
                yield entry.service, block.start, block.end

    def has_own_hours(self, day: date) -> bool:
        """Return whether the service is offered only in hours of its own on a date."""
        return any(
            rule.service == self.search.service
            and not (rule.valid_from is not None and day < rule.valid_from)
            and not (rule.valid_until is not None and day > rule.valid_until)
            for rule in self.schedule.weekly
        ) or any(
            entry.day == day and entry.service == self.search.service and not entry.adds
            for entry in self.schedule.dated
        )

    def minutes_of(self, day: date, of_service: Callable[[int | None], bool]) -> Minutes:
        """Return the minutes of a date's hours for some services."""
        return {
            minute
            for service, start, end in self.written(day)
            if of_service(service)
            for minute in self.clock(day).from_to(midnight(day) + start, midnight(day) + end)
        }

    def view(self, day: date) -> Minutes:
        """Return the minutes of a date's hours in which the service's starts are counted."""
        asked, restricted = self.search.service, self.has_own_hours(day)
        return self.minutes_of(
            day, lambda service: service == asked or (service is None and not restricted)
        )

    @cached_property
    def views(self) -> list[Minutes]:
        """The minutes of each date's hours in which the service's starts are counted."""
        return [self.view(day) for day in self.days]

    @cached_property
    def counted(self) -> Minutes:
        """The minutes of all hours in which the service's starts are counted."""
        return {minute for view in self.views for minute in view}

    @cached_property
    def own(self) -> Minutes:
        """The minutes in hours for the service alone."""
        asked = self.search.service
        return {m for day in self.days for m in self.minutes_of(day, lambda s: s == asked)}

    @cached_property
    def others(self) -> Minutes:
        """The minutes in hours for another service alone."""
        asked = self.search.service
        return {
            m for day in self.days for m in self.minutes_of(day, lambda s: s not in {None, asked})
        }

    @cached_property
    def any_hours(self) -> Minutes:
        """The minutes in hours of whatever service."""
        return {m for day in self.days for m in self.minutes_of(day, lambda _: True)}

    @cached_property
    def away(self) -> Minutes:
        """The minutes in time off."""
        return {
            minute
            for off in self.schedule.time_off
            for minute in self.clock(off.first_day).from_to(
                midnight(off.first_day) + off.start_minute, 10**10
            )
            & self.clock(off.last_day).from_to(0, midnight(off.last_day) + off.end_minute)
        }

    @cached_property
    def open(self) -> Minutes:
        """The minutes in which a visit of the service may lie."""
        return (self.own | (self.counted - self.others)) - self.away

    @cached_property
    def grid(self) -> Minutes:
        """The minutes at which a start is counted, whether or not it is free."""
        search = self.search
        whole = search.visit.buffer_before + search.visit.length + search.visit.buffer_after
        every = search.visit.start_every or (whole if search.only_service else 15)
        return {minute for view in self.views for minute in _counted(view, self.window, every)}

    def fits(self, start: int) -> bool:
        """Return whether all minutes of a visit are open."""
        return all(start + i in self.open for i in range(self.search.visit.length))

    def claimed(self, start: int) -> bool:
        """Return whether a minute of the visit or its buffers is claimed."""
        visit = self.search.visit
        taken = range(start - visit.buffer_before, start + visit.length + visit.buffer_after)
        return any(minute in self.busy for minute in taken)

    def client_is_busy(self, start: int) -> bool:
        """Return whether the client is elsewhere in a minute of the visit."""
        return any(start + i in self.client_busy for i in range(self.search.visit.length))

    @cached_property
    def busy(self) -> Minutes:
        """The minutes that are claimed of the provider."""
        return {m for busy in self.search.claims for m in range(busy.start * 5, busy.end * 5)}

    @cached_property
    def client_busy(self) -> Minutes:
        """The minutes of the client's other visits."""
        return {
            m for busy in self.search.client_claims for m in range(busy.start * 5, busy.end * 5)
        }

    def starts(self, window: range) -> list[int]:
        """Return the minutes of a window at which a free visit starts."""
        return [
            minute
            for minute in window
            if minute in self.grid
            and self.fits(minute)
            and not self.claimed(minute)
            and not self.client_is_busy(minute)
        ]

    def date_of(self, minute: int) -> date:
        """Return the last date whose midnight has been reached on the clock of that date."""
        return [
            day
            for day in self.days
            if self.clock(day).reached[minute - self.window.start] >= midnight(day)
        ][-1]

    def reason(self, minute: int, limits: Limits) -> str | None:
        """Return the first reason for which a visit cannot start, in the order of the questions."""
        ahead = timedelta(minutes=minute) - timedelta(seconds=limits.now.timestamp())
        today = self.date_of(minute)
        questions = {
            "past": ahead < timedelta(0),
            "notice": ahead < limits.notice,
            "horizon": ahead > limits.horizon,
            "no_hours": minute not in self.any_hours and not self.minutes_of(today, lambda _: True),
            "outside_hours": minute not in self.any_hours,
            "other_service": minute in self.others and minute not in self.own,
            "own_hours": minute not in self.counted,
            "time_off": minute in self.away,
            "off_grid": minute not in self.grid,
            "does_not_fit": not self.fits(minute),
            "claimed": self.claimed(minute),
            "client_busy": self.client_is_busy(minute),
        }
        return next((reason for reason, holds in questions.items() if holds), None)


def _counted(view: Minutes, window: range, every: int) -> Iterator[int]:
    """Yield every so many minutes, counted from the beginning of each unbroken run."""
    run = 0
    for minute in window:
        if minute in view:
            if run % every == 0:
                yield minute
            run += 1
        else:
            run = 0
