"""The few free times that are offered first."""

from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.features.booking.offers import nearest, spread
from domain.timespan import TimeSpan, instant, local_day
from tests.kit.cells import DAY, QUARTER
from tests.kit.clinic import in_berlin

BERLIN = ZoneInfo("Europe/Berlin")
FREE = st.lists(st.integers(in_berlin(20, 0), in_berlin(30, 0)), unique=True).map(
    lambda starts: [TimeSpan(start, start + QUARTER) for start in sorted(starts)]
)
NEAREST = [
    ("25 10:00", "25 10:00", "25 09:00 25 09:15 25 11:45"),
    ("25 11:30", "25 11:30", "25 09:00 25 09:15 25 11:45"),
    ("24 00:00", "25 00:00", "25 09:00 25 09:15 25 11:45"),
    ("26 00:00", "27 00:00", "25 11:45 26 09:00 26 09:15"),
    ("28 00:00", "29 00:00", "25 11:45 26 09:00 26 09:15"),
]


def times(text: str) -> list[TimeSpan]:
    """Return slots of November 2026 from text like ``25 09:15 26 10:00``."""
    words = text.split()
    return [slot(f"{day} {time}") for day, time in zip(words[::2], words[1::2], strict=True)]


def slot(text: str) -> TimeSpan:
    moment = datetime.strptime(f"2026-11-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=BERLIN)
    start = in_berlin(moment.day, moment.hour, moment.minute)
    return TimeSpan(start, start + QUARTER)


@pytest.mark.parametrize(
    ("free", "offered"),
    [
        ("", ""),
        ("25 09:00", "25 09:00"),
        ("25 09:00 25 09:15 25 10:45", "25 09:00"),
        ("25 09:00 25 10:45 25 11:00 25 11:15", "25 09:00 25 11:00"),
        ("25 09:00 25 11:00 25 11:45 25 12:00", "25 09:00 25 12:00"),
        ("25 11:00 25 12:00 25 12:45 25 13:00", "25 11:00 25 13:00"),
        ("25 12:00 25 14:00 25 17:45 25 18:00", "25 12:00 25 18:00"),
        ("25 09:00 25 11:00 26 09:00 27 09:00", "25 09:00 25 11:00 26 09:00"),
        ("25 09:00 25 10:00 26 09:00 26 11:00 28 10:00", "25 09:00 26 09:00 28 10:00"),
        ("25 23:45 26 00:00", "25 23:45 26 00:00"),
    ],
)
def test_offers_are_the_soonest_another_part_of_the_day_and_another_day(
    free: str, offered: str
) -> None:
    assert list(spread(times(free), BERLIN)) == times(offered)


@given(FREE)
def test_offers_are_free_ordered_and_distinct_and_begin_with_the_soonest(
    free: list[TimeSpan],
) -> None:
    offered = spread(iter(free), BERLIN)

    assert offered[:1] == tuple(free[:1])
    assert set(offered) <= set(free)
    assert list(offered) == sorted(set(offered))
    days = {local_day(slot.start, BERLIN) for slot in free}
    assert len({local_day(slot.start, BERLIN) for slot in offered}) >= min(2, len(days))


@given(FREE)
def test_offers_of_one_day_are_two_hours_apart(free: list[TimeSpan]) -> None:
    offered = spread(free, BERLIN)
    for one, other in pairwise(offered):
        apart = instant(other.start) - instant(one.start)
        assert apart >= timedelta(hours=2) or local_day(one.start, BERLIN) != local_day(
            other.start, BERLIN
        )


@pytest.mark.parametrize(("first", "last", "found"), NEAREST)
def test_the_nearest_times_come_in_order(first: str, last: str, found: str) -> None:
    free = times("25 09:00 25 09:15 25 11:45 26 09:00 26 09:15")
    assert nearest(free, slot(first).start, slot(last).start) == times(found)


@given(FREE, st.integers(in_berlin(20, 0), in_berlin(30, 0)), st.integers(0, DAY))
def test_no_free_time_is_nearer_than_those_found(
    free: list[TimeSpan], first: int, length: int
) -> None:
    def distance(slot: TimeSpan) -> int:
        return max(first - slot.start, slot.start - first - length, 0)

    found = nearest(free, first, first + length)
    others = [distance(slot) for slot in free if slot not in found]
    assert len(found) == min(3, len(free))
    assert max(map(distance, found), default=0) <= min(others, default=0) or not others
