"""The card of a reservation: provider, time, deadline, and what the client can do."""

from datetime import datetime, timedelta

from bot.buttons.booking import ChooseProvider, ConfirmHold, OtherTime, PickSlot, ReleaseHold
from bot.buttons.bookings import AskCancel
from bot.messages.screen import Rows, Screen
from bot.ui.keyboards import button
from bot.ui.links import opening
from bot.ui.locale import UserLocale
from domain.provider import Provider
from domain.reservation import Party, Reservation, Status

_SHORT_HOLD = timedelta(minutes=5)


def card(
    locale: UserLocale,
    reservation: Reservation,
    provider: Provider,
    now: datetime,
    *,
    free: bool = False,
    warned: bool = False,
) -> Screen:
    """Return the card of a reservation in its current state.

    ``free`` is true if an expired hold's time can be held again, ``warned`` if a hold ends soon.
    """
    if reservation.expired(now):
        return _ended_card(
            "card.expired",
            locale,
            reservation,
            provider,
            hold_again(locale, reservation, free=free),
        )
    match reservation.status:
        case Status.HELD:
            return hold_card(locale, reservation, provider, warned=warned)
        case Status.CONFIRMED if now < reservation.span.ends_at:
            return booked_card(locale, reservation, provider)
        case Status.CANCELLED:
            return _cancelled(locale, reservation, provider)
    return _ended_card("card.completed", locale, reservation, provider, ())


def hold_card(
    locale: UserLocale, hold: Reservation, provider: Provider, *, warned: bool = False
) -> Screen:
    """Return the card of a live hold."""
    t, until = locale.t, held_until(locale, hold)
    head = t("card.ending" if warned else "card.held", until=until)
    rows = (
        (button(t.plain("button.confirm"), ConfirmHold(hold.id)),),
        (
            button(t.plain("button.other_time"), OtherTime(hold.id)),
            button(t.plain("button.release"), ReleaseHold(hold.id)),
        ),
        (opening(locale, "bookings"),),
    )
    return Screen(
        f"{head}\n\n{_details(locale, hold, provider)}\n\n{t('card.held.next', until=until)}", rows
    )


def held_until(locale: UserLocale, hold: Reservation) -> str:
    """Return when a hold ends, with seconds if it lasts less than five minutes."""
    if hold.expires_at is None:
        return ""
    return locale.times.moment(
        hold.expires_at, seconds=hold.expires_at - hold.held_at < _SHORT_HOLD
    )


def booked_card(locale: UserLocale, booking: Reservation, provider: Provider) -> Screen:
    """Return the card of a confirmed booking."""
    t = locale.t
    rows = (
        (button(t.plain("button.cancel_booking"), AskCancel(booking.id)),),
        (opening(locale, "bookings"),),
    )
    return Screen(f"{t('card.confirmed')}\n\n{_details(locale, booking, provider)}", rows)


def _cancelled(locale: UserLocale, reservation: Reservation, provider: Provider) -> Screen:
    """Return the card of a reservation that was released or cancelled."""
    if reservation.released:
        key = "card.released"
    elif reservation.ended_by is Party.PROVIDER:
        key = "card.cancelled_by_provider"
    else:
        key = "card.cancelled"
    rows = book_again(locale, provider)
    if reservation.released:
        rows = (*rows, (opening(locale, "bookings"),))
    screen = _ended_card(key, locale, reservation, provider, rows)
    if not reservation.reason:
        return screen
    return Screen(
        f"{screen.text}\n\n{locale.t('card.reason', reason=reservation.reason)}", screen.rows
    )


def _ended_card(
    key: str, locale: UserLocale, reservation: Reservation, provider: Provider, rows: Rows
) -> Screen:
    """Return the card of a reservation that has ended."""
    return Screen(f"{locale.t(key)}\n\n{_details(locale, reservation, provider)}", rows)


def _details(locale: UserLocale, reservation: Reservation, provider: Provider) -> str:
    """Return the provider, the time and the time zone."""
    return locale.t(
        "card.what",
        provider=provider.label,
        slot=locale.times.slot(reservation.span),
        zone=locale.in_zone(provider),
    )


def hold_again(locale: UserLocale, reservation: Reservation, *, free: bool) -> Rows:
    """Return buttons to hold the same time again, if it is free, and to choose another."""
    t = locale.t
    other = (button(t.plain("button.other_times"), ChooseProvider(reservation.provider_id)),)
    again = (
        button(
            t.plain("button.take_again"),
            PickSlot(reservation.provider_id, reservation.span.start),
        ),
    )
    return (again, other) if free else (other,)


def book_again(locale: UserLocale, provider: Provider) -> Rows:
    """Return a button to book with the same provider again."""
    return ((button(locale.t.plain("button.book_again"), ChooseProvider(provider.id)),),)
