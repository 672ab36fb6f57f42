"""Refusals: what a rule raises when it does not allow an action.

A refusal carries a ``code`` and plain values, never a sentence. The code is the key of the text
that tells the person what to do next. Callers catch one refusal, or a branch of the tree:

Refusal
  · NotYours: ReservationUnknown, DraftUnknown, ProviderUnknown, AssistantUnknown,
    InvitationUnknown, OwnSlot, AdminOnly, ProviderOnly
  · Over
    · ReservationOver: HoldExpired, HoldReleased, ReservationCancelled, ReservationPast,
      AlreadyConfirmed
    · DraftDiscarded, ZoneChanged, InvitationUsed, InvitationExpired, AlreadyProvider,
      AlreadyActing, OwnAssistant, AlreadyAdmin, LastReachable, ProviderHasAccount
  · NotFree: SlotTaken, SlotNotOffered, ProviderUnreachable, ClientBusy, TooManyHolds,
    NoOneNotified
  · OutOfWindow: NoticeTooShort, BeyondHorizon, TimeInPast
  · BadInput: OffGrid, TooManyDays, NothingToPublish, NameUnusable, NameReserved,
    PhoneUnusable, ZoneUnknown
"""

from typing import ClassVar


class Refusal(Exception):
    """A rule refused an action. ``code`` names the reason; its text may use ``values``."""

    code: ClassVar[str]

    def __init__(self, **values: object) -> None:
        """Store the values for the text."""
        super().__init__(self.code)
        self.values = values


class NotYours(Refusal):
    """It does not exist for this person, or only others may do it."""


class Over(Refusal):
    """It was possible before; what it was about has changed since."""


class ReservationOver(Over):
    """A button is outdated: the ``reservation`` is no longer what it was."""


class NotFree(Refusal):
    """The time cannot be held by this client."""


class OutOfWindow(Refusal):
    """The time is too soon, too far ahead or past."""


class BadInput(Refusal):
    """What was typed or chosen cannot be used; other input can."""


class NoOneNotified(NotFree):
    """Without the actor, no one would be notified of the bookings of ``provider``, a label."""

    code = "no_one_notified"


class SlotTaken(NotFree):
    """Another client holds or has booked part of that time."""

    code = "slot_taken"


class SlotNotOffered(NotFree):
    """The provider has no hours then, or no slot starts at that time."""

    code = "slot_not_offered"


class NoticeTooShort(OutOfWindow):
    """The start is closer than the notice period; ``notice_period`` is a timedelta."""

    code = "notice_too_short"


class BeyondHorizon(OutOfWindow):
    """The start is beyond the booking horizon; ``booking_horizon`` is a timedelta."""

    code = "beyond_horizon"


class ProviderUnreachable(NotFree):
    """The bot can notify no one who acts for the provider, so they cannot be booked."""

    code = "provider_unreachable"


class OwnSlot(NotYours):
    """A provider tried to book their own slot."""

    code = "own_slot"


class ClientBusy(NotFree):
    """The client has another hold or booking at that time."""

    code = "client_busy"


class TooManyHolds(NotFree):
    """The client has reached the maximum number of live holds, ``limit``."""

    code = "too_many_holds"


class ReservationUnknown(NotYours):
    """The reservation does not exist or is not the actor's; the two are not distinguished."""

    code = "reservation_unknown"


class HoldExpired(ReservationOver):
    """The hold expired before it was confirmed; ``reservation`` is the hold."""

    code = "hold_expired"


class HoldReleased(ReservationOver):
    """The client already released the hold; ``reservation`` is the hold."""

    code = "hold_released"


class ReservationCancelled(ReservationOver):
    """The reservation is already cancelled; ``reservation`` is its last version."""

    code = "reservation_cancelled"


class AlreadyConfirmed(ReservationOver):
    """The hold is already confirmed; ``reservation`` is the booking."""

    code = "already_confirmed"


class ReservationPast(ReservationOver):
    """The appointment has begun or is over; ``reservation`` is that appointment."""

    code = "reservation_past"


class OffGrid(BadInput):
    """Some hours are off the grid; ``suggestion`` is the nearest inward posting, or None."""

    code = "off_grid"


class TimeInPast(OutOfWindow):
    """Some hours are in the past; ``suggestion`` is the part that is not, or None."""

    code = "time_in_past"


class TooManyDays(BadInput):
    """The posting has more than ``limit`` days."""

    code = "too_many_days"


class NothingToPublish(BadInput):
    """The posting contains no real time."""

    code = "nothing_to_publish"


class DraftUnknown(NotYours):
    """The draft does not exist or is not the actor's."""

    code = "draft_unknown"


class DraftDiscarded(Over):
    """The draft was already discarded or undone."""

    code = "draft_discarded"


class ZoneChanged(Over):
    """The provider changed their zone after the preview, so the same hours mean other times."""

    code = "zone_changed"


class AdminOnly(NotYours):
    """Only an admin may do this."""

    code = "admin_only"


class ProviderOnly(NotYours):
    """Only a provider may do this."""

    code = "provider_only"


class ProviderUnknown(NotYours):
    """There is no such provider."""

    code = "provider_unknown"


class AssistantUnknown(NotYours):
    """This person does not assist this provider."""

    code = "assistant_unknown"


class InvitationUnknown(NotYours):
    """No invitation has this code."""

    code = "invitation_unknown"


class InvitationUsed(Over):
    """Someone else has accepted this invitation."""

    code = "invitation_used"


class InvitationExpired(Over):
    """The invitation has expired."""

    code = "invitation_expired"


class AlreadyProvider(Over):
    """The person is already a provider; the invitation stays unused."""

    code = "already_provider"


class AlreadyActing(Over):
    """The person already acts for ``provider``, a label; the invitation stays unused."""

    code = "already_acting"


class OwnAssistant(Over):
    """A provider would become their own assistant; the invitation stays unused."""

    code = "own_assistant"


class AlreadyAdmin(Over):
    """The person is already an admin; the invitation stays unused."""

    code = "already_admin"


class LastReachable(Over):
    """Without this assistant, the bot can notify no one of the provider's bookings."""

    code = "last_reachable"


class ProviderHasAccount(Over):
    """The provider has a Telegram account, with which they choose their time zone themselves."""

    code = "provider_has_account"


class NameUnusable(BadInput):
    """The public name is empty or longer than ``limit`` characters."""

    code = "name_unusable"


class PhoneUnusable(BadInput):
    """The text is no phone number."""

    code = "phone_unusable"


class NameReserved(BadInput):
    """The public name looks like the label of a provider with a shared name."""

    code = "name_reserved"


class ZoneUnknown(BadInput):
    """No IANA zone has this name."""

    code = "zone_unknown"
