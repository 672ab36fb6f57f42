"""The screens of notifications: what another person did, or what fell due."""

from datetime import timedelta

from bot.buttons.agenda import OpenAgendaDay
from bot.buttons.booking import ConfirmHold
from bot.features.reservations.card import book_again, held_until, hold_again
from bot.messages.screen import Screen
from bot.ui.command_menu import Roles
from bot.ui.keyboards import button
from bot.ui.links import what_next
from bot.ui.locale import UserLocale
from domain.invitation import InvitationKind
from domain.person import Person
from domain.provider import Provider
from domain.reservation import Reservation

_JOINED = {
    InvitationKind.PROVIDER: "news.joined_provider",
    InvitationKind.ASSISTANT: "news.joined_assistant",
    InvitationKind.HANDOVER: "news.joined_handover",
    InvitationKind.ADMIN: "news.joined_admin",
}


def hold_warning(
    locale: UserLocale, hold: Reservation, provider: Provider, left: timedelta
) -> Screen:
    """Tell a client that their hold is about to expire."""
    t, times = locale.t, locale.times
    until, slot = held_until(locale, hold), times.slot(hold.span)
    text = t(
        "news.hold_warning",
        left=times.duration(left),
        until=until,
        provider=provider.label,
        slot=slot,
        zone=locale.in_zone(provider),
    )
    return Screen(text, ((button(t.plain("button.confirm"), ConfirmHold(hold.id)),),))


def hold_expired(
    locale: UserLocale, hold: Reservation, provider: Provider, *, free: bool
) -> Screen:
    """Tell a client that their hold expired; offer to hold the slot again if it is free."""
    t, times = locale.t, locale.times
    text = t(
        "news.hold_expired",
        provider=provider.label,
        slot=times.slot(hold.span),
        zone=locale.in_zone(provider),
    )
    return Screen(text, hold_again(locale, hold, free=free))


def booking_confirmed(
    locale: UserLocale, booking: Reservation, client: Person, provider: Provider | None = None
) -> Screen:
    """Tell of a new booking, and with which provider if that is not clear."""
    return _for_provider("news.booking_confirmed", locale, booking, client, provider)


def cancelled_by_client(
    locale: UserLocale, booking: Reservation, client: Person, provider: Provider | None = None
) -> Screen:
    """Tell that a client cancelled, and which provider's booking if that is not clear."""
    return _for_provider("news.cancelled_by_client", locale, booking, client, provider)


def cancelled_by_team(
    locale: UserLocale,
    booking: Reservation,
    client: Person,
    actor: Person,
    provider: Provider | None = None,
) -> Screen:
    """Tell who else cancelled for the provider, and which provider's booking if not clear."""
    return _for_provider(
        "news.cancelled_by_team", locale, booking, client, provider, actor=actor.name
    )


def cancelled_by_provider(
    locale: UserLocale, reservation: Reservation, provider: Provider
) -> Screen:
    """Tell a client that the provider cancelled, with the reason if there is one."""
    t, times = locale.t, locale.times
    text = t(
        "news.cancelled_by_provider",
        provider=provider.label,
        slot=times.slot(reservation.span),
        zone=locale.in_zone(provider),
    )
    if reservation.reason:
        text += "\n\n" + t("card.reason", reason=reservation.reason)
    return Screen(text, book_again(locale, provider))


def someone_joined(
    locale: UserLocale, kind: InvitationKind, name: str, provider: Provider | None
) -> Screen:
    """Say who accepted an invitation, and what they are now."""
    return Screen(locale.t(_JOINED[kind], name=name, provider=provider.label if provider else ""))


def someone_left(locale: UserLocale, name: str, provider: Provider) -> Screen:
    """Say who assists a provider no longer."""
    return Screen(locale.t("news.left", name=name, provider=provider.label))


def assistant_removed(locale: UserLocale, provider: Provider, roles: Roles) -> Screen:
    """Tell a former assistant that they were removed, with buttons for the ``roles`` they have."""
    text = locale.t("news.assistant_removed", provider=provider.label)
    return Screen(text, what_next(locale, roles))


def handed_over(locale: UserLocale, provider: Provider, roles: Roles) -> Screen:
    """Tell a provider's former account that another one took over, like ``assistant_removed``."""
    text = locale.t("news.handed_over", provider=provider.label)
    return Screen(text, what_next(locale, roles))


def _for_provider(
    key: str,
    locale: UserLocale,
    booking: Reservation,
    client: Person,
    provider: Provider | None,
    **names: str,
) -> Screen:
    """Say what became of a booking, in the provider's zone, with a button for that day's agenda."""
    t, times = locale.t, locale.times
    slot, zone = times.slot(booking.span), locale.in_zone(client)
    text = t(key, client=client.name, slot=slot, zone=zone, **names)
    if booking.reason:
        text += "\n" + t("card.reason", reason=booking.reason)
    if provider is not None:
        text = t("news.of_provider", provider=provider.label, text=text)
    day = OpenAgendaDay(times.day_of(booking.span.start), booking.provider_id)
    return Screen(text, ((button(t.plain("button.agenda_day"), day),),))
