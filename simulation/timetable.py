"""When people act: without a break for some minutes, or in short spells over days.

Most runs last about an hour. One in eight lasts for days, so that clocks change, appointments begin
and end, and the nightly clean-up comes. Almost all of its time passes between the spells.
"""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from simulation.plan import Plan
from simulation.world.setting import Setting
from simulation.world.streams import Stream

START = datetime(2040, 3, 19, 7, tzinfo=UTC)
"""The first start: a Monday before the clocks change in Europe, far from the present.

See ``ClockZone``. The seed chooses a minute of that week.
"""
_MINUTES_OF_A_WEEK = 7 * 24 * 60
_REST = timedelta(minutes=14)

_RUNS_OF_DAYS = 1 / 8
_SATURDAYS = (
    ("Europe/Berlin", datetime(2040, 3, 24, 6)),  # noqa: DTZ001  (on the venue's clock)
    ("Europe/Berlin", datetime(2040, 10, 27, 6)),  # noqa: DTZ001
    ("America/New_York", datetime(2040, 3, 10, 6)),  # noqa: DTZ001
    ("America/New_York", datetime(2040, 11, 3, 6)),  # noqa: DTZ001
    ("Australia/Lord_Howe", datetime(2040, 3, 31, 6)),  # noqa: DTZ001
    ("Australia/Lord_Howe", datetime(2040, 10, 6, 6)),  # noqa: DTZ001
    ("Asia/Kathmandu", datetime(2040, 5, 5, 6)),  # noqa: DTZ001  (its clocks never change)
)
"""Mornings before a night in which the clocks of a venue change."""
_MINUTES_BEFORE_SATURDAY = 12 * 60
_SHARE_OF_DAYS = 0.5
_SPELL_SECONDS = 180.0
_GAP_HOURS = (6.0, 12.0)
_BEFORE_CHANGE = timedelta(seconds=100)
_NEVER_SECONDS = 30 * 24 * 3600.0
# Long enough for the night after the one that follows an appointment.
_REST_OF_DAYS = timedelta(hours=44)
_QUARTER = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Timetable:
    """The setting of a run, and the spells in which people act, in seconds from their first one.

    ``share`` is how much of the wanted minutes people act.
    """

    setting: Setting
    spells: tuple[tuple[float, float], ...]
    rest: timedelta = _REST
    share: float = 1.0

    @property
    def takes_days(self) -> bool:
        """Whether this is a run of days."""
        return self.share < 1

    @property
    def seconds(self) -> float:
        """How long it is from the first act to the last."""
        return self.spells[-1][1]

    def wait_at(self, seconds: float) -> float:
        """Return how long it is to the next act: nothing within a spell."""
        begun = bisect_right(self.spells, (seconds, _NEVER_SECONDS))
        if begun and seconds < self.spells[begun - 1][1]:
            return 0.0
        return self.spells[begun][0] - seconds if begun < len(self.spells) else _NEVER_SECONDS

    def minutes_until(self, seconds: float) -> float:
        """Return how many minutes a plan needs in which people act until this instant."""
        acted = sum(min(seconds, end) - begin for begin, end in self.spells if begin < seconds)
        return (acted / 60 + 1 / 60) / self.share

    def __str__(self) -> str:
        kind = f"days in {len(self.spells)} spells" if self.takes_days else "without a break"
        return f"from {self.setting.start:%Y-%m-%d %H:%M} UTC in {self.setting.zone}, {kind}"


def timetable_of(plan: Plan) -> Timetable:
    """Return when and where the people of a plan act."""
    if Stream(plan.seed, "length").chance(_RUNS_OF_DAYS):
        return _of_days(plan)
    start = START + timedelta(minutes=Stream(plan.seed, "start").below(_MINUTES_OF_A_WEEK))
    return Timetable(Setting(start), ((0.0, plan.minutes * 60),))


def _of_days(plan: Plan) -> Timetable:
    """Return the timetable of a run of days."""
    random = Stream(plan.seed, "days")
    zone, saturday = random.choose(_SATURDAYS)
    morning = saturday.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    start = morning - timedelta(minutes=random.below(_MINUTES_BEFORE_SATURDAY))
    seconds = plan.minutes * 60 * _SHARE_OF_DAYS
    spells = _spells(random, seconds, _seconds_to_change(start, zone))
    return Timetable(
        Setting(
            start,
            zone,
            sweep=timedelta(minutes=2),
            clock_check=timedelta(seconds=15),
            patience=timedelta(hours=30),
        ),
        spells,
        rest=_REST_OF_DAYS if len(spells) > 1 else _REST,
        share=_SHARE_OF_DAYS,
    )


def _spells(random: Stream, seconds: float, change: float) -> tuple[tuple[float, float], ...]:
    """Return spells of so many seconds together; one of them is about the change of the clocks."""
    begin, spells = 0.0, []
    while seconds > 0:
        spells.append((begin, begin + min(seconds, _SPELL_SECONDS)))
        seconds -= _SPELL_SECONDS
        after = begin + random.between(*_GAP_HOURS) * 3600
        begin = change if begin < change < after else after
    return tuple(spells)


def _seconds_to_change(start: datetime, zone: str) -> float:
    """Return when the spell about the change of the clocks begins; 0 if they do not change."""
    quarters = [start.replace(minute=0) + number * _QUARTER for number in range(4 * 48)]
    offsets = [quarter.astimezone(ZoneInfo(zone)).utcoffset() for quarter in quarters]
    for quarter, (before, after) in zip(quarters[1:], pairwise(offsets), strict=True):
        if before != after:
            return (quarter - _BEFORE_CHANGE - start).total_seconds()
    return 0.0
