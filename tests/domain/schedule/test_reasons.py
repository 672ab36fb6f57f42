"""Why a start is not offered: one reason each, the first in a fixed order."""

from datetime import timedelta

import pytest

from domain.schedule.model import Dated, Schedule, TimeOff, Travel
from domain.schedule.reasons import Reason, why_not
from domain.schedule.starts import find_starts
from domain.schedule.visit import Limits, Search, Visit
from tests.domain.schedule.building import (
    BERLIN,
    FRI,
    HAIRCUT,
    MASSAGE,
    MON,
    MONDAY,
    SUN,
    TOKYO,
    TUE,
    TUESDAY,
    WED,
    hours,
    local,
    minute,
    span,
    weekly,
)

NOW = local("2026-05-31 09:00")
LIMITS = Limits(NOW, notice=timedelta(hours=24), horizon=timedelta(days=5))
SCHEDULE = Schedule(
    BERLIN,
    (
        weekly(MON, "9-12"),
        weekly(TUE, "9-17"),
        weekly(TUE, "12-13", MASSAGE),
        weekly(WED, "20-26"),
        weekly(FRI, "9-12"),
        weekly(SUN, "9-12"),
    ),
    time_off=(TimeOff(TUESDAY, TUESDAY, minute("14"), minute("15")),),
)
SEARCH = Search(
    HAIRCUT,
    Visit(45, buffer_after=15, start_every=60),
    claims=(
        span("2026-06-02 10:00", "2026-06-02 10:05"),
        span("2026-06-03 21:55", "2026-06-03 22:00"),
    ),
    client_claims=(
        span("2026-06-02 16:30", "2026-06-02 16:35"),
        span("2026-06-03 20:45", "2026-06-03 21:00"),
    ),
)


def reason(text: str, search: Search = SEARCH, schedule: Schedule = SCHEDULE) -> Reason | None:
    return why_not(schedule, search, LIMITS, local(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-05-31 08:59", Reason.PAST),
        ("2026-05-31 09:00", Reason.NOTICE),
        ("2026-06-01 08:59", Reason.NOTICE),
        ("2026-06-01 09:00", None),
        ("2026-06-05 09:00", None),
        ("2026-06-05 09:01", Reason.HORIZON),
        ("2026-06-01 12:00", Reason.OUTSIDE_HOURS),
        ("2026-06-03 00:00", Reason.OUTSIDE_HOURS),
        ("2026-06-04 01:00", None),
        ("2026-06-04 02:00", Reason.NO_HOURS),
        ("2026-06-04 10:00", Reason.NO_HOURS),
        ("2026-06-02 12:00", Reason.OTHER_SERVICE),
        ("2026-06-02 14:00", Reason.TIME_OFF),
        ("2026-06-02 14:59", Reason.TIME_OFF),
        ("2026-06-02 15:00", None),
        ("2026-06-02 15:15", Reason.OFF_GRID),
        ("2026-06-02 15:00:01", Reason.OFF_GRID),
        ("2026-06-02 09:00", None),
        ("2026-06-02 10:00", Reason.CLAIMED),
        ("2026-06-02 11:00", None),
        ("2026-06-02 16:00", Reason.CLIENT_BUSY),
        # A buffer may overlap another visit of the client, but no claim of the provider.
        ("2026-06-03 20:00", None),
        ("2026-06-03 21:00", Reason.CLAIMED),
        ("2026-06-03 22:00", None),
    ],
)
def test_each_time_has_its_reason(text: str, expected: Reason | None) -> None:
    assert reason(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-06-01 11:00", Reason.DOES_NOT_FIT),
        ("2026-06-02 11:00", Reason.DOES_NOT_FIT),
        ("2026-06-02 13:00", Reason.DOES_NOT_FIT),
        ("2026-06-02 15:00", None),
    ],
)
def test_a_visit_may_not_fit_before_the_end_of_what_is_open(
    text: str, expected: Reason | None
) -> None:
    assert reason(text, Search(HAIRCUT, Visit(90, start_every=60))) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-06-02 12:00", None),
        ("2026-06-02 11:00", Reason.OWN_HOURS),
        ("2026-06-01 09:00", Reason.OWN_HOURS),
        ("2026-06-01 12:00", Reason.OUTSIDE_HOURS),
    ],
)
def test_a_service_with_hours_of_its_own_is_not_offered_elsewhere(
    text: str, expected: Reason | None
) -> None:
    assert reason(text, Search(MASSAGE, Visit(45, start_every=60))) == expected


def test_hours_of_its_own_come_before_those_of_another_service() -> None:
    shared = Dated(HAIRCUT, TUESDAY, hours("12-13"), adds=True)
    schedule = Schedule(BERLIN, SCHEDULE.weekly, (shared,))
    search = Search(HAIRCUT, Visit(45, start_every=60))

    assert reason("2026-06-02 12:00", search, schedule) is None


def test_the_date_is_the_one_on_the_clock_of_a_travel() -> None:
    schedule = Schedule(BERLIN, (weekly(TUE, "9-12"),), travel=(Travel(MONDAY, TUESDAY, TOKYO),))
    # 17:30 on Monday in Berlin is 0:30 on Tuesday in Tokyo, a date with hours.
    assert reason("2026-06-01 17:30", schedule=schedule) == Reason.OUTSIDE_HOURS
    assert reason("2026-06-01 16:30", schedule=schedule) == Reason.NO_HOURS


def test_a_date_begins_on_its_own_clock_after_a_travel() -> None:
    # Monday is in Tokyo and Tuesday in Berlin, so Monday has 31 hours.
    schedule = Schedule(BERLIN, (weekly(TUE, "9-12"),), travel=(Travel(MONDAY, MONDAY, TOKYO),))

    assert reason("2026-06-01 23:55", schedule=schedule) == Reason.NO_HOURS
    assert reason("2026-06-02 00:00", schedule=schedule) == Reason.OUTSIDE_HOURS


@pytest.mark.parametrize("microseconds", [-1, 0, 1])
def test_limits_are_exact(microseconds: int) -> None:
    now = NOW + timedelta(microseconds=microseconds)
    limits = Limits(now, timedelta(hours=24), timedelta(days=5))
    first, last = local("2026-06-01 09:00"), local("2026-06-05 09:00")
    early = why_not(SCHEDULE, SEARCH, limits, first)
    late = why_not(SCHEDULE, SEARCH, limits, last)
    starts = find_starts(SCHEDULE, SEARCH, limits.starts)

    assert early == (Reason.NOTICE if microseconds > 0 else None)
    assert late == (Reason.HORIZON if microseconds < 0 else None)
    assert (starts[0] * 300 == first.timestamp()) is (early is None)
    assert (starts[-1] * 300 == last.timestamp()) is (late is None)


def test_what_no_schedule_could_change_comes_first() -> None:
    empty = Schedule(BERLIN)

    assert reason("2026-05-31 08:00", schedule=empty) == Reason.PAST
    assert reason("2026-06-01 08:00", schedule=empty) == Reason.NOTICE
    assert reason("2026-06-10 08:00", schedule=empty) == Reason.HORIZON
    assert reason("2026-06-02 08:00", schedule=empty) == Reason.NO_HOURS
