"""The steps of booking: which provider, which day, which time."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from markupsafe import Markup

from bot.buttons import (
    BookingDay,
    BookingMonth,
    ChooseProvider,
    OtherTime,
    PickSlot,
    ProviderPage,
    ShowCard,
)
from bot.features.reservations.card import held_until
from bot.messages.screen import Button, Rows, Screen
from bot.ui.keyboards import button, grid, looked_at, month_calendar, pager, pages_of
from bot.ui.links import opening
from bot.ui.locale import Reader
from domain.provider import Provider
from domain.reservation import Reservation
from domain.timespan import TimeSpan

PROVIDERS_PER_PAGE = 8
TIMES_PER_PAGE = 24
_TIMES_PER_ROW = 4
_OWN = "📌"
_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Booking:
    """What every step carries: with whom, and the hold that is to be moved (0 for none).

    ``choice`` tells that there are other providers, ``kept`` is the hold itself while it lives.
    """

    provider: Provider
    moving: int = 0
    choice: bool = False
    kept: Reservation | None = None


def provider_list(
    reader: Reader, found: Sequence[Provider], *, page: int, pages: int, part: str = ""
) -> Screen:
    """Return a page of providers, all of them or those whose name has a part."""
    t = reader.t
    text = t("booking.providers_found", part=part) if part else t("booking.providers")
    rows = tuple((button(p.label, ChooseProvider(p.id, 0)),) for p in found)
    return Screen(text, (*rows, *pager(page, pages, ProviderPage)))


def calendar(
    reader: Reader,
    booking: Booking,
    month: date,
    days: Collection[date],
    offers: Sequence[TimeSpan],
    within: tuple[date, date],
) -> Screen:
    """Return the first offers and a month in which only days with free slots can be tapped.

    ``days`` are those with free slots, ``within`` the first and the last bookable day. If ``days``
    go on after the month, so does the calendar.
    """
    t, times = reader.t, reader.times
    if not offers:
        return _nothing_free(reader, booking)
    text = _kept(reader, booking) + t(
        "booking.calendar", provider=booking.provider.label, zone=times.zone_name
    )
    quick = _slot_rows(reader, booking, offers, mark="⚡ ")
    first, last = within
    rows = _month(reader, booking, month, days, first, last)
    if not any(day < _next_month(month) for day in days):
        # The arrows alone: weekdays above nothing would look like days that did not load.
        text += "\n\n" + t("booking.no_free_days", month=times.month(month))
        rows = rows[:1]
    if after := [day for day in days if day >= _next_month(month)]:
        following = _month(reader, booking, _next_month(month), days, first, max(after))
        rows = (*rows, (looked_at(times.month(_next_month(month))),), *following[2:])
    return Screen(text, (*quick, *rows, *_back(reader, booking)))


def _month(
    reader: Reader, booking: Booking, month: date, days: Collection[date], first: date, last: date
) -> Rows:
    """Return the calendar of one month: arrows, weekdays, then the weeks with free days."""
    provider, moving = booking.provider.id, booking.moving
    return month_calendar(
        reader.times,
        month,
        day=lambda d: button(str(d.day), BookingDay(provider, d, 0, moving)) if d in days else None,
        turn=lambda d: BookingMonth(provider, d, moving),
        first=first,
        last=last,
    )


def _next_month(month: date) -> date:
    """Return the first day of the month after the one that begins with this day."""
    return (month + timedelta(days=31)).replace(day=1)


def day_times(
    reader: Reader,
    booking: Booking,
    day: date,
    slots: Sequence[TimeSpan],
    own: Collection[TimeSpan],
    *,
    page: int,
    reason: str = "",
) -> Screen:
    """Return a day's free times, and the client's own, which are marked; ``reason`` says why a day can have none at all."""
    t, times = reader.t, reader.times
    everything = sorted({*slots, *own})
    pages = pages_of(everything, TIMES_PER_PAGE)
    page = min(page, pages - 1)
    shown = everything[page * TIMES_PER_PAGE : (page + 1) * TIMES_PER_PAGE]
    key = (
        "booking.day"
        if everything
        else "booking.day_out_of_reach"
        if reason
        else "booking.day_full"
    )
    values = {"reason": reason} if reason else {}
    text = _kept(reader, booking) + t(
        key, provider=booking.provider.label, day=times.day(day), zone=times.zone_name, **values
    )
    if own:
        text += "\n\n" + t("booking.own_times")
    buttons = (_time(reader, booking, slot, own=slot in own) for slot in shown)
    turn = pager(page, pages, lambda n: BookingDay(booking.provider.id, day, n, booking.moving))
    # From a day with nothing free the way leads to wherever something is.
    month = (
        BookingMonth(booking.provider.id, day.replace(day=1), booking.moving)
        if slots
        else _calendar(booking)
    )
    return Screen(
        text,
        (*grid(buttons, width=_TIMES_PER_ROW), *turn, (button(t.plain("button.back"), month),)),
    )


def with_nearest(
    reader: Reader, booking: Booking, screen: Screen, slots: Sequence[TimeSpan]
) -> Screen:
    """Return the screen of a day with the nearest free times on other days, if there are any."""
    if not slots:
        return screen
    rows = _slot_rows(reader, booking, slots)
    return Screen(f"{screen.text}\n\n{reader.t('booking.nearest')}", (*rows, *screen.rows))


def days_at(reader: Reader, booking: Booking, time: str, slots: Sequence[TimeSpan]) -> Screen:
    """Ask for the day of a time, by the slots that start at it."""
    t, times = reader.t, reader.times
    text = t("booking.which_day", provider=booking.provider.label, time=time, zone=times.zone_name)
    back = (button(t.plain("button.back"), _calendar(booking)),)
    return Screen(_kept(reader, booking) + text, (*_slot_rows(reader, booking, slots), back))


def nobody_to_book_with(reader: Reader, *, admin: bool) -> Screen:
    """Tell that there is no provider yet; an admin can change that."""
    return Screen(
        reader.t("booking.no_providers"), ((opening(reader, "invite"),),) if admin else ()
    )


def holding(reader: Reader, hold: Reservation, *, day: date | None = None) -> Screen:
    """Return what a client holds, with a way to another time, on the given day if there is one."""
    t, times = reader.t, reader.times
    text = t("booking.holding", slot=times.slot(hold.span), zone=times.zone_name)
    other = BookingDay(hold.provider_id, day, 0, hold.id) if day else OtherTime(hold.id)
    return Screen(text, ((button(t.plain("button.other_time"), other),),))


def move_offer(reader: Reader, hold: Reservation, slots: Sequence[TimeSpan], today: date) -> Screen:
    """Return what a client holds, with a button that moves it to each of these slots."""
    t, times = reader.t, reader.times
    text = t("booking.move", slot=times.slot(hold.span), zone=times.zone_name)
    return Screen(text, _moves(reader, hold, slots, today))


def not_free_to_move(
    reader: Reader, hold: Reservation, when: str, near: Sequence[TimeSpan], today: date
) -> Screen:
    """Return that a typed time is not free, with buttons that move a hold to the nearest ones."""
    t, times = reader.t, reader.times
    slot = times.slot(hold.span)
    text = t("booking.move_not_free", when=when, slot=slot, zone=times.zone_name)
    other = (button(t.plain("button.other_time"), OtherTime(hold.id)),)
    return Screen(text, (*_moves(reader, hold, near, today), other))


def _moves(reader: Reader, hold: Reservation, slots: Sequence[TimeSpan], today: date) -> Rows:
    """Return a row for each slot, with a button that moves a hold there.

    Only in the next six days does a weekday alone name the day.
    """
    t, times = reader.t, reader.times
    named = [
        times.weekday_time(slot.start)
        if times.day_of(slot.start) - today < _WEEK
        else times.short_slot(slot)
        for slot in slots
    ]
    return tuple(
        (
            button(
                t.plain("button.move_to", time=name),
                PickSlot(hold.provider_id, slot.start, hold.id),
            ),
        )
        for name, slot in zip(named, slots, strict=True)
    )


def _nothing_free(reader: Reader, booking: Booking) -> Screen:
    """Tell that a provider has nothing free, with a way to look again."""
    t = reader.t
    text = _kept(reader, booking) + t("booking.nothing_free", provider=booking.provider.label)
    return Screen(
        text,
        ((button(t.plain("booking.look_again"), _calendar(booking)),), *_back(reader, booking)),
    )


def _kept(reader: Reader, booking: Booking) -> Markup:
    """Return what is said first while a hold is moved: it is kept until then."""
    hold = booking.kept
    if hold is None or hold.expires_at is None:
        return Markup()
    return reader.t(
        "booking.kept", slot=reader.times.slot(hold.span), until=held_until(reader, hold)
    ) + Markup("\n\n")


def _slot_rows(
    reader: Reader, booking: Booking, slots: Sequence[TimeSpan], *, mark: str = ""
) -> Rows:
    """Return a row with a button for each slot, which names its day and its time."""
    provider, moving = booking.provider.id, booking.moving
    return tuple(
        (button(f"{mark}{reader.times.short_slot(s)}", PickSlot(provider, s.start, moving)),)
        for s in slots
    )


def _calendar(booking: Booking) -> ChooseProvider:
    """Return the way to the provider's calendar, where it has the soonest time."""
    return ChooseProvider(booking.provider.id, booking.moving)


def _time(reader: Reader, booking: Booking, slot: TimeSpan, *, own: bool) -> Button:
    """Return the button of a time."""
    label = reader.times.time(slot.start)
    return button(
        f"{_OWN} {label}" if own else label,
        PickSlot(booking.provider.id, slot.start, booking.moving),
    )


def _back(reader: Reader, booking: Booking) -> Rows:
    """Return a way back to the card of the hold that is moved, or to the providers where there are several."""
    label = reader.t.plain("button.back")
    if booking.moving:
        return ((button(label, ShowCard(booking.moving)),),)
    return ((button(label, ProviderPage(0)),),) if booking.choice else ()
