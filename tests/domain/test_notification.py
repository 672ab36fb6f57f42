"""Notifications: who is told of what, and what is still worth telling when it goes out."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from domain import events
from domain.notification import Kind, Notification, notifications_of, still_holds
from domain.reservation import Party, Reservation, Status
from domain.timespan import TimeSpan

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
END = NOW + timedelta(minutes=30)
LEAD = timedelta(minutes=5)
CLIENT, PROVIDER = 100, 200
HELD = Reservation(7, 1, CLIENT, TimeSpan(2_000_000, 2_000_001), Status.HELD, NOW, END)
EXPIRED = replace(HELD, status=Status.EXPIRED, ended_at=END)
CONFIRMED = replace(HELD, status=Status.CONFIRMED, expires_at=None, confirmed_at=NOW)
RELEASED = replace(
    HELD, status=Status.CANCELLED, expires_at=None, ended_at=NOW, ended_by=Party.CLIENT
)
CANCELLED = replace(CONFIRMED, status=Status.CANCELLED, ended_at=NOW, ended_by=Party.CLIENT)
REFUSED = replace(RELEASED, ended_by=Party.PROVIDER)
CALLED_OFF = replace(CANCELLED, ended_by=Party.PROVIDER)
COMPLETED = replace(CONFIRMED, status=Status.COMPLETED, ended_at=NOW)
ALL = [HELD, EXPIRED, CONFIRMED, RELEASED, CANCELLED, REFUSED, CALLED_OFF, COMPLETED]


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (events.SlotHeld(HELD, PROVIDER), [(CLIENT, Kind.HOLD_WARNING, END - LEAD)]),
        (events.HoldExpired(EXPIRED, PROVIDER), [(CLIENT, Kind.HOLD_EXPIRED, NOW)]),
        (events.HoldConfirmed(CONFIRMED, PROVIDER), [(PROVIDER, Kind.BOOKING_CONFIRMED, NOW)]),
        (
            events.CancelledByClient(CANCELLED, PROVIDER),
            [(PROVIDER, Kind.CANCELLED_BY_CLIENT, NOW)],
        ),
        (events.CancelledByClient(RELEASED, PROVIDER), []),
        (
            events.CancelledByProvider(REFUSED, PROVIDER),
            [(CLIENT, Kind.CANCELLED_BY_PROVIDER, NOW)],
        ),
        (
            events.CancelledByProvider(CALLED_OFF, PROVIDER),
            [(CLIENT, Kind.CANCELLED_BY_PROVIDER, NOW)],
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, events.Event) else "",
)
def test_each_event_is_told_to_the_one_who_did_not_do_it(
    event: events.Event, told: list[tuple[int, Kind, datetime]]
) -> None:
    expected = tuple(Notification(recipient, kind, 7, due) for recipient, kind, due in told)

    assert notifications_of(event, NOW, LEAD) == expected


WORTH_TELLING = {
    Kind.HOLD_WARNING: [HELD],
    Kind.HOLD_EXPIRED: [EXPIRED],
    Kind.BOOKING_CONFIRMED: [CONFIRMED],
    Kind.CANCELLED_BY_CLIENT: [RELEASED, CANCELLED, REFUSED, CALLED_OFF],
    Kind.CANCELLED_BY_PROVIDER: [RELEASED, CANCELLED, REFUSED, CALLED_OFF],
}


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize(
    "standing",
    ALL,
    ids=[
        "held",
        "expired",
        "confirmed",
        "released",
        "cancelled",
        "refused",
        "called off",
        "completed",
    ],
)
def test_only_what_is_still_true_is_told(kind: Kind, standing: Reservation) -> None:
    assert still_holds(kind, standing, END - LEAD) is (standing in WORTH_TELLING[kind])


@pytest.mark.parametrize(
    ("now", "worth_it"),
    [
        (END - timedelta(seconds=1), True),
        (END - timedelta.resolution, True),
        (END, False),
        (END + LEAD, False),
    ],
    ids=str,
)
def test_nobody_is_warned_of_a_hold_that_has_run_out(now: datetime, *, worth_it: bool) -> None:
    assert still_holds(Kind.HOLD_WARNING, HELD, now) is worth_it
