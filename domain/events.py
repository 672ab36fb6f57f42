"""What happened to a reservation, in the past tense.

Each event names the act that the history records, and the notifications that it causes, if any.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from domain.notification import Kind
from domain.reservation import Reservation


@dataclass(frozen=True, slots=True)
class Event:
    """A reservation after the act and ``before`` it; ``actor`` is None if its time has come."""

    reservation: Reservation
    before: Reservation | None
    actor: int | None

    act: ClassVar[str]
    notifies: ClassVar[Kind | None]
    also_notifies: ClassVar[Kind | None]

    def __init_subclass__(
        cls, *, act: str, notifies: Kind | None, also_notifies: Kind | None = None
    ) -> None:
        """Set the act and the kinds of notification."""
        cls.act, cls.notifies, cls.also_notifies = act, notifies, also_notifies

    def due_at(self, now: datetime, warning_lead: timedelta) -> datetime:  # noqa: ARG002
        """Return when the notification is due; ``warning_lead`` is before a hold's end."""
        return now


class SlotHeld(Event, act="held", notifies=Kind.HOLD_WARNING):
    """A client held a slot."""

    def due_at(self, now: datetime, warning_lead: timedelta) -> datetime:
        """Return when the hold is about to expire."""
        return (self.reservation.expires_at or now) - warning_lead


class HoldMoved(SlotHeld, act="moved", notifies=Kind.HOLD_WARNING):
    """A client moved their hold to another slot."""


class HoldConfirmed(Event, act="confirmed", notifies=Kind.BOOKING_CONFIRMED):
    """A client confirmed a hold."""


class VisitCompleted(Event, act="completed", notifies=None):
    """A visit is over."""


class HoldExpired(Event, act="expired", notifies=Kind.HOLD_EXPIRED):
    """A hold expired."""


class HoldReleased(Event, act="released", notifies=None):
    """A client released a hold, of which the provider did not know."""


class CancelledByClient(Event, act="cancelled", notifies=Kind.CANCELLED_BY_CLIENT):
    """A client cancelled a booking."""


class CancelledByProvider(
    Event,
    act="declined",
    notifies=Kind.CANCELLED_BY_PROVIDER,
    also_notifies=Kind.CANCELLED_BY_TEAM,
):
    """Someone who acts for a provider cancelled a client's reservation."""
