"""Say what a rule refused, as a sentence or as a message with the next step.

The code of a refusal names its text, and its values fill the text in.
"""

from datetime import timedelta

from bot.messages.screen import Rows, Screen
from bot.ui.links import openings
from bot.ui.locale import UserLocale
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
    errors.ProviderUnreachable: "book",
    errors.OwnSlot: "agenda",
    errors.AlreadyProvider: "hours",
    errors.AlreadyActing: "hours",
    errors.AlreadyAdmin: "invite",
    errors.AssistantUnknown: "invite",
    errors.LastReachable: "invite",
    errors.DraftUnknown: "hours",
    errors.DraftDiscarded: "hours",
    errors.ZoneUnknown: "settings",
    errors.ProviderHasAccount: "settings",
}


def refusal_text(locale: UserLocale, refusal: errors.Refusal, *, admin: bool = False) -> str:
    """Return the sentence for a refusal, which names the next step; admins have other ones."""
    if admin and isinstance(refusal, errors.ProviderOnly):
        return locale.t.plain("refusal.provider_only_admin")
    values = {name: _readable(locale, value) for name, value in refusal.values.items()}
    return locale.t.plain(f"refusal.{refusal.code}", **values)


def refused(locale: UserLocale, refusal: errors.Refusal, *, admin: bool = False) -> Screen:
    """Return a refusal as a message: its sentence, and the button of the command it names."""
    sentence = refusal_text(locale, refusal, admin=admin)
    return Screen(locale.t("refusal", sentence=sentence), ways_on(locale, refusal, admin=admin))


def ways_on(locale: UserLocale, refusal: errors.Refusal, *, admin: bool = False) -> Rows:
    """Return the button of the command that a refusal names, if it names one."""
    command = (
        "invite"
        if admin and isinstance(refusal, errors.ProviderOnly)
        else _LEADS_TO.get(type(refusal))
    )
    return openings(locale, (command,)) if command else ()


def _readable(locale: UserLocale, value: object) -> object:
    """Return a value as a sentence shows it."""
    return locale.times.duration(value) if isinstance(value, timedelta) else value
