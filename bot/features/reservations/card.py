"""The card of a reservation: provider, time, deadline, and what the client can do."""

from datetime import datetime, timedelta

from bot.buttons import AskCancel, ChooseProvider, ConfirmHold, OtherTime, PickSlot, ReleaseHold
from bot.messages.screen import Rows, Screen
from bot.ui.keyboards import button
from bot.ui.links import opening
from bot.ui.locale import Reader
from domain.provider import Provider
from domain.reservation import Party, Reservation, Status

_SHORT_HOLD = timedelta(minutes=5)


def card(
    reader: Reader,
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
            reader,
            reservation,
            provider,
            _hold_again(reader, reservation, free=free),
        )
    match reservation.status:
        case Status.HELD:
            return hold_card(reader, reservation, provider, warned=warned)
        case Status.CONFIRMED if now < reservation.span.ends_at:
            return booked_card(reader, reservation, provider)
        case Status.CANCELLED:
            return _cancelled(reader, reservation, provider)
    return _ended_card("card.completed", reader, reservation, provider, ())


def hold_card(
    reader: Reader, hold: Reservation, provider: Provider, *, warned: bool = False
) -> Screen:
    """Return the card of a live hold."""
    t, until = reader.t, held_until(reader, hold)
    head = t("card.ending" if warned else "card.held", until=until)
    rows = (
        (button(t.plain("button.confirm"), ConfirmHold(hold.id)),),
        (
            button(t.plain("button.other_time"), OtherTime(hold.id)),
            button(t.plain("button.release"), ReleaseHold(hold.id)),
        ),
        (opening(reader, "bookings"),),
    )
    return Screen(
        f"{head}\n\n{_details(reader, hold, provider)}\n\n{t('card.held.next', until=until)}", rows
    )


def held_until(reader: Reader, hold: Reservation) -> str:
    """Return when a hold ends, with seconds if it lasts less than five minutes."""
    if hold.expires_at is None:
        return ""
    return reader.times.moment(
        hold.expires_at, seconds=hold.expires_at - hold.held_at < _SHORT_HOLD
    )


def booked_card(reader: Reader, booking: Reservation, provider: Provider) -> Screen:
    """Return the card of a confirmed booking."""
    t = reader.t
    rows = (
        (button(t.plain("button.cancel_booking"), AskCancel(booking.id)),),
        (opening(reader, "bookings"),),
    )
    return Screen(f"{t('card.confirmed')}\n\n{_details(reader, booking, provider)}", rows)


def _cancelled(reader: Reader, reservation: Reservation, provider: Provider) -> Screen:
    """Return the card of a reservation that was released or cancelled."""
    if reservation.released:
        key = "card.released"
    elif reservation.ended_by is Party.PROVIDER:
        key = "card.cancelled_by_provider"
    else:
        key = "card.cancelled"
    rows = book_again(reader, provider)
    if reservation.released:
        rows = (*rows, (opening(reader, "bookings"),))
    screen = _ended_card(key, reader, reservation, provider, rows)
    if not reservation.reason:
        return screen
    return Screen(
        f"{screen.text}\n\n{reader.t('card.reason', reason=reservation.reason)}", screen.rows
    )


def _ended_card(
    key: str, reader: Reader, reservation: Reservation, provider: Provider, rows: Rows
) -> Screen:
    """Return the card of a reservation that has ended."""
    return Screen(f"{reader.t(key)}\n\n{_details(reader, reservation, provider)}", rows)


def _details(reader: Reader, reservation: Reservation, provider: Provider) -> str:
    """Return the provider, the time and the time zone."""
    return reader.t(
        "card.what",
        provider=provider.label,
        slot=reader.times.slot(reservation.span),
        zone=reader.in_zone(provider),
    )


def _hold_again(reader: Reader, reservation: Reservation, *, free: bool) -> Rows:
    """Return buttons to hold the same time again, if it is free, and to choose another."""
    t = reader.t
    other = (button(t.plain("button.other_times"), ChooseProvider(reservation.provider_id, 0)),)
    again = (
        button(
            t.plain("button.take_again"),
            PickSlot(reservation.provider_id, reservation.span.start, 0),
        ),
    )
    return (again, other) if free else (other,)


def book_again(reader: Reader, provider: Provider) -> Rows:
    """Return a button to book with the same provider again."""
    return ((button(reader.t.plain("button.book_again"), ChooseProvider(provider.id, 0)),),)
