"""The booking policy: what its limits allow exactly, and one second beyond them."""

from datetime import UTC, datetime, timedelta

import pytest

from domain import errors
from domain.policy import BookingPolicy
from tests.kit.cells import SECONDS, cell_of

POLICY = BookingPolicy()
SECOND = timedelta(seconds=1)
MICROSECOND = timedelta(microseconds=1)
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def cell(moment: datetime) -> int:
    assert moment.timestamp() % SECONDS == 0
    return cell_of(moment)


@pytest.mark.parametrize(
    "notice",
    [timedelta(0), timedelta(minutes=7), timedelta(hours=24), timedelta(days=3, seconds=1)],
    ids=str,
)
@pytest.mark.parametrize(
    ("later", "allowed"),
    [
        (-timedelta(hours=1), True),
        (-SECOND, True),
        (timedelta(0), True),
        (MICROSECOND, False),
        (SECOND, False),
        (timedelta(hours=1), False),
    ],
    ids=str,
)
def test_a_slot_may_be_held_up_to_exactly_the_notice_period_before_it_starts(
    notice: timedelta, later: timedelta, *, allowed: bool
) -> None:
    policy = BookingPolicy(notice_period=notice)
    now = NOON - notice + later

    assert (cell(NOON) in policy.starts(now)) is allowed
    if allowed:
        policy.check_start(cell(NOON), now)
    else:
        with pytest.raises(errors.NoticeTooShort) as refused:
            policy.check_start(cell(NOON), now)
        assert refused.value.values == {"notice_period": notice}


@pytest.mark.parametrize(
    "horizon",
    [timedelta(days=1, minutes=1), timedelta(days=60), timedelta(days=60, seconds=1)],
    ids=str,
)
@pytest.mark.parametrize(
    ("later", "allowed"),
    [
        (-timedelta(hours=1), False),
        (-SECOND, False),
        (-MICROSECOND, False),
        (timedelta(0), True),
        (SECOND, True),
        (timedelta(hours=1), True),
    ],
    ids=str,
)
def test_a_slot_may_be_held_from_exactly_the_horizon_before_it_starts(
    horizon: timedelta, later: timedelta, *, allowed: bool
) -> None:
    policy = BookingPolicy(booking_horizon=horizon, notice_period=timedelta(0))
    now = NOON - horizon + later

    assert (cell(NOON) in policy.starts(now)) is allowed
    if allowed:
        policy.check_start(cell(NOON), now)
    else:
        with pytest.raises(errors.BeyondHorizon) as refused:
            policy.check_start(cell(NOON), now)
        assert refused.value.values == {"booking_horizon": horizon}


def test_nothing_can_be_held_if_the_notice_period_exceeds_the_horizon() -> None:
    policy = BookingPolicy(notice_period=timedelta(days=2), booking_horizon=timedelta(days=1))

    assert not policy.starts(NOON)


@pytest.mark.parametrize(
    ("hold", "lead"),
    [
        (timedelta(minutes=30), timedelta(minutes=5)),
        (timedelta(minutes=10), timedelta(minutes=5)),
        (timedelta(minutes=9), timedelta(minutes=4, seconds=30)),
        (timedelta(seconds=20), timedelta(seconds=10)),
    ],
    ids=str,
)
def test_the_warning_comes_five_minutes_before_expiry_or_at_half_time(
    hold: timedelta, lead: timedelta
) -> None:
    assert BookingPolicy(hold_duration=hold).warning_lead == lead


@pytest.mark.parametrize(("minutes", "cells"), [(15, 3), (30, 6), (45, 9), (60, 12)])
def test_a_slot_takes_whole_cells(minutes: int, cells: int) -> None:
    assert BookingPolicy(slot_length=timedelta(minutes=minutes)).slot_cells == cells


def test_the_policy_allows_by_default_what_the_readme_says() -> None:
    assert (
        BookingPolicy(
            timedelta(minutes=15),
            timedelta(minutes=30),
            timedelta(hours=24),
            timedelta(days=60),
            holds_per_client=3,
        )
        == POLICY
    )
