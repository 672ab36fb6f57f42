"""Notifications: who receives which, and which still apply when they are sent."""

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
DECLINED = replace(RELEASED, ended_by=Party.PROVIDER)
CANCELLED_BY_PROVIDER = replace(CANCELLED, ended_by=Party.PROVIDER)
COMPLETED = replace(CONFIRMED, status=Status.COMPLETED, ended_at=NOW)
ALL = [HELD, EXPIRED, CONFIRMED, RELEASED, CANCELLED, DECLINED, CANCELLED_BY_PROVIDER, COMPLETED]


@pytest.mark.parametrize(
    ("event", "notified"),
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
            events.CancelledByProvider(DECLINED, PROVIDER),
            [(CLIENT, Kind.CANCELLED_BY_PROVIDER, NOW)],
        ),
        (
            events.CancelledByProvider(CANCELLED_BY_PROVIDER, PROVIDER),
            [(CLIENT, Kind.CANCELLED_BY_PROVIDER, NOW)],
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, events.Event) else "",
)
def test_each_event_notifies_the_other_party_only(
    event: events.Event, notified: list[tuple[int, Kind, datetime]]
) -> None:
    expected = tuple(Notification(recipient, kind, 7, due) for recipient, kind, due in notified)

    assert notifications_of(event, NOW, LEAD) == expected


STILL_APPLIES = {
    Kind.HOLD_WARNING: [HELD],
    Kind.HOLD_EXPIRED: [EXPIRED],
    Kind.BOOKING_CONFIRMED: [CONFIRMED],
    Kind.CANCELLED_BY_CLIENT: [RELEASED, CANCELLED, DECLINED, CANCELLED_BY_PROVIDER],
    Kind.CANCELLED_BY_PROVIDER: [RELEASED, CANCELLED, DECLINED, CANCELLED_BY_PROVIDER],
}


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize(
    "reservation",
    ALL,
    ids=[
        "held",
        "expired",
        "confirmed",
        "released",
        "cancelled",
        "declined",
        "cancelled by provider",
        "completed",
    ],
)
def test_a_notification_that_no_longer_applies_is_not_sent(
    kind: Kind, reservation: Reservation
) -> None:
    assert still_holds(kind, reservation, END - LEAD) is (reservation in STILL_APPLIES[kind])


@pytest.mark.parametrize(
    ("now", "applies"),
    [
        (END - timedelta(seconds=1), True),
        (END - timedelta.resolution, True),
        (END, False),
        (END + LEAD, False),
    ],
    ids=str,
)
def test_no_warning_is_sent_for_an_expired_hold(now: datetime, *, applies: bool) -> None:
    assert still_holds(Kind.HOLD_WARNING, HELD, now) is applies
