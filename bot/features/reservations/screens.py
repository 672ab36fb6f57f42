"""The screens of a client's upcoming reservations: the list, one of them, cancelling one."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from markupsafe import Markup

from bot.buttons.bookings import AskCancel, BookingsPage, CancelBooking, ShowBooking
from bot.buttons.people import Open
from bot.features.reservations.card import card, held_until
from bot.messages.screen import Button, Rows, Screen
from bot.ui.keyboards import button, pager, pages_of
from bot.ui.locale import UserLocale
from domain.provider import Provider
from domain.reservation import Reservation, Status

BOOKINGS_PER_PAGE = 8
_HELD, _BOOKED = "⏳", "✅"


def booking_list(
    locale: UserLocale,
    coming: Sequence[Reservation],
    providers: Mapping[int, Provider],
    *,
    page: int,
) -> Screen:
    """Return a page of the upcoming reservations, in order of start.

    ``providers`` maps ids to the providers of that page. A page beyond the last is the last.
    """
    t = locale.t
    if not coming:
        return Screen(t("bookings.none"), ((button(t.plain("button.book"), Open("book")),),))
    pages = pages_of(coming, BOOKINGS_PER_PAGE)
    page = min(page, pages - 1)
    shown = on_page(coming, page)
    lines = Markup("\n\n").join(_line(locale, r, providers[r.provider_id]) for r in shown)
    text = t("bookings.list", bookings=lines, zone=locale.in_zone(*providers.values()))
    rows = tuple((_entry(locale, r, providers[r.provider_id]),) for r in shown)
    return Screen(text, (*rows, *pager(page, pages, BookingsPage)))


def on_page(coming: Sequence[Reservation], page: int) -> Sequence[Reservation]:
    """Return the reservations on a page; a page beyond the last is the last."""
    page = min(page, pages_of(coming, BOOKINGS_PER_PAGE) - 1)
    return coming[page * BOOKINGS_PER_PAGE : (page + 1) * BOOKINGS_PER_PAGE]


def booking_details(
    locale: UserLocale, booking: Reservation, provider: Provider, now: datetime
) -> Screen:
    """Return a reservation's current state, with its buttons and a way back to the list."""
    shown = card(locale, booking, provider, now)
    rows: Rows = shown.rows
    if booking.status is Status.CONFIRMED:
        cancel = button(locale.t.plain("button.cancel_booking"), AskCancel(booking.id))
        rows = ((cancel,),) if now < booking.span.starts_at else ()
    if booking.released:
        return shown
    return Screen(shown.text, (*rows, (_back(locale, BookingsPage(0)),)))


def cancel_question(locale: UserLocale, booking: Reservation, provider: Provider) -> Screen:
    """Return the question whether to cancel a booking."""
    t, times = locale.t, locale.times
    text = t(
        "bookings.ask_cancel" if provider.reachable else "bookings.ask_cancel_untold",
        provider=provider.label,
        slot=times.slot(booking.span),
        zone=locale.in_zone(provider),
    )
    yes = button(t.plain("bookings.yes_cancel"), CancelBooking(booking.id))
    return Screen(text, ((yes,), (_back(locale, ShowBooking(booking.id)),)))


def _line(locale: UserLocale, reservation: Reservation, provider: Provider) -> Markup:
    """Return one reservation of the list: provider, time, and the end of a hold."""
    values = {"provider": provider.label, "slot": locale.times.slot(reservation.span)}
    if reservation.expires_at is not None:
        return locale.t("bookings.held", until=held_until(locale, reservation), **values)
    return locale.t("bookings.booked", **values)


def _entry(locale: UserLocale, reservation: Reservation, provider: Provider) -> Button:
    """Return the button of one reservation of the list."""
    mark = _HELD if reservation.status is Status.HELD else _BOOKED
    return button(
        f"{mark} {locale.times.short_slot(reservation.span)} · {provider.label}",
        ShowBooking(reservation.id),
    )


def _back(locale: UserLocale, where: BookingsPage | ShowBooking) -> Button:
    """Return a Back button."""
    return button(locale.t.plain("button.back"), where)
