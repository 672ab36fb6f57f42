"""Screens of refusals: the sentence, and a button for the command it names."""

from bot.messages.screen import Rows, Screen
from bot.ui.links import openings
from bot.ui.locale import Reader
from bot.ui.refusals import refusal_text
from domain import errors

_LEADS_TO: dict[type[errors.Refusal], str] = {
    errors.TooManyHolds: "bookings",
    errors.ClientBusy: "bookings",
    errors.AlreadyConfirmed: "bookings",
    errors.ReservationUnknown: "bookings",
    errors.HoldExpired: "book",
    errors.HoldReleased: "book",
    errors.ReservationCancelled: "book",
    errors.ProviderUnknown: "book",
    errors.OwnSlot: "agenda",
    errors.AlreadyProvider: "hours",
    errors.DraftUnknown: "hours",
    errors.DraftDiscarded: "hours",
    errors.ZoneUnknown: "settings",
}


def refused(reader: Reader, refusal: errors.Refusal, *, admin: bool = False) -> Screen:
    """Return the screen of a refusal."""
    sentence = refusal_text(reader, refusal, admin=admin)
    return Screen(reader.t("refusal", sentence=sentence), ways_on(reader, refusal, admin=admin))


def ways_on(reader: Reader, refusal: errors.Refusal, *, admin: bool = False) -> Rows:
    """Return the button of the command that a refusal names, if it names one."""
    command = (
        "invite"
        if admin and isinstance(refusal, errors.ProviderOnly)
        else _LEADS_TO.get(type(refusal))
    )
    return openings(reader, (command,)) if command else ()
