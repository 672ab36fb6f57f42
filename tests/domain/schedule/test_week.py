"""The week as a person would write it, and what differs from it."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from domain.schedule.model import Dated, Schedule, TimeOff, Travel, Weekly
from domain.schedule.week import NewWeek, WeekLine, differences, week_on
from tests.domain.schedule.building import (
    BERLIN,
    FRI,
    HAIRCUT,
    MASSAGE,
    MON,
    MONDAY,
    SAT,
    SUN,
    THU,
    TOKYO,
    TUE,
    TUESDAY,
    WED,
    hours,
    weekly,
)

WEEK = timedelta(weeks=1)


def on(days: range, *texts: str) -> list[Weekly]:
    return [weekly(day, text) for day in days for text in texts]


@pytest.mark.parametrize(
    ("rules", "lines"),
    [
        ([], []),
        (on(range(5), "9-12", "13-17"), [WeekLine(None, ((MON, FRI),), hours("9-12", "13-17"))]),
        (on(range(5), "13-17", "9-12"), [WeekLine(None, ((MON, FRI),), hours("9-12", "13-17"))]),
        (
            [*on(range(4), "9-12"), *on(range(3, 4), "13-17"), weekly(FRI, "9-12")],
            [
                WeekLine(None, ((MON, WED), (FRI, FRI)), hours("9-12")),
                WeekLine(None, ((THU, THU),), hours("9-12", "13-17")),
            ],
        ),
        # Hours that touch are one, and the week does not wrap around.
        (
            [weekly(MON, "9-12"), weekly(MON, "12-13"), weekly(SUN, "9-13")],
            [WeekLine(None, ((MON, MON), (SUN, SUN)), hours("9-13"))],
        ),
        (
            [weekly(SAT, "22-26"), weekly(FRI, "22-26")],
            [WeekLine(None, ((FRI, SAT),), hours("22-26"))],
        ),
        (
            [weekly(TUE, "9-12", MASSAGE), weekly(TUE, "9-12", HAIRCUT), weekly(WED, "9-12")],
            [
                WeekLine(None, ((WED, WED),), hours("9-12")),
                WeekLine(HAIRCUT, ((TUE, TUE),), hours("9-12")),
                WeekLine(MASSAGE, ((TUE, TUE),), hours("9-12")),
            ],
        ),
        (
            [
                weekly(MON, "9-12", last=MONDAY),
                weekly(TUE, "9-12", first=TUESDAY),
                weekly(WED, "9-12", last=MONDAY - timedelta(days=1)),
            ],
            [WeekLine(None, ((MON, MON),), hours("9-12"))],
        ),
    ],
)
def test_weekdays_with_the_same_hours_are_one_line(
    rules: list[Weekly], lines: list[WeekLine]
) -> None:
    for order in (rules, rules[::-1]):
        assert week_on(Schedule(BERLIN, tuple(order)), MONDAY) == tuple(lines)


@pytest.mark.parametrize(
    ("day", "even", "odd"),
    [
        (MONDAY, MONDAY, MONDAY + WEEK),
        (MONDAY + 6 * timedelta(days=1), MONDAY, MONDAY + WEEK),
        (MONDAY + WEEK, MONDAY + 2 * WEEK, MONDAY + WEEK),
    ],
)
def test_hours_of_every_second_week_say_when_they_come_next(
    day: date, even: date, odd: date
) -> None:
    rules = (
        weekly(MON, "9-12", every=2, anchor=MONDAY - 2 * WEEK),
        weekly(TUE, "9-12", every=2, anchor=TUESDAY),
        weekly(MON, "9-12", every=2, anchor=MONDAY + 5 * WEEK),
        weekly(MON, "14-15"),
    )

    assert set(week_on(Schedule(BERLIN, rules), day)) == {
        WeekLine(None, ((MON, MON),), hours("14-15")),
        WeekLine(None, ((MON, TUE),), hours("9-12"), 2, even),
        WeekLine(None, ((MON, MON),), hours("9-12"), 2, odd),
    }


SUMMER, LAST = date(2026, 7, 1), date(2026, 7, 31)
SCHEDULE = Schedule(
    BERLIN,
    (
        weekly(MON, "9-12"),
        weekly(TUE, "9-12", last=SUMMER - timedelta(days=1)),
        weekly(TUE, "14-17", first=SUMMER),
    ),
    dated=(
        Dated(HAIRCUT, TUESDAY, ()),
        Dated(None, TUESDAY, hours("9-10"), adds=True),
        Dated(None, LAST, ()),
        Dated(None, LAST + timedelta(days=1), ()),
        Dated(None, MONDAY - timedelta(days=1), ()),
    ),
    time_off=(
        TimeOff(MONDAY - WEEK, MONDAY, note="away"),
        TimeOff(MONDAY - WEEK, MONDAY - timedelta(days=1)),
        TimeOff(LAST, LAST + WEEK),
        TimeOff(LAST + timedelta(days=1), LAST + WEEK),
    ),
    travel=(
        Travel(date(2026, 6, 10), date(2026, 6, 12), TOKYO),
        Travel(date(2026, 8, 1), date(2026, 8, 1), TOKYO),
    ),
)


def test_what_differs_comes_in_order_and_within_its_dates() -> None:
    assert differences(SCHEDULE, MONDAY, LAST) == (
        TimeOff(MONDAY - WEEK, MONDAY, note="away"),
        Dated(None, TUESDAY, hours("9-10"), adds=True),
        Dated(HAIRCUT, TUESDAY, ()),
        Travel(date(2026, 6, 10), date(2026, 6, 12), TOKYO),
        NewWeek(
            SUMMER,
            (
                WeekLine(None, ((MON, MON),), hours("9-12")),
                WeekLine(None, ((TUE, TUE),), hours("14-17")),
            ),
        ),
        Dated(None, LAST, ()),
        TimeOff(LAST, LAST + WEEK),
    )


@pytest.mark.parametrize(
    ("first", "last", "seen"),
    [
        (MONDAY, SUMMER - timedelta(days=1), False),
        (MONDAY, SUMMER, True),
        (SUMMER - timedelta(days=1), LAST, True),
        (SUMMER, LAST, False),
    ],
)
def test_a_new_week_is_seen_until_it_is_the_week_itself(
    first: date, last: date, *, seen: bool
) -> None:
    found = differences(replace(SCHEDULE, dated=(), time_off=(), travel=()), first, last)

    assert [each.first_day for each in found if isinstance(each, NewWeek)] == [SUMMER] * seen


def test_hours_that_end_leave_a_week_without_them() -> None:
    schedule = Schedule(BERLIN, (weekly(MON, "9-12", last=MONDAY),))

    assert differences(schedule, MONDAY, LAST) == (NewWeek(TUESDAY, ()),)


def test_a_rule_that_continues_another_is_not_a_difference() -> None:
    schedule = Schedule(
        BERLIN, (weekly(MON, "9-12", last=MONDAY), weekly(MON, "9-12", first=TUESDAY))
    )

    assert differences(schedule, MONDAY, LAST) == ()


def test_a_week_that_returns_is_a_difference_again() -> None:
    schedule = Schedule(
        BERLIN, (weekly(MON, "9-12"), weekly(MON, "12-13", first=TUESDAY, last=SUMMER))
    )

    assert [
        (each.first_day, each.lines[0].hours)
        for each in differences(schedule, MONDAY, LAST)
        if isinstance(each, NewWeek)
    ] == [(TUESDAY, hours("9-13")), (SUMMER + timedelta(days=1), hours("9-12"))]


def test_a_rule_until_the_last_date_of_the_calendar_never_ends() -> None:
    schedule = Schedule(BERLIN, (weekly(MON, "9-12", last=date.max),))

    assert differences(schedule, MONDAY, date.max) == ()
