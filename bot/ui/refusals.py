"""Say what a rule refused, as a sentence or as a message with the next step.

The code of a refusal names its text, and its values fill the text in.
"""

from datetime import timedelta

from bot.messages.screen import Rows, Screen
from bot.ui.command_menu import Roles
from bot.ui.links import openings
from bot.ui.locale import UserLocale
from domain import errors

_CLIENT = Roles()
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


def refusal_text(locale: UserLocale, refusal: errors.Refusal, roles: Roles = _CLIENT) -> str:
    """Return the sentence for a refusal, which names the next step; some depend on the roles."""
    values = {name: _readable(locale, value) for name, value in refusal.values.items()}
    return locale.t.plain(_key(refusal, roles), **values)


def refused(locale: UserLocale, refusal: errors.Refusal, roles: Roles = _CLIENT) -> Screen:
    """Return a refusal as a message: its sentence, and the button of the command it names."""
    sentence = refusal_text(locale, refusal, roles)
    return Screen(locale.t("refusal", sentence=sentence), ways_on(locale, refusal, roles))


def ways_on(locale: UserLocale, refusal: errors.Refusal, roles: Roles = _CLIENT) -> Rows:
    """Return the button of the command that a refusal names, if it names one."""
    command = (
        "invite"
        if roles.admin and isinstance(refusal, errors.ProviderOnly)
        else _LEADS_TO.get(type(refusal))
    )
    own = roles.provider is not None or not roles.acts
    return openings(locale, (command,), own=own) if command else ()


def _key(refusal: errors.Refusal, roles: Roles) -> str:
    """Return the key of the sentence for a refusal."""
    if roles.admin and isinstance(refusal, errors.ProviderOnly):
        return "refusal.provider_only_admin"
    own = roles.provider.label if roles.provider else None
    if isinstance(refusal, errors.NoOneNotified) and refusal.values["provider"] == own:
        return "refusal.no_one_notified_own"
    return f"refusal.{refusal.code}"


def _readable(locale: UserLocale, value: object) -> object:
    """Return a value as a sentence shows it."""
    return locale.times.duration(value) if isinstance(value, timedelta) else value
