"""The screens of notifications: what another person did, or what fell due."""

from datetime import timedelta

from bot.buttons import ConfirmHold, OpenAgendaDay, PickSlot
from bot.features.reservations.card import book_again, held_until
from bot.messages.screen import Screen
from bot.ui.keyboards import button
from bot.ui.locale import Reader
from domain.client import Client
from domain.provider import Provider
from domain.reservation import Reservation


def hold_warning(reader: Reader, hold: Reservation, provider: Provider, left: timedelta) -> Screen:
    """Tell a client that their hold is about to expire."""
    t, times = reader.t, reader.times
    until, slot = held_until(reader, hold), times.slot(hold.span)
    text = t(
        "news.hold_warning",
        left=times.duration(left),
        until=until,
        provider=provider.label,
        slot=slot,
        zone=reader.in_zone(provider),
    )
    return Screen(text, ((button(t.plain("button.confirm"), ConfirmHold(hold.id)),),))


def hold_expired(reader: Reader, hold: Reservation, provider: Provider, *, free: bool) -> Screen:
    """Tell a client that their hold expired; offer to hold the slot again if it is free."""
    t, times = reader.t, reader.times
    text = t(
        "news.hold_expired",
        provider=provider.label,
        slot=times.slot(hold.span),
        zone=reader.in_zone(provider),
    )
    again = (
        (button(t.plain("button.take_again"), PickSlot(hold.provider_id, hold.span.start, 0)),),
    )
    return Screen(text, again if free else book_again(reader, provider))


def booking_confirmed(reader: Reader, booking: Reservation, client: Client) -> Screen:
    """Tell a provider of a new booking."""
    return _for_provider("news.booking_confirmed", reader, booking, client)


def cancelled_by_client(reader: Reader, booking: Reservation, client: Client) -> Screen:
    """Tell a provider that a client cancelled."""
    return _for_provider("news.cancelled_by_client", reader, booking, client)


def cancelled_by_provider(reader: Reader, reservation: Reservation, provider: Provider) -> Screen:
    """Tell a client that the provider cancelled, with the reason if there is one."""
    t, times = reader.t, reader.times
    text = t(
        "news.cancelled_by_provider",
        provider=provider.label,
        slot=times.slot(reservation.span),
        zone=reader.in_zone(provider),
    )
    if reservation.reason:
        text += "\n\n" + t("card.reason", reason=reservation.reason)
    return Screen(text, book_again(reader, provider))


def _for_provider(key: str, reader: Reader, booking: Reservation, client: Client) -> Screen:
    """Tell a provider what a client did, with a button for that day's agenda."""
    t, times = reader.t, reader.times
    text = t(key, client=client.name, slot=times.slot(booking.span), zone=reader.in_zone(client))
    return Screen(
        text,
        ((button(t.plain("button.agenda_day"), OpenAgendaDay(times.day_of(booking.span.start))),),),
    )
