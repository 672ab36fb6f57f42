"""What a schedule may contain: only a bug can pass anything else."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.schedule.hours import Hours, covers, joined
from domain.schedule.model import Dated, Schedule, TimeOff, Travel, Weekly, week_number
from domain.schedule.visit import Limits, Visit, start_every
from tests.domain.schedule.building import (
    BERLIN,
    HAIRCUT,
    MON,
    MONDAY,
    TOKYO,
    TUESDAY,
    hours,
    local,
    weekly,
)

SUNDAY = MONDAY - timedelta(days=1)
spans = st.tuples(st.integers(0, 287), st.integers(1, 144)).map(
    lambda pair: Hours(pair[0] * 5, min((pair[0] + pair[1]) * 5, 2160))
)


@pytest.mark.parametrize(("start", "end"), [(0, 5), (1435, 1440), (1435, 2160), (0, 2160)])
def test_hours_begin_on_their_date_and_end_by_noon_of_the_next(start: int, end: int) -> None:
    assert Hours(start, end).end == end


@pytest.mark.parametrize(
    ("start", "end"), [(-5, 5), (5, 5), (10, 5), (1440, 1445), (0, 2165), (1, 5), (0, 6)]
)
def test_other_hours_are_a_bug(start: int, end: int) -> None:
    with pytest.raises(ValueError, match=r"not (hours|multiples)"):
        Hours(start, end)


@given(st.lists(spans, max_size=6), spans)
def test_joined_hours_are_the_same_minutes(each: list[Hours], wanted: Hours) -> None:
    minutes = {minute for span in each for minute in range(span.start, span.end)}
    result = joined(each)

    assert {minute for span in result for minute in range(span.start, span.end)} == minutes
    assert all(a.end < b.start for a, b in pairwise(result))
    assert covers(each, wanted) is (set(range(wanted.start, wanted.end)) <= minutes)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Weekly(None, 7, 540, 600),
        lambda: Weekly(None, -1, 540, 600),
        lambda: Weekly(None, MON, 600, 540),
        lambda: weekly(MON, "9-12", first=TUESDAY, last=MONDAY),
        lambda: weekly(MON, "9-12", every=0),
        lambda: weekly(MON, "9-12", every=2),
        lambda: weekly(MON, "9-12", every=1, anchor=MONDAY),
        lambda: Dated(None, MONDAY, (), adds=True),
        lambda: TimeOff(TUESDAY, MONDAY),
        lambda: TimeOff(MONDAY, MONDAY, 600, 600),
        lambda: TimeOff(MONDAY, MONDAY, 1440, 1440),
        lambda: TimeOff(MONDAY, TUESDAY, 0, 0),
        lambda: TimeOff(MONDAY, TUESDAY, 0, 1445),
        lambda: TimeOff(MONDAY, TUESDAY, 1, 60),
        lambda: TimeOff(MONDAY, TUESDAY, 5, 61),
        lambda: Travel(TUESDAY, MONDAY, TOKYO),
        lambda: Schedule(BERLIN, weekly=(weekly(MON, "9-12"), weekly(MON, "9-12"))),
        lambda: Schedule(BERLIN, dated=(Dated(1, MONDAY, ()), Dated(1, MONDAY, hours("9-12")))),
        lambda: Schedule(
            BERLIN, travel=(Travel(MONDAY, TUESDAY, TOKYO), Travel(SUNDAY, MONDAY, BERLIN))
        ),
        lambda: Visit(0),
        lambda: Visit(1445),
        lambda: Visit(7),
        lambda: Visit(30, buffer_before=-5),
        lambda: Visit(30, buffer_after=-5),
        lambda: Visit(30, buffer_after=6),
        lambda: Visit(30, start_every=0),
        lambda: Visit(30, start_every=7),
        lambda: Limits(local("2026-06-01 09:00"), timedelta(seconds=-1), timedelta(days=1)),
    ],
)
def test_rules_that_mean_nothing_are_a_bug(make: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        make()


def test_the_shortest_rules_are_allowed() -> None:
    assert weekly(MON, "9-12", first=MONDAY, last=MONDAY).applies_to(MONDAY)
    assert TimeOff(MONDAY, TUESDAY, 1435, 5).last_day == TUESDAY
    assert Visit(1440).cells == 288
    assert Visit(5).cells == 1


def test_the_dates_of_a_travel_have_its_zone() -> None:
    schedule = Schedule(
        BERLIN, travel=(Travel(MONDAY, MONDAY, TOKYO), Travel(TUESDAY, TUESDAY, BERLIN))
    )

    assert [schedule.zone_on(SUNDAY + timedelta(days=n)).key for n in range(3)] == [
        "Europe/Berlin",
        "Asia/Tokyo",
        "Europe/Berlin",
    ]


@pytest.mark.parametrize(
    ("day", "applies"),
    [
        (date(2026, 5, 18), True),
        (date(2026, 5, 25), False),
        (date(2026, 6, 1), True),
        (date(2026, 6, 2), False),
        (date(2026, 6, 8), False),
        (date(2027, 1, 11), True),
    ],
)
def test_every_second_week_is_counted_from_the_anchor_in_both_directions(
    day: date, *, applies: bool
) -> None:
    for anchor in (MONDAY, date(2026, 6, 7), date(2026, 5, 20)):
        rule = weekly(MON, "9-12", every=2, anchor=anchor)
        assert rule.applies_to(day) is applies


def test_weeks_begin_on_monday() -> None:
    assert week_number(MONDAY) == week_number(SUNDAY) + 1 == week_number(SUNDAY + timedelta(days=7))


@pytest.mark.parametrize(
    ("visit", "only_service", "minutes"),
    [
        (Visit(50), True, 50),
        (Visit(50, 10, 15), True, 75),
        (Visit(50, 10, 15), False, 15),
        (Visit(50, 10, 15, start_every=30), True, 30),
        (Visit(50, 10, 15, start_every=5), False, 5),
    ],
)
def test_starts_follow_one_another_or_come_every_quarter_hour(
    visit: Visit, *, only_service: bool, minutes: int
) -> None:
    assert start_every(visit, only_service=only_service) == minutes


def test_an_entry_of_another_service_may_share_a_date() -> None:
    entry = Dated(HAIRCUT, MONDAY, ())
    schedule = Schedule(BERLIN, dated=(entry, replace(entry, service=None)))

    assert len(list(schedule.rules())) == 2
