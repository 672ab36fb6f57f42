"""Schedules and searches at random, around the moment at which a clock changes or does not."""

import random
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from domain.schedule.hours import DAY_MINUTES, LAST_END, Hours
from domain.schedule.model import Dated, Schedule, TimeOff, Travel, Weekly
from domain.schedule.visit import Search, Visit
from domain.timespan import TimeSpan

SERVICES = (None, None, None, 1, 1, 2)
ELSEWHERE = ("Asia/Tokyo", "America/New_York", "Asia/Kathmandu", "Pacific/Kiritimati", "Etc/GMT+12")


@dataclass(frozen=True)
class Case:
    """A schedule, what is searched for, and the minutes in which starts are compared."""

    schedule: Schedule
    search: Search
    window: range

    @property
    def cells(self) -> range:
        """The same window in cells of five minutes."""
        return range(self.window.start // 5, self.window.stop // 5)

    @property
    def walked(self) -> range:
        """The minutes with everything that has to do with the window, and the rest of its dates."""
        return range(self.window.start - 50 * 60, self.window.stop + 26 * 60)

    @property
    def days(self) -> list[date]:
        """The dates with everything that has to do with the window."""
        first = datetime.fromtimestamp(self.window.start * 60, UTC).date() - timedelta(days=2)
        return [first + timedelta(days=n) for n in range(len(self.window) // DAY_MINUTES + 5)]


@cache
def changes_of(name: str, first: date, last: date) -> tuple[int, ...]:
    """Return the minutes at which a zone's offset changes between two dates."""
    zone = ZoneInfo(name)
    noon = int(datetime.combine(first, datetime.min.time(), UTC).timestamp()) // 60
    steps = range(noon, noon + (last - first).days * DAY_MINUTES, DAY_MINUTES // 2)
    offsets = [_offset(each, zone) for each in steps]
    return tuple(
        _change(steps[i - 1], steps[i], zone)
        for i in range(1, len(steps))
        if offsets[i] != offsets[i - 1]
    )


def _offset(minute: int, zone: ZoneInfo) -> timedelta | None:
    return datetime.fromtimestamp(minute * 60, zone).utcoffset()


def _change(low: int, high: int, zone: ZoneInfo) -> int:
    """Return the first minute with the later offset."""
    old = _offset(low, zone)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _offset(middle, zone) == old else (low, middle)
    return high


def draw_case(rng: random.Random, name: str, moment: int, *, hours: int = 30) -> Case:
    """Return a schedule in a zone, and a search around a minute."""
    near = datetime.fromtimestamp(moment * 60, ZoneInfo(name)).date()
    window = range((moment - hours * 60) // 15 * 15, (moment + hours * 60) // 15 * 15)
    schedule = Schedule(
        ZoneInfo(name),
        weekly=tuple(dict.fromkeys(_weekly(rng, near) for _ in range(rng.randint(2, 10)))),
        dated=tuple(_dated(rng, near)),
        time_off=tuple(dict.fromkeys(_time_off(rng, near) for _ in range(rng.randint(0, 2)))),
        travel=(_travel(rng, near),) if rng.random() < 0.25 else (),
    )
    return Case(schedule, _search(rng, window), window)


def _minute(rng: random.Random, end: int) -> int:
    """Return a minute of a wall clock, often one at which clocks change."""
    if rng.random() < 0.4:
        return min(end, rng.choice((0, 60, 120, 180, 1380)) + rng.choice((0, 0, 0, 15, 30, 45)))
    return rng.randrange(0, end + 1, rng.choice((5, 15, 60)))


def _hours(rng: random.Random) -> Hours:
    """Return hours of a date, sometimes over midnight."""
    start = _minute(rng, DAY_MINUTES - 5)
    length = rng.choice((5, 60, 90, 180, 240, 300, 480, 720, rng.randrange(5, 2160, 5)))
    return Hours(start, min(start + length, LAST_END))


def _weekly(rng: random.Random, near: date) -> Weekly:
    """Return a weekly rule, often for a weekday around the date."""
    weekday = (near.weekday() + rng.choice((-2, -1, -1, 0, 0, 1, 2, 3))) % 7
    hours, every = _hours(rng), rng.choice((1, 1, 1, 2, 3))
    first = near + timedelta(days=rng.randint(-40, 2))
    return Weekly(
        service=rng.choice(SERVICES),
        weekday=weekday,
        start_minute=hours.start,
        end_minute=hours.end,
        valid_from=rng.choice((None, None, first)),
        valid_until=rng.choice((None, None, first + timedelta(days=rng.randint(0, 60)))),
        every_weeks=every,
        anchor=near + timedelta(days=rng.randint(-30, 30)) if every > 1 else None,
    )


def _dated(rng: random.Random, near: date) -> list[Dated]:
    """Return entries for different dates or services."""
    found = {}
    for _ in range(rng.choice((0, 1, 2, 4))):
        day, service = near + timedelta(days=rng.randint(-2, 2)), rng.choice(SERVICES)
        blocks = tuple(_hours(rng) for _ in range(rng.choice((0, 1, 1, 2, 3))))
        adds = bool(blocks) and rng.random() < 0.5
        found[day, service] = Dated(service, day, blocks, adds=adds)
    return list(found.values())


def _time_off(rng: random.Random, near: date) -> TimeOff:
    """Return days or hours off."""
    first = near + timedelta(days=rng.randint(-2, 2))
    if rng.random() < 0.3:
        return TimeOff(first, first + timedelta(days=rng.randint(0, 1)))
    start = _minute(rng, DAY_MINUTES - 5)
    last = first + timedelta(days=rng.choice((0, 0, 0, 1)))
    end = rng.randrange(5 if last > first else start + 5, DAY_MINUTES + 5, 5)
    return TimeOff(first, last, start, end)


def _travel(rng: random.Random, near: date) -> Travel:
    """Return days in another zone."""
    first = near + timedelta(days=rng.randint(-3, 2))
    return Travel(first, first + timedelta(days=rng.randint(0, 3)), ZoneInfo(rng.choice(ELSEWHERE)))


def _search(rng: random.Random, window: range) -> Search:
    """Return a search for a visit of 5 to 480 minutes."""
    length = rng.choice((5, 10, 15, 20, 30, 45, 50, 60, 90, 240, 480, rng.randrange(5, 485, 5)))
    visit = Visit(
        length,
        buffer_before=rng.choice((0, 0, 5, 10, 30)),
        buffer_after=rng.choice((0, 0, 5, 15, 60)),
        start_every=rng.choice((None, None, 5, 10, 20, 30, 45, 60, 90)),
    )
    claims = tuple(_claim(rng, window) for _ in range(rng.choice((0, 1, 3, 10))))
    search = Search(rng.choice((1, 2, 3)), visit, only_service=rng.random() < 0.5, claims=claims)
    return replace(
        search, client_claims=tuple(_claim(rng, window) for _ in range(rng.choice((0, 0, 2))))
    )


def _claim(rng: random.Random, window: range) -> TimeSpan:
    """Return a claim, often one that begins on a quarter-hour."""
    start = rng.randrange(window.start, window.stop, rng.choice((5, 15, 15))) // 5
    return TimeSpan(start, start + rng.randint(1, 30))
