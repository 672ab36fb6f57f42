"""The screens of booking: which provider, which day, which time."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from markupsafe import Markup

from bot.buttons.booking import (
    BookingDay,
    BookingMonth,
    ChooseProvider,
    PickSlot,
    ProviderPage,
    ShowCard,
)
from bot.features.reservations.card import held_until
from bot.messages.screen import Button, Rows, Screen
from bot.ui.keyboards import button, grid, looked_at, month_calendar, pager, pages_of
from bot.ui.links import opening
from bot.ui.locale import UserLocale
from domain.provider import Provider
from domain.reservation import Reservation
from domain.timespan import TimeSpan

PROVIDERS_PER_PAGE = 8
TIMES_PER_PAGE = 24
_TIMES_PER_ROW = 4
_OWN_MARK = "📌"


@dataclass(frozen=True, slots=True)
class Booking:
    """The provider to book with, and the hold to move, if any.

    ``others`` is true if there are other providers; ``kept`` is the hold while it is live.
    """

    provider: Provider
    moving: int | None = None
    others: bool = False
    kept: Reservation | None = None


def provider_list(
    locale: UserLocale, found: Sequence[Provider], *, page: int, pages: int, part: str = ""
) -> Screen:
    """Return a page of providers: all of them, or those whose names contain ``part``."""
    t = locale.t
    text = t("booking.providers_found", part=part) if part else t("booking.providers")
    rows = tuple((button(p.label, ChooseProvider(p.id)),) for p in found)
    return Screen(text, (*rows, *pager(page, pages, ProviderPage)))


def calendar(
    locale: UserLocale,
    booking: Booking,
    month: date,
    days: Collection[date],
    offers: Sequence[TimeSpan],
    within: tuple[date, date],
) -> Screen:
    """Return the first offers and a month in which only days with free slots can be tapped.

    ``days`` are the days with free slots, ``within`` is the first and the last bookable day.
    If ``days`` continue after the month, the calendar does too.
    """
    t, times = locale.t, locale.times
    if not offers:
        return _nothing_free(locale, booking)
    text = _kept_text(locale, booking) + t(
        "booking.calendar",
        provider=booking.provider.label,
        zone=locale.in_zone(booking.provider),
    )
    quick = _slot_rows(locale, booking, offers, mark="⚡ ")
    first, last = within
    rows = _month(locale, booking, month, days, first, last)
    if not any(day < _next_month(month) for day in days):
        # Weekdays without days below them would look as if the days had failed to load.
        text += "\n\n" + t("booking.no_free_days", month=times.month(month))
        rows = rows[:1]
    if after := [day for day in days if day >= _next_month(month)]:
        following = _month(locale, booking, _next_month(month), days, first, max(after))
        rows = (*rows, (looked_at(times.month(_next_month(month))),), *following[2:])
    return Screen(text, (*quick, *rows, *_back(locale, booking)))


def _month(
    locale: UserLocale,
    booking: Booking,
    month: date,
    days: Collection[date],
    first: date,
    last: date,
) -> Rows:
    """Return the calendar of one month: arrows, weekdays, then the weeks with free days."""
    provider, moving = booking.provider.id, booking.moving
    return month_calendar(
        locale.times,
        month,
        day=lambda d: (
            button(str(d.day), BookingDay(provider, d, moving=moving)) if d in days else None
        ),
        turn=lambda d: BookingMonth(provider, d, moving),
        first=first,
        last=last,
    )


def _next_month(month: date) -> date:
    """Return the first day of the month after the one that begins with this day."""
    return (month + timedelta(days=31)).replace(day=1)


def day_times(
    locale: UserLocale,
    booking: Booking,
    day: date,
    slots: Sequence[TimeSpan],
    own: Collection[TimeSpan],
    *,
    page: int,
    reason: str = "",
    full: bool = False,
) -> Screen:
    """Return a day's free times and, marked, the client's own.

    ``reason`` says why the day cannot have any free time. ``full`` is true if the provider works
    then, but all times are taken.
    """
    t, times = locale.t, locale.times
    all_times = sorted({*slots, *own})
    pages = pages_of(all_times, TIMES_PER_PAGE)
    page = min(page, pages - 1)
    shown = all_times[page * TIMES_PER_PAGE : (page + 1) * TIMES_PER_PAGE]
    empty = "booking.day_full" if full else "booking.day_nothing_free"
    key = "booking.day" if all_times else "booking.day_out_of_reach" if reason else empty
    values = {"reason": reason} if reason else {}
    text = _kept_text(locale, booking) + t(
        key,
        provider=booking.provider.label,
        day=times.day(day),
        zone=locale.in_zone(booking.provider),
        **values,
    )
    if own:
        text += "\n\n" + t("booking.own_times")
    buttons = (_time_button(locale, booking, slot, own=slot in own) for slot in shown)
    turn = pager(page, pages, lambda n: BookingDay(booking.provider.id, day, n, booking.moving))
    # From a day without free times, Back leads to the month of the soonest slot.
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
    locale: UserLocale, booking: Booking, screen: Screen, slots: Sequence[TimeSpan]
) -> Screen:
    """Return the screen of a day with the free times nearest to it."""
    if not slots:
        return screen
    rows = _slot_rows(locale, booking, slots)
    return Screen(f"{screen.text}\n\n{locale.t('booking.nearest')}", (*rows, *screen.rows))


def days_at(locale: UserLocale, booking: Booking, time: str, slots: Sequence[TimeSpan]) -> Screen:
    """Return the question on which day a time is meant, with the slots that start then."""
    t = locale.t
    in_zone = locale.in_zone(booking.provider)
    text = t("booking.which_day", provider=booking.provider.label, time=time, zone=in_zone)
    back = (button(t.plain("button.back"), _calendar(booking)),)
    return Screen(_kept_text(locale, booking) + text, (*_slot_rows(locale, booking, slots), back))


def which_day(locale: UserLocale, booking: Booking, days: Sequence[date]) -> Screen:
    """Return the question which of the days of a date like 12/7 is meant."""
    provider, moving = booking.provider.id, booking.moving
    return Screen(
        locale.t("booking.two_days"),
        tuple(
            (button(locale.times.day(day), BookingDay(provider, day, moving=moving)),)
            for day in days
        ),
    )


def no_providers(locale: UserLocale, *, admin: bool) -> Screen:
    """Return that there is no provider yet; an admin can invite one."""
    return Screen(
        locale.t("booking.no_providers"), ((opening(locale, "invite"),),) if admin else ()
    )


def no_such_provider(locale: UserLocale, part: str) -> Screen:
    """Return that no provider's name has this part, with a button to all of them."""
    t = locale.t
    return Screen(
        t("booking.no_such_provider", part=part),
        ((button(t.plain("button.all_providers"), ProviderPage(0)),),),
    )


def _nothing_free(locale: UserLocale, booking: Booking) -> Screen:
    """Return that a provider has no free times, with a button to look again."""
    t = locale.t
    text = _kept_text(locale, booking) + t("booking.nothing_free", provider=booking.provider.label)
    return Screen(
        text,
        ((button(t.plain("booking.look_again"), _calendar(booking)),), *_back(locale, booking)),
    )


def _kept_text(locale: UserLocale, booking: Booking) -> Markup:
    """Return that a hold is kept while it is moved, or nothing if none is."""
    hold = booking.kept
    if hold is None or hold.expires_at is None:
        return Markup()
    return locale.t(
        "booking.kept", slot=locale.times.slot(hold.span), until=held_until(locale, hold)
    ) + Markup("\n\n")


def _slot_rows(
    locale: UserLocale, booking: Booking, slots: Sequence[TimeSpan], *, mark: str = ""
) -> Rows:
    """Return a row with a button for each slot, which names its day and its time."""
    provider, moving = booking.provider.id, booking.moving
    return tuple(
        (button(f"{mark}{locale.times.short_slot(s)}", PickSlot(provider, s.start, moving)),)
        for s in slots
    )


def _calendar(booking: Booking) -> ChooseProvider:
    """Return what a button to the month of the provider's soonest slot carries."""
    return ChooseProvider(booking.provider.id, booking.moving)


def _time_button(locale: UserLocale, booking: Booking, slot: TimeSpan, *, own: bool) -> Button:
    """Return the button of one time of a day."""
    label = locale.times.time(slot.start)
    return button(
        f"{_OWN_MARK} {label}" if own else label,
        PickSlot(booking.provider.id, slot.start, booking.moving),
    )


def _back(locale: UserLocale, booking: Booking) -> Rows:
    """Return Back: to the card of the moved hold, or to the providers if there are several."""
    label = locale.t.plain("button.back")
    if booking.moving:
        return ((button(label, ShowCard(booking.moving)),),)
    return ((button(label, ProviderPage(0)),),) if booking.others else ()
