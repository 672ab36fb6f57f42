"""Look up what a provider's day holds, and show it."""

from datetime import date, timedelta

from bot.context import Context
from bot.keyboards import pages_of
from bot.screens.agenda import ENTRIES_PER_PAGE, DayView, Entry, agenda_day
from domain import errors
from domain.provider import Provider
from domain.reservation import Reservation
from domain.timespan import CELL, TimeSpan, by_day, whole_day

DAYS_AHEAD = 6
_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)
# How far one may page: beyond this nothing can be posted or is of interest, and forged days are brought back to it.
_LOOK_BACK = timedelta(days=366)
_LOOK_AHEAD = timedelta(days=731)


async def show_day(context: Context, provider: Provider, day: date, *, page: int = 0, note: str = "") -> None:
    """Show a day of a provider's agenda; one too far away becomes the nearest that may be looked at, too high a page the last."""
    first, last = context.today - _LOOK_BACK, context.today + _LOOK_AHEAD
    day = min(max(day, first), last)
    found = await _of_day(context, provider, day)
    page = min(page, pages_of(found, ENTRIES_PER_PAGE) - 1)
    shown = found[page * ENTRIES_PER_PAGE : (page + 1) * ENTRIES_PER_PAGE]
    entries = [await entry_of(context, reservation) for reservation in shown]
    ahead = await _days_ahead(context, provider, day + _DAY)
    context.show(agenda_day(context.reader, DayView(day, context.today, entries, len(found), page, ahead, (first, last)), note))


async def entry_of(context: Context, reservation: Reservation) -> Entry:
    """Return a reservation with its client."""
    client = await context.uow.clients.get(reservation.client_id)
    if client is None:
        raise errors.ReservationUnknown
    return Entry(reservation, client)


async def _of_day(context: Context, provider: Provider, day: date) -> list[Reservation]:
    """Return the live reservations that start on a day."""
    window = whole_day(day, context.zone)
    if window is None:
        return []
    found = await context.uow.reservations.of_provider(provider.id, window, context.now)
    return [reservation for reservation in found if reservation.span.start >= window.start]


async def _days_ahead(context: Context, provider: Provider, first: date) -> list[date]:
    """Return the next days from the first on which hours are posted or somebody comes, looking a week at a time up to the horizon."""
    day = whole_day(first, context.zone)
    found: set[date] = set()
    weeks = context.policy.booking_horizon // _WEEK + 1 if day else 0
    for n in range(weeks):
        start = (day.start if day else 0) + n * (_WEEK // CELL)
        found |= await _days_within(context, provider, TimeSpan(start, start + _WEEK // CELL))
        if len(found) > DAYS_AHEAD:
            break
    return sorted(found)[:DAYS_AHEAD]


async def _days_within(context: Context, provider: Provider, window: TimeSpan) -> set[date]:
    """Return the days within a window on which hours are posted or a reservation starts."""
    hours = [part for span in await context.uow.availability.within(provider.id, window) if (part := span.clipped(window))]
    reserved = await context.uow.reservations.of_provider(provider.id, window, context.now)
    starts = {context.times.day_of(r.span.start) for r in reserved if r.span.start >= window.start}
    return starts | {day for day, _ in by_day(hours, context.zone)}
