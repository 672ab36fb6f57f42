"""Slot finding, compared with an independent oracle that reads a wall clock minute by minute.

The oracle shares no code with ``domain``. It walks absolute minutes, asks ``zoneinfo`` for the
local time, and keeps the latest reading so far. Posted hours run from the first minute at which
their start has been reached to the first at which their end has; the rest is counting cells.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.availability import is_offered, open_slots, slots_in
from domain.policy import BookingPolicy
from domain.timespan import TimeSpan, WallSpan, merged, on_day, whole_day
from tests.kit.cells import DAY, SECONDS, cell_of

CHANGES = [
    ("Europe/Berlin", date(2026, 3, 29)),
    ("Europe/Berlin", date(2026, 10, 25)),
    ("America/New_York", date(2026, 3, 8)),
    ("America/New_York", date(2026, 11, 1)),
    ("Australia/Lord_Howe", date(2026, 10, 4)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),
    ("Africa/Casablanca", date(2026, 2, 15)),
    ("Africa/Casablanca", date(2026, 3, 22)),
    ("America/Santiago", date(2026, 4, 4)),
    ("America/Santiago", date(2026, 9, 6)),
    ("Asia/Beirut", date(2026, 3, 29)),
    ("Asia/Beirut", date(2026, 10, 24)),
    ("Pacific/Apia", date(2011, 12, 30)),
    ("America/Havana", date(2026, 11, 1)),
    ("Antarctica/Troll", date(2026, 10, 25)),
]
PLAIN = [
    (zone, date(2026, 6, 10))
    for zone in ("Asia/Kolkata", "Asia/Kathmandu", "UTC", "Pacific/Chatham")
]

Hours = tuple[date, int, int]  # A day, and minutes after its midnight: from, to.


@cache
def clock(zone: str, around: date) -> tuple[int, list[datetime]]:
    """Return an absolute minute, and the latest clock reading at each minute from there on."""
    first = (
        int(datetime.combine(around - timedelta(days=3), datetime.min.time(), UTC).timestamp())
        // 60
    )
    shown: list[datetime] = []
    latest = datetime.fromisoformat("0001-01-01")
    for minute in range(first, first + 6 * 1440):
        latest = max(
            latest, datetime.fromtimestamp(minute * 60, ZoneInfo(zone)).replace(tzinfo=None)
        )
        shown.append(latest)
    return first, shown


def offered_cells(zone: str, around: date, hours: list[Hours]) -> list[int]:
    first, shown = clock(zone, around)
    wanted = [(datetime.combine(day, datetime.min.time()), start, end) for day, start, end in hours]
    bounds = [
        (midnight + timedelta(minutes=start), midnight + timedelta(minutes=end))
        for midnight, start, end in wanted
    ]
    minutes = {
        first + i
        for i, reading in enumerate(shown)
        if any(start <= reading < end for start, end in bounds)
    }
    return [
        cell
        for cell in range(first // 5, first // 5 + 6 * DAY)
        if all(cell * 5 + i in minutes for i in range(5))
    ]


def oracle(
    offered: list[int], busy: set[int], length: int, soonest: float, latest: float
) -> Iterator[int]:
    """Yield the first quarter of each free slot that starts between two Unix times."""
    there = set(offered)
    position = 0
    for cell in offered:
        position = position + 1 if cell - 1 in there else 0
        takes = set(range(cell, cell + length))
        if (
            position % length == 0
            and takes <= there
            and not takes & busy
            and soonest <= cell * SECONDS <= latest
        ):
            yield cell


@dataclass(frozen=True)
class Case:
    """The input of a slot search."""

    zone: str
    around: date
    hours: list[Hours]
    busy: set[int]
    policy: BookingPolicy
    now: datetime


@st.composite
def cases(draw: st.DrawFn) -> Case:
    zone, around = draw(st.sampled_from([*CHANGES, *PLAIN]))
    quarter = st.integers(0, 96).map(lambda q: q * 15)
    pair = st.tuples(quarter, quarter).filter(lambda ends: ends[0] != ends[1]).map(sorted)
    near = st.integers(-1, 1).map(lambda n: around + timedelta(days=n))
    hours = [
        (day, ends[0], ends[1])
        for day, ends in draw(st.lists(st.tuples(near, pair), min_size=1, max_size=4))
    ]
    noon = datetime.combine(around, datetime.min.time(), UTC)
    first = cell_of(noon) - 2 * DAY
    busy = {first + n for n in draw(st.sets(st.integers(0, 4 * DAY), max_size=40))}
    policy = BookingPolicy(
        slot_length=timedelta(minutes=draw(st.sampled_from([15, 30, 45, 60]))),
        notice_period=timedelta(
            seconds=draw(st.one_of(st.just(0), st.just(86_400), st.integers(0, 90_000)))
        ),
        booking_horizon=timedelta(
            seconds=draw(st.one_of(st.just(5_184_000), st.integers(3_600, 400_000)))
        ),
    )
    now = noon + timedelta(
        seconds=draw(
            st.one_of(st.integers(-200_000, 100_000), st.integers(-200, 100).map(lambda q: q * 900))
        )
    )
    return Case(
        zone,
        around,
        hours,
        busy,
        policy,
        now + timedelta(microseconds=draw(st.sampled_from([0, 0, 1, 999_999]))),
    )


def posted(case: Case) -> tuple[TimeSpan, ...]:
    zone = ZoneInfo(case.zone)
    return merged(
        span for day, start, end in case.hours if (span := on_day(day, WallSpan(start, end), zone))
    )


@settings(max_examples=300, deadline=None)
@given(cases())
def test_the_slots_found_match_the_oracle(case: Case) -> None:
    soonest, latest = (
        (case.now + case.policy.notice_period).timestamp(),
        (case.now + case.policy.booking_horizon).timestamp(),
    )
    offered = offered_cells(case.zone, case.around, case.hours)
    expected = list(oracle(offered, case.busy, case.policy.slot_cells, soonest, latest))
    found = list(
        open_slots(posted(case), case.busy, case.policy.starts(case.now), case.policy.slot_cells)
    )

    assert [slot.start for slot in found] == expected
    assert all(slot.end - slot.start == case.policy.slot_cells for slot in found)


@settings(max_examples=150, deadline=None)
@given(cases(), st.integers(-900, 900), st.integers(0, 900))
def test_a_window_cuts_the_list_and_never_shifts_a_slot(case: Case, skip: int, size: int) -> None:
    offered = posted(case)
    if not offered:
        return
    every = list(open_slots(offered, case.busy, range(9_000_000), case.policy.slot_cells))
    window = range(offered[0].start + skip, offered[0].start + skip + size)

    assert list(open_slots(offered, case.busy, window, case.policy.slot_cells)) == [
        slot for slot in every if slot.start in window
    ]


@settings(max_examples=150, deadline=None)
@given(cases())
def test_is_offered_agrees_with_the_list_of_slots(case: Case) -> None:
    offered, length = posted(case), case.policy.slot_cells
    starts = {slot.start for slot in open_slots(offered, set(), range(9_000_000), length)}
    around = range(offered[0].start - 5, offered[-1].end + 5) if offered else range(0)

    assert {
        start for start in around if is_offered(TimeSpan(start, start + length), offered)
    } == starts


def test_the_slots_of_a_span_are_consecutive_from_its_start() -> None:
    assert list(slots_in(TimeSpan(10, 18), range(100), 3)) == [TimeSpan(10, 13), TimeSpan(13, 16)]


@pytest.mark.parametrize(("zone", "day"), CHANGES)
def test_the_clocks_change_on_each_listed_day(zone: str, day: date) -> None:
    assert len(offered_cells(zone, day, [(day, 0, 1440)])) != DAY


@pytest.mark.parametrize(("zone", "day"), [*CHANGES, *PLAIN])
def test_every_day_is_as_long_as_the_clock_says(zone: str, day: date) -> None:
    for near in (day - timedelta(days=1), day, day + timedelta(days=1)):
        span = whole_day(near, ZoneInfo(zone))
        assert list(span.cells if span else ()) == offered_cells(zone, day, [(near, 0, 1440)])


def cells(zone: str, day: date, start: int, end: int) -> list[int]:
    span = on_day(day, WallSpan(start, end), ZoneInfo(zone)) if start < end else None
    return list(span.cells) if span else []


days = st.one_of(
    st.sampled_from(CHANGES),
    st.tuples(
        st.sampled_from(sorted({zone for zone, _ in [*CHANGES, *PLAIN]})),
        st.integers(0, 1500).map(lambda n: date(2024, 1, 1) + timedelta(days=n)),
    ),
)


@settings(max_examples=300, deadline=None)
@given(days, st.lists(st.integers(0, 96).map(lambda q: q * 15), min_size=3, max_size=3).map(sorted))
def test_hours_split_in_two_cover_the_same_time(where: tuple[str, date], cuts: list[int]) -> None:
    zone, day = where
    start, middle, end = cuts

    assert cells(zone, day, start, middle) + cells(zone, day, middle, end) == cells(
        zone, day, start, end
    )


@settings(max_examples=300, deadline=None)
@given(days)
def test_consecutive_days_touch_without_overlapping(where: tuple[str, date]) -> None:
    zone, day = where
    both = cells(zone, day, 0, 1440) + cells(zone, day + timedelta(days=1), 0, 1440)

    assert both == list(range(both[0], both[0] + len(both)))
