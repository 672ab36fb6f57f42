"""Refusals: what a rule answers instead of doing what was asked.

Our exception hierarchy:

Refusal
  · booking: SlotTaken, SlotNotOffered, NoticeTooShort, BeyondHorizon, OwnSlot, ClientBusy, TooManyHolds
  · reservations: ReservationUnknown, HoldExpired, HoldReleased, ReservationCancelled, ReservationPast, AlreadyConfirmed
  · availability: OffGrid, TimeInPast, TooManyDays, NothingToPublish, DraftUnknown, DraftDiscarded, ZoneChanged
  · people: AdminOnly, ProviderOnly, ProviderUnknown, InvitationUnknown, InvitationUsed, InvitationExpired, AlreadyProvider, NameUnusable,
    ZoneUnknown

A refusal carries a ``code`` and plain values, never a sentence: the code is the key of the text that tells the person what to do next.
"""

from typing import ClassVar


class Refusal(Exception):
    """A rule said no. ``code`` names the reason; ``values`` are what its text may mention."""

    code: ClassVar[str]

    def __init__(self, **values: object) -> None:
        """Keep the values for the text."""
        super().__init__(self.code)
        self.values = values


class SlotTaken(Refusal):
    """Somebody else holds or has booked some of that time."""

    code = "slot_taken"


class SlotNotOffered(Refusal):
    """The provider does not work then, or no slot starts then."""

    code = "slot_not_offered"


class NoticeTooShort(Refusal):
    """The start is nearer than the notice period; ``notice_period`` is a timedelta."""

    code = "notice_too_short"


class BeyondHorizon(Refusal):
    """The start is farther away than the booking horizon; ``booking_horizon`` is a timedelta."""

    code = "beyond_horizon"


class OwnSlot(Refusal):
    """A provider tried to book with himself."""

    code = "own_slot"


class ClientBusy(Refusal):
    """The client has another hold or booking at that time."""

    code = "client_busy"


class TooManyHolds(Refusal):
    """The client already has as many live holds as one may; ``limit`` says how many."""

    code = "too_many_holds"


class ReservationUnknown(Refusal):
    """There is no such reservation, or it is not the actor's: the two look alike to strangers."""

    code = "reservation_unknown"


class HoldExpired(Refusal):
    """The hold ran out before it was confirmed; ``reservation`` is the hold."""

    code = "hold_expired"


class HoldReleased(Refusal):
    """The client gave the hold back before; ``reservation`` is the hold."""

    code = "hold_released"


class ReservationCancelled(Refusal):
    """The reservation was cancelled before; ``reservation`` is what it was."""

    code = "reservation_cancelled"


class AlreadyConfirmed(Refusal):
    """The hold is a booking by now; ``reservation`` is the one."""

    code = "already_confirmed"


class ReservationPast(Refusal):
    """The appointment has begun or is over; ``reservation`` is the one."""

    code = "reservation_past"


class OffGrid(Refusal):
    """Some hours do not lie on quarter-hours; ``suggestion`` is the nearest inward posting, or None."""

    code = "off_grid"


class TimeInPast(Refusal):
    """Some hours have passed; ``suggestion`` is the part that has not, or None."""

    code = "time_in_past"


class TooManyDays(Refusal):
    """More days at once than one posting may hold; ``limit`` says how many."""

    code = "too_many_days"


class NothingToPublish(Refusal):
    """The posting holds no real time."""

    code = "nothing_to_publish"


class DraftUnknown(Refusal):
    """There is no such draft, or it is not the actor's."""

    code = "draft_unknown"


class DraftDiscarded(Refusal):
    """The draft was discarded or undone before."""

    code = "draft_discarded"


class ZoneChanged(Refusal):
    """The provider has chosen another zone since the preview, in which the same hours are other times."""

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
    """Somebody else has accepted this invitation."""

    code = "invitation_used"


class InvitationExpired(Refusal):
    """The invitation is too old."""

    code = "invitation_expired"


class AlreadyProvider(Refusal):
    """The person is a provider already; the invitation stays unused."""

    code = "already_provider"


class NameUnusable(Refusal):
    """The public name is empty or too long; ``limit`` is the greatest length."""

    code = "name_unusable"


class NameReserved(Refusal):
    """The public name reads as that of a provider who shares theirs."""

    code = "name_reserved"


class ZoneUnknown(Refusal):
    """No IANA zone has this name."""

    code = "zone_unknown"
