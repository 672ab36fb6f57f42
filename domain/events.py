"""What happened, in the past tense. ``domain/notification.py`` says who is told of it."""

from dataclasses import dataclass

from domain.reservation import Reservation


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a reservation; ``provider_client_id`` is its provider's Telegram user id."""

    reservation: Reservation
    provider_client_id: int


class SlotHeld(Event):
    """A client set a slot aside, or moved his hold to another."""


class HoldConfirmed(Event):
    """A client made a hold a booking."""


class HoldExpired(Event):
    """A hold ran out."""


class CancelledByClient(Event):
    """A client gave a hold back or cancelled a booking."""


class CancelledByProvider(Event):
    """A provider cancelled a client's reservation."""
