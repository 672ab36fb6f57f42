"""Who is notified of which event, when, and whether the notification still applies.

The person who acts is never notified of their own action.
"""

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
    """One notification for one person.

    ``recipient_id`` is a Telegram user id. ``due_at`` is the earliest time to send it.
    """

    recipient_id: int
    kind: Kind
    reservation_id: int
    due_at: datetime


def notifications_of(
    event: events.Event, now: datetime, warning_lead: timedelta
) -> tuple[Notification, ...]:
    """Return the notifications that an event causes."""
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
            # The provider was not notified of the hold, so its release is not reported either.
            return (Notification(to_provider, Kind.CANCELLED_BY_CLIENT, event.reservation.id, now),)
        case events.CancelledByProvider():
            return (Notification(to_client, Kind.CANCELLED_BY_PROVIDER, event.reservation.id, now),)
    return ()


def still_holds(kind: Kind, reservation: Reservation, now: datetime) -> bool:
    """Return whether a notification, checked again just before it is sent, still applies."""
    match kind:
        case Kind.HOLD_WARNING:
            return reservation.status is Status.HELD and reservation.alive(now)
        case Kind.HOLD_EXPIRED:
            return reservation.status is Status.EXPIRED
        case Kind.BOOKING_CONFIRMED:
            return reservation.status is Status.CONFIRMED
    return reservation.status is Status.CANCELLED
