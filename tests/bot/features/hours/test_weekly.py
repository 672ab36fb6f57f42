"""Days with the same hours share a line where they form a weekly pattern."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.features.hours.weekly import EVERY_DAY, day_groups, weekday_runs

MONDAY = date(2026, 11, 30)
DAY = timedelta(days=1)


def days(*offsets: int) -> tuple[date, ...]:
    return tuple(MONDAY + offset * DAY for offset in offsets)


WORK_WEEKS = days(*(week * 7 + day for week in range(12) for day in range(5)))
FRIDAYS = days(4, 11, 18, 25)


@pytest.mark.parametrize(
    "same",
    [
        pytest.param(days(0, 1, 2, 3, 4), id="one-work-week"),
        pytest.param(WORK_WEEKS, id="work-weeks"),
        pytest.param(WORK_WEEKS[2:-1], id="from-midweek-to-midweek"),
        pytest.param(FRIDAYS, id="fridays"),
        pytest.param(days(*range(30)), id="every-day"),
        pytest.param(days(4, 5, 6, 7), id="over-the-weekend"),
    ],
)
def test_a_weekly_pattern_is_one_group(same: tuple[date, ...]) -> None:
    assert day_groups([(day, "9-17") for day in same]) == [same]


@pytest.mark.parametrize(
    "apart",
    [
        pytest.param(days(0, 1, 2), id="few"),
        pytest.param(WORK_WEEKS[:7] + WORK_WEEKS[8:], id="a-day-off"),
        pytest.param(days(0, 14, 28, 42), id="every-other-week"),
        pytest.param((), id="none"),
    ],
)
def test_other_days_are_groups_of_their_own(apart: tuple[date, ...]) -> None:
    assert day_groups([(day, "9-17") for day in apart]) == [(day,) for day in apart]


def test_shorter_fridays_are_a_second_pattern() -> None:
    other = tuple(day for day in WORK_WEEKS if day.weekday() != 4)
    fridays = tuple(day for day in WORK_WEEKS if day.weekday() == 4)
    hours = [(day, "9-13" if day in fridays else "9-17") for day in WORK_WEEKS]

    assert day_groups(hours) == [other, fridays]


@given(st.dictionaries(st.integers(0, 40), st.sampled_from(["9-13", "9-17"])))
def test_every_day_is_in_exactly_one_group_with_its_own_hours(offsets: dict[int, str]) -> None:
    hours = [(MONDAY + offset * DAY, offsets[offset]) for offset in sorted(offsets)]
    groups = day_groups(hours)

    assert sorted(day for group in groups for day in group) == [day for day, _ in hours]
    assert all(len({dict(hours)[day] for day in group}) == 1 for group in groups)
    assert groups == sorted(groups)


@pytest.mark.parametrize(
    ("offsets", "runs"),
    [
        ((0, 1, 2, 3, 4, 7), [(0, 4)]),
        ((0, 2, 4), [(0, 0), (2, 2), (4, 4)]),
        ((4, 5, 6, 7), [(4, 0)]),
        (tuple(range(7)), [EVERY_DAY]),
    ],
)
def test_weekdays_in_a_row_are_one_run(
    offsets: tuple[int, ...], runs: list[tuple[int, int]]
) -> None:
    assert weekday_runs(days(*offsets)) == runs
