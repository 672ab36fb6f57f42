"""The screens that offer to move a hold."""

from collections.abc import Sequence
from datetime import date, timedelta

from bot.buttons.booking import BookingDay, OtherTime, PickSlot
from bot.messages.screen import Rows, Screen
from bot.ui.keyboards import button
from bot.ui.locale import UserLocale
from domain.reservation import Reservation
from domain.timespan import TimeSpan

_WEEK = timedelta(days=7)


def holding(locale: UserLocale, hold: Reservation, *, day: date | None = None) -> Screen:
    """Return what a client holds, with a way to another time, on the given day if there is one."""
    t, times = locale.t, locale.times
    text = t("booking.holding", slot=times.slot(hold.span), zone=locale.in_zone())
    other = BookingDay(hold.provider_id, day, moving=hold.id) if day else OtherTime(hold.id)
    return Screen(text, ((button(t.plain("button.other_time"), other),),))


def move_offer(
    locale: UserLocale, hold: Reservation, slots: Sequence[TimeSpan], today: date
) -> Screen:
    """Return what a client holds, with a button that moves it to each of these slots."""
    t, times = locale.t, locale.times
    text = t("booking.move", slot=times.slot(hold.span), zone=locale.in_zone())
    return Screen(text, _moves(locale, hold, slots, today))


def not_free_to_move(
    locale: UserLocale, hold: Reservation, when: str, near: Sequence[TimeSpan], today: date
) -> Screen:
    """Return that a typed time is not free, with buttons that move a hold to the nearest ones."""
    t, times = locale.t, locale.times
    slot = times.slot(hold.span)
    text = t("booking.move_not_free", when=when, slot=slot, zone=locale.in_zone())
    other = (button(t.plain("button.other_time"), OtherTime(hold.id)),)
    return Screen(text, (*_moves(locale, hold, near, today), other))


def _moves(locale: UserLocale, hold: Reservation, slots: Sequence[TimeSpan], today: date) -> Rows:
    """Return a row for each slot, with a button that moves a hold there.

    Only in the next six days does a weekday alone name the day.
    """
    t, times = locale.t, locale.times
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
