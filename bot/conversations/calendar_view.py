"""Look up what a provider's calendar and one of its days hold for a client, and show it."""

from calendar import monthrange
from dataclasses import replace
from datetime import date

from bot.context import Context
from bot.screens.booking import Booking, calendar, day_times
from domain.provider import Provider
from domain.timespan import TimeSpan, whole_day
from domain.usecases.find_slots import SlotSearch, days_with_slots, slots_of_day, soonest_slots


async def show_calendar(context: Context, booking: Booking, month: date | None) -> None:
    """Show the soonest slots and a month: the one asked for, else the one of the soonest slot."""
    search = _search(context, booking)
    soonest = await soonest_slots(context.uow, search)
    first, last = _bookable_days(context)
    wanted = month or (context.times.day_of(soonest[0].start) if soonest else first)
    shown = min(max(wanted, first), last).replace(day=1)
    month_end = shown.replace(day=monthrange(shown.year, shown.month)[1])
    days = await days_with_slots(context.uow, search, shown, month_end, context.zone)
    context.show(calendar(context.reader, booking, shown, days, soonest, (first, last)))


async def show_day(context: Context, booking: Booking, day: date, *, page: int = 0, note: str = "") -> None:
    """Show a day's free times and the client's own, below a note if there is something to say first."""
    slots = await slots_of_day(context.uow, _search(context, booking), day, context.zone)
    screen = day_times(context.reader, booking, day, slots, await own_times(context, booking.provider, day), page=page)
    context.show(replace(screen, text=f"{note}\n\n{screen.text}") if note else screen)


def _search(context: Context, booking: Booking) -> SlotSearch:
    """Return the search for what this client may book."""
    return SlotSearch(booking.provider.id, context.me, context.policy, context.now, booking.moving or None)


def _bookable_days(context: Context) -> tuple[date, date]:
    """Return the first and the last calendar day on which a slot may start."""
    starts = context.policy.starts(context.now)
    return context.times.day_of(starts.start), context.times.day_of(starts.stop - 1)


async def own_times(context: Context, provider: Provider, day: date) -> frozenset[TimeSpan]:
    """Return the times of this day that the client has with this provider already."""
    window = whole_day(day, context.zone)
    live = await context.uow.reservations.live_of_client(context.me, context.now)
    return frozenset(r.span for r in live if r.provider_id == provider.id and window and window.start <= r.span.start < window.end)
