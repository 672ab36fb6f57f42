"""Read a provider's free slots and show a calendar, a day, or the days of a time."""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from bot.dialogue.context import Context
from bot.dialogue.typed_when import TimeOfDay
from bot.features.booking.offers import OFFERS, nearest, spread
from bot.features.booking.screens import (
    Booking,
    calendar,
    day_times,
    days_at,
    with_nearest,
)
from bot.messages.screen import Rows, Screen
from bot.ui.refusals import refusal_text
from domain import errors
from domain.availability import OpenHours
from domain.choice import SlotChoice
from domain.provider import Provider
from domain.timespan import CELL, TimeSpan, midnight, whole_day
from domain.usecases.find_slots import SlotSearch, days_with_slots, soonest_slots

_DAYS_AT_TIME = 8
_AHEAD = timedelta(days=13)
_READ_AHEAD = timedelta(days=20)
_WEEK = timedelta(days=7) // CELL


async def show_calendar(
    context: Context, booking: Booking, month: date | None, *, note: str = "", hint: str = ""
) -> None:
    """Show the first offers and a month, by default that of the soonest slot.

    A note stands above the text, a hint below it.

    The month of the soonest slot shows at least the fourteen days from that slot on, so the
    calendar may continue into the next month.
    """
    search, (first, last) = slot_search(context, booking), _bookable_days(context)
    # One read usually covers the month and the days after the soonest slot.
    start = month or first
    seen = await search.open_days(
        context.uow, start, max(_end_of_month(start), start + _READ_AHEAD), context.zone
    )
    offers = await _offers(context, search, seen)
    soonest = context.times.day_of(offers[0].start) if offers else first
    shown = min(max(month or soonest, first), last).replace(day=1)
    end = _end_of_month(shown)
    if shown == soonest.replace(day=1):
        end = max(end, soonest + _AHEAD)
    days = await days_with_slots(context.uow, search, shown, end, context.zone, seen=seen)
    screen = calendar(context.locale, booking, shown, days, offers, (first, last))
    screen = replace(screen, text=f"{screen.text}\n\n{hint}") if hint else screen
    _show_step(context, booking, screen.below(note))


async def show_day(
    context: Context,
    booking: Booking,
    day: date,
    *,
    page: int = 0,
    note: str = "",
    rows: Rows = (),
    clock: TimeOfDay | None = None,
) -> None:
    """Show a day's free times and the client's own, below a note and above ``rows``.

    If the day has no free time, show the free times nearest to it, or to its time ``clock``.
    """
    search = slot_search(context, booking)
    hours = await search.open_days(context.uow, day, day, context.zone)
    slots = tuple(hours.slots())
    own = await own_slots(context, booking.provider, day)
    reason = "" if slots or own else _why_not_bookable(context, day)
    near = () if slots else await nearest_slots(context, booking, day, clock)
    full = any(replace(hours, busy=frozenset()).slots())
    screen = day_times(
        context.locale, booking, day, slots, own, page=page, reason=reason, full=full
    )
    screen = with_nearest(context.locale, booking, screen, near)
    _show_step(context, booking, replace(screen, rows=(*screen.rows, *rows)).below(note))


async def nearest_slots(
    context: Context, booking: Booking, day: date, clock: TimeOfDay | None = None
) -> Sequence[TimeSpan]:
    """Return the free slots nearest to a day, or to a time of that day."""
    search, bookable = slot_search(context, booking), context.policy.starts(context.now)
    first = clock.on(day, context.zone) if clock else midnight(day, context.zone)
    last = first if clock else midnight(day + timedelta(days=1), context.zone)
    first, last = (min(max(cell, bookable.start), bookable.stop) for cell in (first, last))
    slots = await search.between(context.uow, first - _WEEK, last + _WEEK)
    if len(slots) < OFFERS:
        slots = await search.between(context.uow, bookable.start, bookable.stop)
    return nearest(slots, first, last)


async def show_days_at(context: Context, booking: Booking, clock: TimeOfDay) -> bool:
    """Ask for the day of a time, with the soonest days on which it is free.

    Return False, and show nothing, if there are none.
    """
    search, zone = slot_search(context, booking), context.zone
    slots = await soonest_slots(
        context.uow, search, count=_DAYS_AT_TIME, wanted=lambda slot: clock.is_at(slot.start, zone)
    )
    if slots:
        _show_step(context, booking, days_at(context.locale, booking, clock.text, slots))
    return bool(slots)


async def _offers(context: Context, search: SlotSearch, seen: OpenHours) -> Sequence[TimeSpan]:
    """Return the first offers: the soonest slot and others on its day and the days after it."""
    soonest = await soonest_slots(context.uow, search, count=1, seen=seen)
    if not soonest:
        return ()
    day = context.times.day_of(soonest[0].start)
    ahead = await search.open_days(context.uow, day, day + _AHEAD, context.zone, seen=seen)
    return spread(ahead.slots(), context.zone)


def _show_step(context: Context, booking: Booking, screen: Screen) -> None:
    """Show a step; while a hold is moved, this is its card, which its notifications update."""
    context.show(screen, card_of=booking.kept)


def _end_of_month(day: date) -> date:
    """Return the last day of the month."""
    return day.replace(day=monthrange(day.year, day.month)[1])


def _why_not_bookable(context: Context, day: date) -> str:
    """Return why no time of a day can be booked: it is too soon, or too far ahead."""
    first, last = _bookable_days(context)
    if day < first:
        return refusal_text(
            context.locale, errors.NoticeTooShort(notice_period=context.policy.notice_period)
        )
    if day > last:
        return refusal_text(
            context.locale, errors.BeyondHorizon(booking_horizon=context.policy.booking_horizon)
        )
    return ""


def slot_search(context: Context, booking: Booking) -> SlotSearch:
    """Return a search for the slots that this client may book."""
    choice = SlotChoice(booking.provider.id, moving=booking.moving)
    return SlotSearch(choice, context.me, context.policy, context.now)


def _bookable_days(context: Context) -> tuple[date, date]:
    """Return the first and the last calendar day on which a slot may start."""
    starts = context.policy.starts(context.now)
    return context.times.day_of(starts.start), context.times.day_of(starts.stop - 1)


async def own_slots(context: Context, provider: Provider, day: date) -> frozenset[TimeSpan]:
    """Return the client's own holds and bookings with a provider on a day."""
    window = whole_day(day, context.zone)
    live = await context.uow.queries.bookings(context.me, context.now)
    return frozenset(
        r.span
        for r in live
        if r.provider_id == provider.id and window and window.start <= r.span.start < window.end
    )
