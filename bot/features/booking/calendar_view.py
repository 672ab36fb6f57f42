"""Look up what a provider's calendar and one of its days hold for a client, and show it."""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from bot.dialogue.context import Context
from bot.dialogue.typed_when import TimeOfDay
from bot.features.booking.offers import OFFERS, nearest, spread
from bot.features.booking.screens import Booking, calendar, day_times, days_at, with_nearest
from bot.messages.screen import Rows, Screen
from bot.ui.refusals import refusal_text
from domain import errors
from domain.availability import OpenHours
from domain.provider import Provider
from domain.timespan import CELL, TimeSpan, midnight, whole_day
from domain.usecases.find_slots import SlotSearch, days_with_slots, slots_of_day, soonest_slots

FEW_DAYS = 8
_AHEAD = timedelta(days=13)
_READ_AHEAD = timedelta(days=20)
_WEEK = timedelta(days=7) // CELL


async def show_calendar(
    context: Context, booking: Booking, month: date | None, *, note: str = ""
) -> None:
    """Show the first offers and a month, that of the soonest slot by default, below a note.

    Where the month of the soonest slot ends within the next fourteen days, the calendar goes on
    into the next month.
    """
    search, (first, last) = slot_search(context, booking), _bookable_days(context)
    # One read covers what most people are shown: the month, and the days ahead of the soonest slot.
    start = month or first
    seen = await search.open_days(
        context.uow, start, max(_month_end(start), start + _READ_AHEAD), context.zone
    )
    offers = await _offers(context, search, seen)
    soonest = context.times.day_of(offers[0].start) if offers else first
    shown = min(max(month or soonest, first), last).replace(day=1)
    end = _month_end(shown)
    if shown == soonest.replace(day=1):
        end = max(end, soonest + _AHEAD)
    days = await days_with_slots(context.uow, search, shown, end, context.zone, seen=seen)
    screen = calendar(context.reader, booking, shown, days, offers, (first, last))
    _show(context, booking, below(note, screen))


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

    Where the day has no free time, show the free times nearest to it, or to the time ``clock``.
    """
    slots = await slots_of_day(context.uow, slot_search(context, booking), day, context.zone)
    own = await own_times(context, booking.provider, day)
    reason = "" if slots or own else _out_of_reach(context, day)
    near = () if slots else await nearest_slots(context, booking, day, clock)
    screen = day_times(context.reader, booking, day, slots, own, page=page, reason=reason)
    screen = with_nearest(context.reader, booking, screen, near)
    _show(context, booking, below(note, replace(screen, rows=(*screen.rows, *rows))))


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
    """Ask for the day of a time, by the soonest days on which it is free; show nothing and return False where there are none."""
    search, zone = slot_search(context, booking), context.zone
    slots = await soonest_slots(
        context.uow, search, count=FEW_DAYS, wanted=lambda slot: clock.is_at(slot.start, zone)
    )
    if slots:
        _show(context, booking, days_at(context.reader, booking, clock.text, slots))
    return bool(slots)


async def _offers(context: Context, search: SlotSearch, seen: OpenHours) -> Sequence[TimeSpan]:
    """Return the first offers: the soonest slot and others on its day and the days after it."""
    soonest = await soonest_slots(context.uow, search, count=1, seen=seen)
    if not soonest:
        return ()
    day = context.times.day_of(soonest[0].start)
    ahead = await search.open_days(context.uow, day, day + _AHEAD, context.zone, seen=seen)
    return spread(ahead.slots(), context.zone)


def _show(context: Context, booking: Booking, screen: Screen) -> None:
    """Show a step; while a hold is moved that is its card, on which is told as well what becomes of it meanwhile."""
    context.show(screen, card_of=booking.kept.id if booking.kept else None)


def _month_end(day: date) -> date:
    """Return the last day of a day's month."""
    return day.replace(day=monthrange(day.year, day.month)[1])


def below(note: str, screen: Screen) -> Screen:
    """Return a screen below a note."""
    return replace(screen, text=f"{note}\n\n{screen.text}") if note else screen


def _out_of_reach(context: Context, day: date) -> str:
    """Return why nothing at all can be booked on a day so soon or so far away, or nothing."""
    first, last = _bookable_days(context)
    if day < first:
        return refusal_text(
            context.reader, errors.NoticeTooShort(notice_period=context.policy.notice_period)
        )
    if day > last:
        return refusal_text(
            context.reader, errors.BeyondHorizon(booking_horizon=context.policy.booking_horizon)
        )
    return ""


def slot_search(context: Context, booking: Booking) -> SlotSearch:
    """Return the search for what this client may book."""
    return SlotSearch(
        booking.provider.id, context.me, context.policy, context.now, booking.moving or None
    )


def _bookable_days(context: Context) -> tuple[date, date]:
    """Return the first and the last calendar day on which a slot may start."""
    starts = context.policy.starts(context.now)
    return context.times.day_of(starts.start), context.times.day_of(starts.stop - 1)


async def own_times(context: Context, provider: Provider, day: date) -> frozenset[TimeSpan]:
    """Return the times of this day that the client has with this provider already."""
    window = whole_day(day, context.zone)
    live = await context.uow.reservations.live_of_client(context.me, context.now)
    return frozenset(
        r.span
        for r in live
        if r.provider_id == provider.id and window and window.start <= r.span.start < window.end
    )
