"""The living card of a reservation: what, with whom, when, until when, and what can be done about it."""

from datetime import datetime, timedelta

from bot.buttons import AskCancel, ChooseProvider, ConfirmHold, OtherTime, PickSlot, ReleaseHold
from bot.messages.screen import Rows, Screen
from bot.ui.keyboards import button
from bot.ui.links import opening
from bot.ui.locale import Reader
from domain.provider import Provider
from domain.reservation import Party, Reservation, Status

_SHORT = timedelta(minutes=5)


def card(
    reader: Reader,
    reservation: Reservation,
    provider: Provider,
    now: datetime,
    *,
    free: bool = False,
    warned: bool = False,
) -> Screen:
    """Return the card as the reservation stands; ``free`` tells that its time could be taken again, ``warned`` that its end is near."""
    if reservation.expired(now):
        return _over(
            "card.expired", reader, reservation, provider, _again(reader, reservation, free=free)
        )
    match reservation.status:
        case Status.HELD:
            return hold_card(reader, reservation, provider, warned=warned)
        case Status.CONFIRMED if now < reservation.span.ends_at:
            return booked_card(reader, reservation, provider)
        case Status.CANCELLED:
            return _cancelled(reader, reservation, provider)
    return _over("card.completed", reader, reservation, provider, ())


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
        f"{head}\n\n{_what(reader, hold, provider)}\n\n{t('card.held.next', until=until)}", rows
    )


def held_until(reader: Reader, hold: Reservation) -> str:
    """Return when a hold ends, to the second where it is short."""
    if hold.expires_at is None:
        return ""
    return reader.times.moment(hold.expires_at, seconds=hold.expires_at - hold.held_at < _SHORT)


def booked_card(reader: Reader, booking: Reservation, provider: Provider) -> Screen:
    """Return the card of a confirmed booking."""
    t = reader.t
    rows = (
        (button(t.plain("button.cancel_booking"), AskCancel(booking.id)),),
        (opening(reader, "bookings"),),
    )
    return Screen(f"{t('card.confirmed')}\n\n{_what(reader, booking, provider)}", rows)


def _cancelled(reader: Reader, reservation: Reservation, provider: Provider) -> Screen:
    """Return the card of a reservation that somebody ended."""
    if reservation.released:
        key = "card.released"
    elif reservation.ended_by is Party.PROVIDER:
        key = "card.cancelled_by_provider"
    else:
        key = "card.cancelled"
    rows = book_again(reader, provider)
    if reservation.released:
        rows = (*rows, (opening(reader, "bookings"),))
    screen = _over(key, reader, reservation, provider, rows)
    if not reservation.reason:
        return screen
    return Screen(
        f"{screen.text}\n\n{reader.t('card.reason', reason=reservation.reason)}", screen.rows
    )


def _over(
    key: str, reader: Reader, reservation: Reservation, provider: Provider, rows: Rows
) -> Screen:
    """Return the card of something that is over."""
    return Screen(f"{reader.t(key)}\n\n{_what(reader, reservation, provider)}", rows)


def _what(reader: Reader, reservation: Reservation, provider: Provider) -> str:
    """Return what, with whom and when, the zone named."""
    return reader.t(
        "card.what",
        provider=provider.label,
        slot=reader.times.slot(reservation.span),
        zone=reader.times.zone_name,
    )


def _again(reader: Reader, reservation: Reservation, *, free: bool) -> Rows:
    """Return a way to take the same time again where it is free, and a way to any other."""
    t = reader.t
    other = (button(t.plain("button.other_time"), ChooseProvider(reservation.provider_id, 0)),)
    again = (
        button(
            t.plain("button.take_again"),
            PickSlot(reservation.provider_id, reservation.span.start, 0),
        ),
    )
    return (again, other) if free else (other,)


def book_again(reader: Reader, provider: Provider) -> Rows:
    """Return a way to book with the same provider again."""
    return ((button(reader.t.plain("button.book_again"), ChooseProvider(provider.id, 0)),),)
