"""Refusals: what a rule raises when it does not allow an action.

The exception hierarchy:

Refusal
  · booking: SlotTaken, SlotNotOffered, NoticeTooShort, BeyondHorizon, OwnSlot, ClientBusy,
    TooManyHolds
  · reservations: ReservationUnknown, HoldExpired, HoldReleased, ReservationCancelled,
    ReservationPast, AlreadyConfirmed
  · availability: OffGrid, TimeInPast, TooManyDays, NothingToPublish, DraftUnknown, DraftDiscarded,
    ZoneChanged
  · people: AdminOnly, ProviderOnly, ProviderUnknown, InvitationUnknown, InvitationUsed,
    InvitationExpired, AlreadyProvider, NameUnusable, NameReserved, ZoneUnknown

A refusal carries a ``code`` and plain values, never a sentence. The code is the key of the text
that tells the person what to do next.
"""

from typing import ClassVar


class Refusal(Exception):
    """A rule refused an action. ``code`` names the reason; its text may use ``values``."""

    code: ClassVar[str]

    def __init__(self, **values: object) -> None:
        """Store the values for the text."""
        super().__init__(self.code)
        self.values = values


class SlotTaken(Refusal):
    """Another client holds or has booked part of that time."""

    code = "slot_taken"


class SlotNotOffered(Refusal):
    """The provider has no hours then, or no slot starts at that time."""

    code = "slot_not_offered"


class NoticeTooShort(Refusal):
    """The start is closer than the notice period; ``notice_period`` is a timedelta."""

    code = "notice_too_short"


class BeyondHorizon(Refusal):
    """The start is beyond the booking horizon; ``booking_horizon`` is a timedelta."""

    code = "beyond_horizon"


class ProviderUnreachable(Refusal):
    """The bot can notify no one who acts for the provider, so they cannot be booked."""

    code = "provider_unreachable"


class OwnSlot(Refusal):
    """A provider tried to book their own slot."""

    code = "own_slot"


class ClientBusy(Refusal):
    """The client has another hold or booking at that time."""

    code = "client_busy"


class TooManyHolds(Refusal):
    """The client has reached the maximum number of live holds, ``limit``."""

    code = "too_many_holds"


class ReservationUnknown(Refusal):
    """The reservation does not exist or is not the actor's; the two are not distinguished."""

    code = "reservation_unknown"


class HoldExpired(Refusal):
    """The hold expired before it was confirmed; ``reservation`` is the hold."""

    code = "hold_expired"


class HoldReleased(Refusal):
    """The client already released the hold; ``reservation`` is the hold."""

    code = "hold_released"


class ReservationCancelled(Refusal):
    """The reservation is already cancelled; ``reservation`` is its last version."""

    code = "reservation_cancelled"


class AlreadyConfirmed(Refusal):
    """The hold is already confirmed; ``reservation`` is the booking."""

    code = "already_confirmed"


class ReservationPast(Refusal):
    """The appointment has begun or is over; ``reservation`` is that appointment."""

    code = "reservation_past"


class OffGrid(Refusal):
    """Some hours are off the grid; ``suggestion`` is the nearest inward posting, or None."""

    code = "off_grid"


class TimeInPast(Refusal):
    """Some hours are in the past; ``suggestion`` is the part that is not, or None."""

    code = "time_in_past"


class TooManyDays(Refusal):
    """The posting has more than ``limit`` days."""

    code = "too_many_days"


class NothingToPublish(Refusal):
    """The posting contains no real time."""

    code = "nothing_to_publish"


class DraftUnknown(Refusal):
    """The draft does not exist or is not the actor's."""

    code = "draft_unknown"


class DraftDiscarded(Refusal):
    """The draft was already discarded or undone."""

    code = "draft_discarded"


class ZoneChanged(Refusal):
    """The provider changed their zone after the preview, so the same hours mean other times."""

    code = "zone_changed"


class AdminOnly(Refusal):
    """Only an admin may do this."""

    code = "admin_only"


class ProviderOnly(Refusal):
    """Only a provider may do this."""

    code = "provider_only"


class ProviderUnknown(Refusal):
    """There is no such provider."""

    code = "provider_unknown"


class InvitationUnknown(Refusal):
    """No invitation has this code."""

    code = "invitation_unknown"


class InvitationUsed(Refusal):
    """Someone else has accepted this invitation."""

    code = "invitation_used"


class InvitationExpired(Refusal):
    """The invitation has expired."""

    code = "invitation_expired"


class AlreadyProvider(Refusal):
    """The person is already a provider; the invitation stays unused."""

    code = "already_provider"


class NameUnusable(Refusal):
    """The public name is empty or longer than ``limit`` characters."""

    code = "name_unusable"


class NameReserved(Refusal):
    """The public name looks like the label of a provider with a shared name."""

    code = "name_reserved"


class ZoneUnknown(Refusal):
    """No IANA zone has this name."""

    code = "zone_unknown"
