"""Which blocks a schedule has on a date, and what is open to whom."""

from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.schedule.expansion import expand
from domain.schedule.model import Dated, Schedule, TimeOff, Travel
from tests.domain.schedule.building import (
    BERLIN,
    COLOUR,
    FRI,
    HAIRCUT,
    MASSAGE,
    MON,
    MONDAY,
    SUN,
    TOKYO,
    TUE,
    TUESDAY,
    hours,
    minute,
    read,
    weekly,
)

SUNDAY = MONDAY - timedelta(days=1)
WEDNESDAY = TUESDAY + timedelta(days=1)
WEST, EAST = ZoneInfo("Etc/GMT+12"), ZoneInfo("Pacific/Kiritimati")


def blocks(schedule: Schedule, day: date) -> list[tuple[int | None, str]]:
    (found,) = expand(schedule, day, day).days
    return [(block.service, *read((block.span,))) for block in found.blocks]  # type: ignore[misc]  # One text each.


def open_to(
    schedule: Schedule, service: int, first: date = MONDAY, last: date = MONDAY
) -> list[str]:
    return read(expand(schedule, first, last).open_to(service))


def test_blocks_of_one_date_that_touch_or_overlap_are_one() -> None:
    schedule = Schedule(
        BERLIN,
        (weekly(MON, "9-12"), weekly(MON, "12-13"), weekly(MON, "11-12"), weekly(MON, "14-15")),
    )

    assert blocks(schedule, MONDAY) == [
        (None, "06-01 09:00 to 06-01 13:00"),
        (None, "06-01 14:00 to 06-01 15:00"),
    ]
    assert blocks(schedule, TUESDAY) == []


def test_blocks_of_two_services_stay_two() -> None:
    schedule = Schedule(
        BERLIN, (weekly(MON, "9-12"), weekly(MON, "12-13", HAIRCUT), weekly(MON, "13-14", MASSAGE))
    )

    assert blocks(schedule, MONDAY) == [
        (None, "06-01 09:00 to 06-01 12:00"),
        (HAIRCUT, "06-01 12:00 to 06-01 13:00"),
        (MASSAGE, "06-01 13:00 to 06-01 14:00"),
    ]


def test_a_block_over_midnight_belongs_to_the_date_on_which_it_begins() -> None:
    schedule = Schedule(BERLIN, (weekly(MON, "20-26"), weekly(TUE, "1-3")))

    assert blocks(schedule, MONDAY) == [(None, "06-01 20:00 to 06-02 02:00")]
    assert blocks(schedule, TUESDAY) == [(None, "06-02 01:00 to 06-02 03:00")]
    assert open_to(schedule, HAIRCUT, MONDAY, TUESDAY) == ["06-01 20:00 to 06-02 03:00"]


def test_hours_apply_within_their_validity() -> None:
    schedule = Schedule(BERLIN, (weekly(MON, "9-12", first=MONDAY, last=MONDAY),))
    week = timedelta(weeks=1)

    assert [len(blocks(schedule, MONDAY + n * week)) for n in (-1, 0, 1)] == [0, 1, 0]


WEEK = Schedule(
    BERLIN,
    (
        weekly(MON, "9-12"),
        weekly(MON, "13-17"),
        weekly(MON, "15-16", HAIRCUT),
        weekly(MON, "22-26"),
        weekly(SUN, "22-26"),
    ),
)
GENERAL, LATE = ["09:00-12:00", "13:00-17:00"], ["22:00-02:00"]


def on_monday(schedule: Schedule) -> dict[int | None, list[str]]:
    found: dict[int | None, list[str]] = {}
    for service, text in blocks(schedule, MONDAY):
        found.setdefault(service, []).append(f"{text[6:11]}-{text[-5:]}")
    return found


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([], {None: [*GENERAL, *LATE], HAIRCUT: ["15:00-16:00"]}),
        # An entry for all services says what the whole date is.
        ([(None, "10-11", False)], {None: ["10:00-11:00"]}),
        ([(None, "", False)], {}),
        # An entry for one service replaces the hours of that service.
        (
            [(HAIRCUT, "10-11", False)],
            {None: [*GENERAL, *LATE], HAIRCUT: ["10:00-11:00"]},
        ),
        ([(HAIRCUT, "", False)], {None: [*GENERAL, *LATE]}),
        (
            [(MASSAGE, "10-11", False)],
            {None: [*GENERAL, *LATE], HAIRCUT: ["15:00-16:00"], MASSAGE: ["10:00-11:00"]},
        ),
        # Entries do not replace each other.
        (
            [(None, "10-11", False), (HAIRCUT, "12-13", False)],
            {None: ["10:00-11:00"], HAIRCUT: ["12:00-13:00"]},
        ),
        # Adding replaces nothing.
        (
            [(None, "12-13", True)],
            {None: ["09:00-17:00", *LATE], HAIRCUT: ["15:00-16:00"]},
        ),
        (
            [(HAIRCUT, "16-18", True)],
            {None: [*GENERAL, *LATE], HAIRCUT: ["15:00-18:00"]},
        ),
        (
            [(None, "", False), (HAIRCUT, "16-18", True)],
            {HAIRCUT: ["16:00-18:00"]},
        ),
        # The date before is untouched.
        ([(None, "22-30", False)], {None: ["22:00-06:00"]}),
    ],
    ids=str,
)
def test_an_entry_replaces_what_begins_on_its_date_or_adds_to_it(
    entries: list[tuple[int | None, str, bool]], expected: dict[int | None, list[str]]
) -> None:
    dated = tuple(
        Dated(service, MONDAY, hours(text) if text else (), adds=adds)
        for service, text, adds in entries
    )
    schedule = replace(WEEK, dated=dated)

    assert on_monday(schedule) == expected
    assert blocks(schedule, SUNDAY) == [(None, "05-31 22:00 to 06-01 02:00")]


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        # Massage has hours of its own, which overlap those of the haircut: both are given.
        (MASSAGE, ["14:00-16:30"]),
        (HAIRCUT, ["15:00-17:00"]),
        (COLOUR, ["09:00-14:00"]),
    ],
)
def test_hours_for_a_service_are_open_to_it_alone(service: int, expected: list[str]) -> None:
    schedule = Schedule(
        BERLIN,
        (
            weekly(MON, "9-17"),
            weekly(MON, "14-16:30", MASSAGE),
            weekly(MON, "15-17", HAIRCUT),
        ),
    )

    assert [f"{text[6:11]}-{text[-5:]}" for text in open_to(schedule, service)] == expected


def test_a_service_has_hours_of_its_own_while_a_rule_for_it_is_in_force() -> None:
    schedule = Schedule(
        BERLIN,
        (weekly(MON, "9-12"), weekly(FRI, "9-12", HAIRCUT, first=MONDAY, last=TUESDAY)),
    )
    week = timedelta(weeks=1)
    mondays = [MONDAY + n * week for n in (-1, 0, 1)]

    assert [bool(open_to(schedule, HAIRCUT, day, day)) for day in mondays] == [True, False, True]
    assert all(open_to(schedule, MASSAGE, day, day) for day in mondays)


@pytest.mark.parametrize(
    ("text", "adds", "expected"),
    [
        ("17-18", True, ["09:00-12:00", "17:00-18:00"]),
        ("11-13", True, ["09:00-13:00"]),
        ("17-18", False, ["17:00-18:00"]),
        ("", False, []),
    ],
)
def test_an_entry_for_a_service_restricts_it_to_the_entry_unless_it_adds(
    text: str, expected: list[str], *, adds: bool
) -> None:
    entry = Dated(HAIRCUT, MONDAY, hours(text) if text else (), adds=adds)
    schedule = Schedule(BERLIN, (weekly(MON, "9-12"), weekly(TUE, "9-12")), (entry,))

    assert [f"{t[6:11]}-{t[-5:]}" for t in open_to(schedule, HAIRCUT)] == expected
    assert open_to(schedule, HAIRCUT, TUESDAY, TUESDAY) == ["06-02 09:00 to 06-02 12:00"]


def test_an_entry_for_all_does_not_lift_the_restriction_of_a_service() -> None:
    schedule = Schedule(
        BERLIN, (weekly(MON, "9-12", HAIRCUT),), (Dated(None, MONDAY, hours("9-17")),)
    )

    assert open_to(schedule, HAIRCUT) == []
    assert open_to(schedule, MASSAGE) == ["06-01 09:00 to 06-01 17:00"]


def test_hours_for_a_service_close_others_also_after_midnight() -> None:
    schedule = Schedule(BERLIN, (weekly(MON, "22-26", HAIRCUT), weekly(TUE, "0-4")))

    assert open_to(schedule, MASSAGE, MONDAY, TUESDAY) == ["06-02 02:00 to 06-02 04:00"]


@pytest.mark.parametrize(
    ("off", "expected"),
    [
        (TimeOff(MONDAY, MONDAY), ["06-02 00:00 to 06-02 02:00"]),
        (TimeOff(TUESDAY, TUESDAY), ["06-01 20:00 to 06-02 00:00"]),
        (TimeOff(SUNDAY, SUNDAY), ["06-01 20:00 to 06-02 02:00"]),
        (TimeOff(WEDNESDAY, WEDNESDAY), ["06-01 20:00 to 06-02 02:00"]),
        (TimeOff(SUNDAY, WEDNESDAY), []),
        (
            TimeOff(MONDAY, MONDAY, minute("21"), minute("22:05")),
            ["06-01 20:00 to 06-01 21:00", "06-01 22:05 to 06-02 02:00"],
        ),
        (
            TimeOff(MONDAY, TUESDAY, minute("23"), minute("1")),
            ["06-01 20:00 to 06-01 23:00", "06-02 01:00 to 06-02 02:00"],
        ),
    ],
)
def test_time_off_takes_real_time_wherever_it_falls(off: TimeOff, expected: list[str]) -> None:
    schedule = Schedule(BERLIN, (weekly(MON, "20-26"),), time_off=(off,))

    assert open_to(schedule, HAIRCUT) == expected
    assert blocks(schedule, MONDAY) == [(None, "06-01 20:00 to 06-02 02:00")]


@pytest.mark.parametrize(
    ("text", "home", "away", "off"),
    [
        # Noon on Tuesday in the far west is 2:00 on Thursday in the far east.
        ("12-36", WEST, EAST, TimeOff(WEDNESDAY, WEDNESDAY)),
        # Midnight to Monday in the far east is 22:00 on Saturday in the far west.
        ("0-12", EAST, WEST, TimeOff(SUNDAY - timedelta(days=1), SUNDAY - timedelta(days=1))),
    ],
)
def test_time_off_two_dates_away_may_fall_into_a_block(
    text: str, home: ZoneInfo, away: ZoneInfo, off: TimeOff
) -> None:
    schedule = Schedule(home, (weekly(MON, text),))
    trip = Travel(off.first_day, off.last_day, away)
    (whole,) = expand(schedule, MONDAY, MONDAY).open_to(HAIRCUT)
    (rest,) = expand(replace(schedule, time_off=(off,), travel=(trip,)), MONDAY, MONDAY).open_to(
        HAIRCUT
    )

    assert 0 < rest.end - rest.start < whole.end - whole.start


def test_each_date_has_the_clock_of_its_zone() -> None:
    schedule = Schedule(
        BERLIN,
        (weekly(MON, "20-26"), weekly(TUE, "9-12")),
        travel=(Travel(TUESDAY, TUESDAY, TOKYO),),
    )

    assert blocks(schedule, MONDAY) == [(None, "06-01 20:00 to 06-02 02:00")]
    assert blocks(schedule, TUESDAY) == [(None, "06-02 02:00 to 06-02 05:00")]


def test_time_off_ends_on_the_clock_of_its_last_date() -> None:
    schedule = Schedule(
        BERLIN,
        (weekly(TUE, "0-24"),),
        time_off=(TimeOff(MONDAY, TUESDAY, 0, minute("9")),),
        travel=(Travel(TUESDAY, WEDNESDAY, TOKYO),),
    )

    assert read(expand(schedule, TUESDAY, TUESDAY).open_to(HAIRCUT), TOKYO) == [
        "06-02 09:00 to 06-03 00:00"
    ]


def test_time_off_begins_on_the_clock_of_its_first_date() -> None:
    schedule = Schedule(
        BERLIN,
        (weekly(MON, "0-24"),),
        time_off=(TimeOff(MONDAY, TUESDAY, minute("9")),),
        travel=(Travel(MONDAY, MONDAY, TOKYO),),
    )

    assert read(expand(schedule, MONDAY, MONDAY).open_to(HAIRCUT), TOKYO) == [
        "06-01 00:00 to 06-01 09:00"
    ]


def test_time_off_that_a_travel_turns_around_takes_no_time() -> None:
    # On Monday at 23:00 in Berlin it is 6:00 on Tuesday in Tokyo.
    schedule = Schedule(
        BERLIN,
        (weekly(MON, "9-24"),),
        time_off=(TimeOff(MONDAY, TUESDAY, minute("23"), minute("5")),),
        travel=(Travel(TUESDAY, TUESDAY, TOKYO),),
    )

    assert open_to(schedule, HAIRCUT) == ["06-01 09:00 to 06-02 00:00"]
