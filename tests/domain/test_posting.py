"""Posting hours: conversion to real time, refusals and suggestions."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain import errors
from domain.posting import DAYS_LIMIT, DayHours, Draft, plan
from domain.timespan import TimeSpan, WallSpan

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 6, 1, 8, tzinfo=UTC)  # 10:00 in Berlin.
TODAY = date(2026, 6, 1)
TOMORROW = date(2026, 6, 2)

minutes_of_day = st.one_of(
    st.integers(4, 20).map(lambda q: q * 15),
    st.integers(0, 96).map(lambda q: q * 15),
    st.integers(0, 1440),
)


def hours(*spans: tuple[int, int]) -> tuple[WallSpan, ...]:
    return tuple(WallSpan(start, end) for start, end in spans)


def utc(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def test_hours_become_real_time_merged_and_sorted() -> None:
    days = [
        (TOMORROW, hours((13 * 60, 14 * 60), (9 * 60, 12 * 60), (11 * 60, 13 * 60))),
        (TODAY, hours((22 * 60, 1440))),
    ]

    assert plan(days, BERLIN, NOW) == (
        TimeSpan.between(utc(6, 1, 20), utc(6, 1, 22)),
        TimeSpan.between(utc(6, 2, 7), utc(6, 2, 12)),
    )


def test_hours_that_touch_at_midnight_become_one_span() -> None:
    days = [(TODAY, hours((23 * 60, 1440))), (TOMORROW, hours((0, 60)))]

    assert plan(days, BERLIN, NOW) == (TimeSpan.between(utc(6, 1, 21), utc(6, 1, 23)),)


@pytest.mark.parametrize(
    ("typed", "suggested"),
    [
        ([(574, 720)], [(585, 720)]),
        ([(570, 724)], [(570, 720)]),
        ([(541, 719)], [(555, 705)]),
        ([(541, 569)], []),
        ([(541, 555), (600, 660)], [(600, 660)]),
        ([(0, 1439)], [(0, 1425)]),
        ([(1439, 1440)], []),
    ],
)
def test_off_grid_hours_are_refused_with_the_nearest_inward(
    typed: list[tuple[int, int]], suggested: list[tuple[int, int]]
) -> None:
    with pytest.raises(errors.OffGrid) as refused:
        plan([(TOMORROW, hours(*typed))], BERLIN, NOW)

    assert refused.value.values == {
        "suggestion": ((TOMORROW, hours(*suggested)),) if suggested else ()
    }


@pytest.mark.parametrize(
    "late",
    [timedelta(0), timedelta.resolution, timedelta(seconds=1), timedelta(minutes=14, seconds=59)],
    ids=str,
)
def test_hours_may_begin_now_but_not_earlier(late: timedelta) -> None:
    days = [(TODAY, hours((600, 660)))]

    if late:
        with pytest.raises(errors.TimeInPast) as refused:
            plan(days, BERLIN, NOW + late)
        assert refused.value.values == {"suggestion": ((TODAY, hours((615, 660))),)}
    else:
        assert plan(days, BERLIN, NOW) == (TimeSpan.between(utc(6, 1, 8), utc(6, 1, 9)),)


@pytest.mark.parametrize(
    ("days", "suggested"),
    [
        ([(TODAY - timedelta(days=1), hours((600, 660)))], []),
        (
            [(TODAY - timedelta(days=1), hours((600, 660))), (TODAY, hours((660, 720)))],
            [(TODAY, hours((660, 720)))],
        ),
        ([(TODAY, hours((540, 600)))], []),
        ([(TODAY, hours((540, 600), (590 // 15 * 15, 660)))], [(TODAY, hours((600, 660)))]),
        (
            [(TODAY, hours((540, 720))), (TOMORROW, hours((540, 720)))],
            [(TODAY, hours((600, 720))), (TOMORROW, hours((540, 720)))],
        ),
    ],
)
def test_past_hours_are_refused_with_the_remaining_part(
    days: list[DayHours], suggested: list[DayHours]
) -> None:
    with pytest.raises(errors.TimeInPast) as refused:
        plan(days, BERLIN, NOW)

    assert refused.value.values == {"suggestion": tuple(suggested)}


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(
        [
            ("Europe/Berlin", date(2026, 10, 25)),
            ("Europe/Berlin", date(2026, 3, 29)),
            ("Australia/Lord_Howe", date(2026, 4, 5)),
            ("Asia/Beirut", date(2026, 10, 24)),
            ("America/Santiago", date(2026, 9, 6)),
            ("UTC", TODAY),
        ]
    ),
    st.lists(
        st.lists(minutes_of_day, min_size=2, max_size=2, unique=True).map(sorted),
        min_size=1,
        max_size=3,
    ),
    st.one_of(st.integers(60, 300), st.integers(-3, 28 * 60)),
)
def test_every_suggestion_is_accepted(
    where: tuple[str, date], spans: list[list[int]], minutes: int
) -> None:
    zone, day = ZoneInfo(where[0]), where[1]
    midnight = datetime.combine(day, datetime.min.time(), zone).astimezone(UTC)
    now = midnight + timedelta(minutes=minutes, seconds=1)
    days: tuple[DayHours, ...] = ((day, hours(*((start, end) for start, end in spans))),)
    for _ in range(2):
        try:
            plan(days, zone, now)
        except (errors.OffGrid, errors.TimeInPast) as refusal:
            suggestion: tuple[DayHours, ...] = refusal.values["suggestion"]  # type: ignore[assignment]  # Values are plain objects.
            if not suggestion:
                return
            days = suggestion
        except errors.NothingToPublish:
            return
    try:
        plan(days, zone, now)
    except errors.NothingToPublish:
        return


def test_a_suggestion_in_a_repeated_hour_begins_after_it() -> None:
    second_pass = utc(
        10, 25, 1, 10
    )  # 02:10 in Berlin, for the second time: 02:30 has been shown before.

    with pytest.raises(errors.TimeInPast) as refused:
        plan([(date(2026, 10, 25), hours((150, 240)))], BERLIN, second_pass)

    assert refused.value.values == {"suggestion": ((date(2026, 10, 25), hours((180, 240))),)}


@pytest.mark.parametrize("count", [DAYS_LIMIT - 1, DAYS_LIMIT])
def test_as_many_days_as_the_limit_are_posted_at_once(count: int) -> None:
    days = [(TOMORROW + timedelta(days=n), hours((540, 600))) for n in range(count)]

    assert len(plan(days, BERLIN, NOW)) == count


def test_one_day_more_than_the_limit_is_refused() -> None:
    days = [(TOMORROW + timedelta(days=n), hours((540, 600))) for n in range(401)]

    with pytest.raises(errors.TooManyDays) as refused:
        plan(days, BERLIN, NOW)

    assert refused.value.values == {"limit": 400}


@pytest.mark.parametrize("span", [(120, 180), (135, 165), (120, 135)])
def test_hours_inside_a_clock_change_leave_nothing_to_publish(span: tuple[int, int]) -> None:
    with pytest.raises(errors.NothingToPublish):
        plan([(date(2027, 3, 28), hours(span))], BERLIN, NOW)


@pytest.mark.parametrize("days", [[], [(TOMORROW, ())]])
def test_days_without_hours_leave_nothing_to_publish(days: list[DayHours]) -> None:
    with pytest.raises(errors.NothingToPublish):
        plan(days, BERLIN, NOW)


def test_tapping_a_day_selects_it_and_tapping_again_deselects_it() -> None:
    draft = Draft(1, 1).toggled(TOMORROW).toggled(TODAY)

    assert draft.days == ((TODAY, ()), (TOMORROW, ()))
    assert draft.toggled(TODAY).days == ((TOMORROW, ()),)
    assert draft.with_hours(WallSpan(540, 600)).days == (
        (TODAY, hours((540, 600))),
        (TOMORROW, hours((540, 600))),
    )


def test_a_draft_has_at_most_as_many_days_as_a_posting() -> None:
    full = Draft(1, 1, tuple((TODAY + timedelta(days=n), ()) for n in range(400)))

    assert len(full.toggled(TODAY).days) == 399
    with pytest.raises(errors.TooManyDays):
        full.toggled(TODAY - timedelta(days=1))
