"""What happened, in the past tense. ``domain/notification.py`` decides who is notified."""

from dataclasses import dataclass

from domain.reservation import Reservation


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a reservation.

    ``provider_client_id`` is the Telegram user id of its provider.
    """

    reservation: Reservation
    provider_client_id: int


class SlotHeld(Event):
    """A client held a slot, or moved their hold to another slot."""


class HoldConfirmed(Event):
    """A client confirmed a hold."""


class HoldExpired(Event):
    """A hold expired."""


class CancelledByClient(Event):
    """A client released a hold or cancelled a booking."""


class CancelledByProvider(Event):
    """A provider cancelled a client's reservation."""
