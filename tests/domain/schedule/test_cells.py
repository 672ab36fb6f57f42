"""Wall-clock time as real time: gaps, times that occur twice, and what real zone data contains."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest

from domain.schedule.cells import on_date
from domain.timespan import cell_with, first_cell_from, instant
from tests.domain.schedule.building import hours
from tests.domain.schedule.random_cases import changes_of
from tests.kit.sampling import PROFILE, seeded

FIRST, LAST = date(2026, 1, 1), date(2037, 12, 31)
ZONES = sorted(available_timezones())
SAMPLE = PROFILE.pick(fast=seeded("zones with changes").sample(ZONES, 25), full=ZONES)

SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)


def real(day: date, text: str, zone: str) -> str:
    (each,) = hours(text)
    span = on_date(day, each, ZoneInfo(zone))
    return f"{instant(span.start):%d %H:%M} {instant(span.end):%d %H:%M}" if span else ""


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("1-2", "29 00:00 29 01:00"),
        ("1-2:30", "29 00:00 29 01:00"),
        ("2-3", ""),
        ("2:15-2:45", ""),
        ("2:30-4", "29 01:00 29 02:00"),
        ("2-4", "29 01:00 29 02:00"),
        ("3-4", "29 01:00 29 02:00"),
        ("0-24", "28 23:00 29 22:00"),
        ("22-26", "29 20:00 30 00:00"),
    ],
)
def test_an_edge_in_a_gap_moves_to_the_first_real_instant(text: str, utc: str) -> None:
    assert real(SPRING, text, "Europe/Berlin") == utc


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("1-2", "24 23:00 25 00:00"),
        ("1-2:30", "24 23:00 25 01:30"),
        ("1-3", "24 23:00 25 02:00"),
        ("2-3", "25 00:00 25 02:00"),
        ("2:30-4", "25 00:30 25 03:00"),
        ("2:30-2:45", "25 00:30 25 01:45"),
        ("3-4", "25 02:00 25 03:00"),
        ("0-24", "24 22:00 25 23:00"),
    ],
)
def test_starts_take_the_first_pass_and_ends_the_second(text: str, utc: str) -> None:
    assert real(AUTUMN, text, "Europe/Berlin") == utc


@pytest.mark.parametrize(
    ("day", "text", "zone", "utc"),
    [
        (date(2026, 3, 28), "22-26:30", "Europe/Berlin", "28 21:00 29 01:00"),
        (date(2026, 3, 28), "22-28", "Europe/Berlin", "28 21:00 29 02:00"),
        (date(2026, 10, 24), "22-26", "Europe/Berlin", "24 20:00 25 00:00"),
        (date(2026, 10, 24), "22-26:30", "Europe/Berlin", "24 20:00 25 01:30"),
        # Midnight occurs twice: the evening before does not reach into the next date.
        (date(2026, 10, 31), "22-24", "America/Havana", "01 02:00 01 04:00"),
        (date(2026, 10, 31), "22-24:30", "America/Havana", "01 02:00 01 05:30"),
        (date(2026, 11, 1), "0-1", "America/Havana", "01 04:00 01 06:00"),
        # The hour before midnight occurs twice.
        (date(2026, 10, 24), "22-24", "Asia/Beirut", "24 19:00 24 22:00"),
        (date(2026, 10, 25), "0-1", "Asia/Beirut", "24 22:00 24 23:00"),
        # Midnight does not occur.
        (date(2026, 9, 6), "0-2", "America/Santiago", "06 04:00 06 05:00"),
        (date(2026, 9, 5), "22-24", "America/Santiago", "06 02:00 06 04:00"),
        # Half an hour.
        (date(2026, 10, 4), "1-2:15", "Australia/Lord_Howe", "03 14:30 03 15:30"),
        (date(2026, 4, 5), "1-1:45", "Australia/Lord_Howe", "04 14:00 04 15:15"),
        # The date of Friday did not occur.
        (date(2011, 12, 30), "9-17", "Pacific/Apia", ""),
        (date(2011, 12, 29), "22-26", "Pacific/Apia", "30 08:00 30 10:00"),
        (date(2011, 12, 30), "22-26", "Pacific/Apia", "30 10:00 30 12:00"),
    ],
)
def test_hours_over_midnight_and_changes_at_midnight(
    day: date, text: str, zone: str, utc: str
) -> None:
    assert real(day, text, zone) == utc


@pytest.mark.parametrize(
    ("off", "first", "around"),
    [
        (timedelta(0), 0, 0),
        (timedelta.resolution, 1, 0),
        (timedelta(seconds=1), 1, 0),
        (timedelta(minutes=5), 1, 1),
        (-timedelta.resolution, 0, -1),
    ],
    ids=str,
)
def test_a_cell_has_five_minutes(off: timedelta, first: int, around: int) -> None:
    nine = datetime(2026, 6, 1, 9, tzinfo=UTC)
    cell = cell_with(nine)

    assert instant(cell) == nine
    assert (first_cell_from(nine + off) - cell, cell_with(nine + off) - cell) == (first, around)


def test_no_zone_has_an_offset_between_two_cells_from_2026_to_2037() -> None:
    days = [FIRST + timedelta(days=n) for n in range(0, (LAST - FIRST).days, 14)]
    moments = [datetime.combine(day, datetime.min.time(), UTC) for day in days]
    zones = [ZoneInfo(name) for name in ZONES]

    assert {
        (zone.key, moment)
        for zone in zones
        for moment in moments
        if (moment.astimezone(zone).utcoffset() or timedelta(0)) % timedelta(minutes=5)
    } == set()


@pytest.mark.parametrize("name", SAMPLE)
def test_clocks_change_between_two_cells_and_rarely(name: str) -> None:
    changes = changes_of(name, FIRST, LAST)

    assert [minute for minute in changes if minute % 5] == []
    # Hours last 36 hours at most, so at most one change falls into them.
    assert all(later - sooner > 48 * 60 for sooner, later in pairwise(changes))
