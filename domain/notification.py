"""Who is told of what, and when; and whether it is still worth telling. The one who acted is never told of his own act."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain import events
from domain.reservation import Reservation, Status


class Kind(StrEnum):
    """The kinds of notification."""

    HOLD_WARNING = "hold_warning"
    HOLD_EXPIRED = "hold_expired"
    BOOKING_CONFIRMED = "booking_confirmed"
    CANCELLED_BY_CLIENT = "cancelled_by_client"
    CANCELLED_BY_PROVIDER = "cancelled_by_provider"


@dataclass(frozen=True, slots=True)
class Notification:
    """One thing one person is to be told once: ``recipient_id`` is a Telegram user id, ``due_at`` when it may go out."""

    recipient_id: int
    kind: Kind
    reservation_id: int
    due_at: datetime


def notifications_of(
    event: events.Event, now: datetime, warning_lead: timedelta
) -> tuple[Notification, ...]:
    """Return what follows from an event."""
    to_client, to_provider = event.reservation.client_id, event.provider_client_id
    match event:
        case events.SlotHeld(reservation=Reservation(expires_at=datetime() as end)):
            return (
                Notification(
                    to_client, Kind.HOLD_WARNING, event.reservation.id, end - warning_lead
                ),
            )
        case events.HoldExpired():
            return (Notification(to_client, Kind.HOLD_EXPIRED, event.reservation.id, now),)
        case events.HoldConfirmed():
            return (Notification(to_provider, Kind.BOOKING_CONFIRMED, event.reservation.id, now),)
        case events.CancelledByClient() if event.reservation.confirmed_at:
            # A provider never heard of the hold, so its release is no news to him.
            return (Notification(to_provider, Kind.CANCELLED_BY_CLIENT, event.reservation.id, now),)
        case events.CancelledByProvider():
            return (Notification(to_client, Kind.CANCELLED_BY_PROVIDER, event.reservation.id, now),)
    return ()


def still_holds(kind: Kind, reservation: Reservation, now: datetime) -> bool:
    """Tell whether a notification, read again just before it goes out, is still true and worth telling."""
    match kind:
        case Kind.HOLD_WARNING:
            return reservation.status is Status.HELD and reservation.alive(now)
        case Kind.HOLD_EXPIRED:
            return reservation.status is Status.EXPIRED
        case Kind.BOOKING_CONFIRMED:
            return reservation.status is Status.CONFIRMED
    return reservation.status is Status.CANCELLED
