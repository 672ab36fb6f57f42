"""Which starts a service has: counted from each block, in open time, and free."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.schedule.model import Dated, Schedule, TimeOff
from domain.schedule.starts import find_starts
from domain.schedule.visit import Search, Visit
from domain.timespan import TimeSpan
from tests.domain.schedule.building import (
    BERLIN,
    HAIRCUT,
    MASSAGE,
    MON,
    MONDAY,
    SAT,
    TUE,
    TUESDAY,
    cell,
    hours,
    minute,
    shown,
    span,
    times,
    weekly,
)

DAY = range(cell("2026-06-01 00:00"), cell("2026-06-02 00:00"))
TWO_DAYS = range(DAY.start, cell("2026-06-03 00:00"))
MORNING = Schedule(BERLIN, (weekly(MON, "9-12"),))


def found(schedule: Schedule, visit: Visit, *claims: TimeSpan, window: range = DAY) -> list[str]:
    return times(find_starts(schedule, Search(HAIRCUT, visit, claims=claims), window))


@pytest.mark.parametrize(
    ("visit", "starts"),
    [
        (Visit(60, start_every=60), ["09:00", "10:00", "11:00"]),
        (Visit(60, start_every=45), ["09:00", "09:45", "10:30"]),
        (Visit(65, start_every=60), ["09:00", "10:00"]),
        (Visit(180), ["09:00"]),
        (Visit(185), []),
        (Visit(50, start_every=50), ["09:00", "09:50", "10:40"]),
        (Visit(150), ["09:00", "09:15", "09:30"]),
        (Visit(170, start_every=5), ["09:00", "09:05", "09:10"]),
        # Buffers reach outside open hours.
        (Visit(60, 30, 30, start_every=60), ["09:00", "10:00", "11:00"]),
    ],
)
def test_starts_are_counted_from_the_beginning_of_a_block(visit: Visit, starts: list[str]) -> None:
    assert found(MORNING, visit) == starts


def test_the_only_service_starts_as_often_as_it_fits_with_its_buffers() -> None:
    search = Search(HAIRCUT, Visit(50, 5, 5), only_service=True)

    assert times(find_starts(MORNING, search, DAY)) == ["09:00", "10:00", "11:00"]


def test_later_hours_before_a_block_do_not_shift_the_starts_of_another() -> None:
    schedule = Schedule(BERLIN, (weekly(MON, "9-12"), weekly(MON, "7-8")))

    assert found(schedule, Visit(45, start_every=45)) == [
        "07:00",
        "09:00",
        "09:45",
        "10:30",
        "11:15",
    ]


@pytest.mark.parametrize(
    ("off", "starts"),
    [
        (TimeOff(MONDAY, MONDAY, minute("9:05"), minute("9:10")), ["09:40", "10:20", "11:00"]),
        (TimeOff(MONDAY, MONDAY, minute("10"), minute("10:20")), ["09:00", "10:20", "11:00"]),
        (TimeOff(MONDAY, MONDAY, minute("10"), minute("10:25")), ["09:00", "11:00"]),
        (TimeOff(MONDAY, MONDAY, 0, minute("9:40")), ["09:40", "10:20", "11:00"]),
        (TimeOff(MONDAY, MONDAY), []),
    ],
)
def test_time_off_removes_starts_and_never_shifts_them(off: TimeOff, starts: list[str]) -> None:
    schedule = Schedule(BERLIN, MORNING.weekly, time_off=(off,))

    assert found(schedule, Visit(40, start_every=40)) == starts


def test_hours_for_another_service_remove_starts_and_never_shift_them() -> None:
    schedule = Schedule(BERLIN, (*MORNING.weekly, weekly(MON, "10-10:20", MASSAGE)))

    assert found(schedule, Visit(40, start_every=40)) == ["09:00", "10:20", "11:00"]


@pytest.mark.parametrize(
    ("visit", "claim", "starts"),
    [
        (Visit(60, start_every=30), ("10:00", "11:00"), ["09:00", "11:00"]),
        (Visit(60, start_every=30), ("10:05", "10:55"), ["09:00", "11:00"]),
        (Visit(60, start_every=30), ("09:55", "11:00"), ["11:00"]),
        (Visit(60, start_every=30), ("10:00", "11:05"), ["09:00"]),
        (Visit(60, 0, 5, start_every=30), ("10:00", "11:00"), ["11:00"]),
        (Visit(60, 5, 0, start_every=30), ("10:00", "11:00"), ["09:00"]),
        (Visit(60, 5, 0, start_every=30), ("08:00", "09:00"), ["09:30", "10:00", "10:30", "11:00"]),
        (Visit(60, 0, 5, start_every=30), ("12:00", "13:00"), ["09:00", "09:30", "10:00", "10:30"]),
        (
            Visit(60, 10, 10, start_every=30),
            ("08:00", "08:50"),
            ["09:00", "09:30", "10:00", "10:30", "11:00"],
        ),
    ],
)
def test_neither_a_visit_nor_its_buffers_overlap_a_claim(
    visit: Visit, claim: tuple[str, str], starts: list[str]
) -> None:
    busy = span(f"2026-06-01 {claim[0]}", f"2026-06-01 {claim[1]}")

    assert found(MORNING, visit, busy) == starts


def test_buffers_of_neighbours_add_up() -> None:
    visit = Visit(60, 10, 15, start_every=5)
    first = visit.claim_at(cell("2026-06-01 09:00"))

    assert found(MORNING, visit, first)[0] == "10:25"


def test_buffers_may_overlap_other_visits_of_the_client() -> None:
    elsewhere = (span("2026-06-01 10:00", "2026-06-01 11:00"),)
    search = Search(HAIRCUT, Visit(60, 30, 30, start_every=30), client_claims=elsewhere)

    assert times(find_starts(MORNING, search, DAY)) == ["09:00", "11:00"]


def test_a_visit_may_run_on_into_the_adjoining_block_of_the_next_date() -> None:
    schedule = Schedule(BERLIN, (weekly(MON, "22-24"), weekly(TUE, "0-1")))
    visit = Visit(50, start_every=50)

    assert found(schedule, visit, window=TWO_DAYS) == ["22:00", "22:50", "23:40", "00:00"]


def test_blocks_of_two_dates_that_overlap_have_the_starts_of_both() -> None:
    schedule = Schedule(BERLIN, (weekly(MON, "23-25"), weekly(TUE, "0-1")))
    visit = Visit(20, start_every=40)

    assert found(schedule, visit, window=TWO_DAYS) == ["23:00", "23:40", "00:00", "00:20", "00:40"]


def test_hours_of_its_own_and_for_all_that_touch_are_one_block_for_a_service() -> None:
    added = Dated(HAIRCUT, MONDAY, hours("12-13"), adds=True)
    schedule = Schedule(BERLIN, MORNING.weekly, (added,))
    visit = Visit(50, start_every=50)

    assert found(schedule, visit) == ["09:00", "09:50", "10:40", "11:30"]
    assert times(find_starts(schedule, Search(MASSAGE, visit), DAY)) == ["09:00", "09:50", "10:40"]


@pytest.mark.parametrize(
    ("first", "last"), [("09:00", "11:15"), ("09:05", "11:10"), ("08:00", "12:00")]
)
def test_a_window_has_the_starts_within_it(first: str, last: str) -> None:
    window = range(cell(f"2026-06-01 {first}"), cell(f"2026-06-01 {last}"))
    expected = [t for t in ("09:00", "09:45", "10:30", "11:15") if first <= t < last]

    assert found(MORNING, Visit(45, start_every=45), window=window) == expected


def test_an_empty_window_has_no_starts() -> None:
    assert found(MORNING, Visit(5), window=range(9, 9)) == []
    assert found(MORNING, Visit(5), window=range(9, 8)) == []


def test_a_block_of_two_dates_before_is_seen_in_the_far_west() -> None:
    zone = ZoneInfo("Etc/GMT+12")
    schedule = Schedule(zone, (weekly(SAT, "23-36"),))
    # Noon of Sunday there is midnight to Monday in UTC.
    window = range(cell("2026-06-01 11:00", zone) - 288, cell("2026-06-01 12:00", zone) - 288)
    late = Schedule(zone, (weekly(SAT, "12-36"),))

    for each in (schedule, late):
        search = Search(HAIRCUT, Visit(30, start_every=30))
        assert [shown(c, zone) for c in find_starts(each, search, window)] == [
            "05-31 11:00",
            "05-31 11:30",
        ]


def test_starts_after_a_change_of_clocks_are_counted_in_elapsed_time() -> None:
    schedule = Schedule(BERLIN, (weekly(6, "1-4"),))
    visit = Visit(60, start_every=60)
    spring = range(cell("2026-03-29 00:00"), cell("2026-03-30 00:00"))
    autumn = range(cell("2026-10-25 00:00"), cell("2026-10-26 00:00"))

    assert found(schedule, visit, window=spring) == ["01:00", "03:00"]
    assert found(schedule, visit, window=autumn) == ["01:00", "02:00", "02:00", "03:00"]


def test_a_visit_may_last_24_hours() -> None:
    schedule = Schedule(BERLIN, (weekly(MON, "0-24"), weekly(TUE, "0-24")))

    assert len(found(schedule, Visit(1440), window=TWO_DAYS)) == 24 * 4 + 1
    assert MONDAY + timedelta(days=1) == TUESDAY
