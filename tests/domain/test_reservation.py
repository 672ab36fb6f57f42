"""The states of a reservation and what each allows, to the microsecond at the end of a hold."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from domain import errors
from domain.reservation import Party, Reservation, Status
from domain.timespan import TimeSpan

HELD_AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
EXPIRES_AT = HELD_AT + timedelta(minutes=30)
SPAN = TimeSpan.between(
    datetime(2026, 6, 3, 9, tzinfo=UTC), datetime(2026, 6, 3, 9, 15, tzinfo=UTC)
)
JUST_BEFORE = EXPIRES_AT - timedelta(microseconds=1)
SECOND_BEFORE = EXPIRES_AT - timedelta(seconds=1)
JUST_AFTER = EXPIRES_AT + timedelta(microseconds=1)


def reservation(
    status: Status,
    *,
    ended_by: Party | None = None,
    confirmed_at: datetime | None = None,
    span: TimeSpan = SPAN,
) -> Reservation:
    end = EXPIRES_AT if status in {Status.HELD, Status.EXPIRED} else None
    ended_at = HELD_AT if ended_by else None
    return Reservation(7, 1, 100, span, status, HELD_AT, end, confirmed_at, ended_at, ended_by)


HELD = reservation(Status.HELD)
CONFIRMED = reservation(Status.CONFIRMED, confirmed_at=HELD_AT)
EXPIRED = reservation(Status.EXPIRED)
RELEASED = reservation(Status.CANCELLED, ended_by=Party.CLIENT)
DECLINED = reservation(Status.CANCELLED, ended_by=Party.PROVIDER)
CANCELLED = reservation(Status.CANCELLED, ended_by=Party.CLIENT, confirmed_at=HELD_AT)
CANCELLED_BY_PROVIDER = reservation(Status.CANCELLED, ended_by=Party.PROVIDER, confirmed_at=HELD_AT)
COMPLETED = reservation(Status.COMPLETED, confirmed_at=HELD_AT)
NO_SHOW = reservation(Status.NO_SHOW, confirmed_at=HELD_AT)
ENDED = [EXPIRED, RELEASED, DECLINED, CANCELLED, CANCELLED_BY_PROVIDER, COMPLETED, NO_SHOW]


@pytest.mark.parametrize(
    ("now", "alive"),
    [
        (HELD_AT, True),
        (SECOND_BEFORE, True),
        (JUST_BEFORE, True),
        (EXPIRES_AT, False),
        (JUST_AFTER, False),
    ],
    ids=str,
)
def test_a_hold_is_alive_until_just_before_its_expiry(now: datetime, *, alive: bool) -> None:
    assert HELD.alive(now) is alive
    assert HELD.expired(now) is not alive


@pytest.mark.parametrize("now", [HELD_AT, JUST_BEFORE, EXPIRES_AT, JUST_AFTER], ids=str)
@pytest.mark.parametrize(
    ("subject", "alive", "expired"),
    [
        (CONFIRMED, True, False),
        (EXPIRED, False, True),
        *(
            (ended, False, False)
            for ended in (RELEASED, DECLINED, CANCELLED, CANCELLED_BY_PROVIDER, COMPLETED, NO_SHOW)
        ),
    ],
)
def test_no_other_state_depends_on_the_time(
    subject: Reservation, now: datetime, *, alive: bool, expired: bool
) -> None:
    assert subject.alive(now) is alive
    assert subject.expired(now) is expired


@pytest.mark.parametrize(
    ("subject", "released"),
    [
        (RELEASED, True),
        *((other, False) for other in (HELD, DECLINED, CANCELLED, CANCELLED_BY_PROVIDER)),
    ],
)
def test_only_an_unconfirmed_hold_cancelled_by_the_client_is_released(
    subject: Reservation, *, released: bool
) -> None:
    assert subject.released is released


def test_a_live_hold_is_confirmed() -> None:
    booking = HELD.confirmed(JUST_BEFORE)

    assert booking == replace(
        reservation(Status.CONFIRMED, confirmed_at=JUST_BEFORE), revision=HELD.revision + 1
    )


@pytest.mark.parametrize("now", [HELD_AT, EXPIRES_AT, SPAN.starts_at, SPAN.ends_at], ids=str)
def test_confirming_a_booking_again_changes_nothing(now: datetime) -> None:
    assert CONFIRMED.confirmed(now) is CONFIRMED


REASONS = [
    (HELD, errors.HoldExpired),
    (EXPIRED, errors.HoldExpired),
    (RELEASED, errors.HoldReleased),
    (DECLINED, errors.ReservationCancelled),
    (CANCELLED, errors.ReservationCancelled),
    (CANCELLED_BY_PROVIDER, errors.ReservationCancelled),
    (COMPLETED, errors.ReservationPast),
    (NO_SHOW, errors.ReservationPast),
]


@pytest.mark.parametrize(("subject", "refusal"), REASONS)
def test_confirming_anything_but_a_live_hold_is_refused_with_the_reason(
    subject: Reservation, refusal: type[errors.Refusal]
) -> None:
    with pytest.raises(refusal) as refused:
        subject.confirmed(EXPIRES_AT)

    assert refused.value.values == {"reservation": subject}


@pytest.mark.parametrize("by", list(Party))
@pytest.mark.parametrize(
    ("subject", "now"),
    [
        (HELD, JUST_BEFORE),
        (CONFIRMED, JUST_AFTER),
        (CONFIRMED, SPAN.starts_at - timedelta.resolution),
    ],
)
def test_either_party_cancels_a_live_reservation(
    subject: Reservation, now: datetime, by: Party
) -> None:
    ended = subject.cancelled(by, now, "Flu")

    assert (ended.status, ended.ended_by, ended.ended_at, ended.reason, ended.expires_at) == (
        Status.CANCELLED,
        by,
        now,
        "Flu",
        None,
    )
    assert ended.confirmed_at == subject.confirmed_at
    assert not ended.alive(now)


@pytest.mark.parametrize(
    ("subject", "by"),
    [
        (RELEASED, Party.CLIENT),
        (CANCELLED, Party.CLIENT),
        (DECLINED, Party.PROVIDER),
        (CANCELLED_BY_PROVIDER, Party.PROVIDER),
    ],
)
def test_cancelling_again_changes_nothing(subject: Reservation, by: Party) -> None:
    assert subject.cancelled(by, SPAN.ends_at, "another reason") is subject


@pytest.mark.parametrize(
    ("subject", "by", "refusal"),
    [
        (HELD, Party.CLIENT, errors.HoldExpired),
        (HELD, Party.PROVIDER, errors.HoldExpired),
        (EXPIRED, Party.CLIENT, errors.HoldExpired),
        (RELEASED, Party.PROVIDER, errors.HoldReleased),
        (CANCELLED, Party.PROVIDER, errors.ReservationCancelled),
        (DECLINED, Party.CLIENT, errors.ReservationCancelled),
        (CANCELLED_BY_PROVIDER, Party.CLIENT, errors.ReservationCancelled),
        (COMPLETED, Party.CLIENT, errors.ReservationPast),
        (NO_SHOW, Party.PROVIDER, errors.ReservationPast),
    ],
)
def test_cancelling_an_ended_reservation_is_refused_with_the_reason(
    subject: Reservation, by: Party, refusal: type[errors.Refusal]
) -> None:
    with pytest.raises(refusal) as refused:
        subject.cancelled(by, EXPIRES_AT)

    assert refused.value.values == {"reservation": subject}


@pytest.mark.parametrize(
    "now", [SPAN.starts_at, SPAN.starts_at + timedelta(seconds=1), SPAN.ends_at], ids=str
)
def test_a_booking_that_has_begun_cannot_be_cancelled(now: datetime) -> None:
    with pytest.raises(errors.ReservationPast):
        CONFIRMED.cancelled(Party.CLIENT, now)


def test_every_ended_state_is_covered() -> None:
    assert {ended.status for ended in ENDED} | {Status.HELD, Status.CONFIRMED} == set(Status)


@pytest.mark.parametrize(("second", "confirmed"), [(-1, True), (0, False), (1, False)])
def test_a_hold_cannot_be_confirmed_once_its_slot_has_begun(
    second: int, *, confirmed: bool
) -> None:
    late = replace(reservation(Status.HELD), expires_at=SPAN.ends_at)
    now = SPAN.starts_at + timedelta(seconds=second)

    if confirmed:
        assert late.confirmed(now).status is Status.CONFIRMED
        return
    with pytest.raises(errors.ReservationPast):
        late.confirmed(now)


def test_each_change_adds_one_to_the_revision() -> None:
    moved = HELD.moved(2, SPAN, HELD_AT, timedelta(minutes=30))
    booked = HELD.confirmed(HELD_AT)
    cancelled = booked.cancelled(Party.CLIENT, HELD_AT)

    assert [each.revision for each in (HELD, moved, booked, cancelled)] == [1, 2, 2, 3]


def test_a_repeated_change_keeps_the_revision() -> None:
    assert CONFIRMED.confirmed(HELD_AT).revision == CONFIRMED.revision
    assert CANCELLED.cancelled(Party.CLIENT, HELD_AT).revision == CANCELLED.revision


@pytest.mark.parametrize(("ended", "before"), [(EXPIRED, HELD), (COMPLETED, CONFIRMED)])
def test_what_time_ended_is_known_as_it_was_before(ended: Reservation, before: Reservation) -> None:
    later = replace(ended, revision=before.revision + 1, ended_at=JUST_AFTER)

    assert later.before_its_time_came() == before
