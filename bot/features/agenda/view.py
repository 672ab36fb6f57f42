"""Load a day of a provider's agenda as a screen."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial

from bot.dialogue.context import Context
from bot.features.agenda.screens import ENTRIES_PER_PAGE, DayView, Entry, agenda_day
from bot.messages.screen import Screen
from bot.ui.keyboards import pages_of
from domain import errors
from domain.provider import Provider
from domain.reservation import Party, Reservation, Status
from domain.timespan import CELL, TimeSpan, by_day, cell_with, whole_day
from domain.usecases.acting import own_provider

DAYS_AHEAD = 6
_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)
# How far the agenda goes back and ahead. Days beyond, which only forged buttons and typed dates
# name, become the nearest day within.
_LOOK_BACK = timedelta(days=366)
_LOOK_AHEAD = timedelta(days=731)


@dataclass(frozen=True, slots=True)
class Shown:
    """The providers for whom a person acts, and the ``only`` one whose days are shown, if any."""

    providers: Sequence[Provider]
    only: Provider | None = None

    @property
    def several(self) -> bool:
        """Whether days of several providers are shown side by side."""
        return self.only is None and len(self.providers) > 1

    @property
    def numbers(self) -> Sequence[int]:
        """The numbers of the providers whose days are shown."""
        return [each.id for each in ([self.only] if self.only else self.providers)]


def days_within_reach(context: Context) -> tuple[date, date]:
    """Return the first and the last day the agenda shows."""
    return context.today - _LOOK_BACK, context.today + _LOOK_AHEAD


async def day_screen(
    context: Context, whose: Shown, day: date, *, page: int = 0, note: str = ""
) -> Screen:
    """Return the screen of a day of the agenda, below a note if there is one.

    A day out of reach becomes the nearest one within, a page too high the last page.
    """
    first, last = days_within_reach(context)
    day = min(max(day, first), last)
    found = await _of_day(context, whose, day)
    page = min(page, pages_of(found, ENTRIES_PER_PAGE) - 1)
    shown = found[page * ENTRIES_PER_PAGE : (page + 1) * ENTRIES_PER_PAGE]
    names = {each.id: each.label for each in whose.providers} if whose.several else {}
    entries = [await entry_of(context, each, names.get(each.provider_id, "")) for each in shown]
    ahead, upcoming = await _days_ahead(context, whose, day)
    own = await own_provider(context.uow, context.me)
    idle = not found and not any(ahead.values()) and await _is_idle(context, whose)
    view = DayView(
        day,
        context.today,
        entries,
        len(found),
        page,
        ahead,
        (first, last),
        idle,
        await _counted(context, whose, upcoming) if upcoming and day == context.today else None,
        whose.providers if len(whose.providers) > 1 else (),
        whose.only.id if whose.only and len(whose.providers) > 1 else None,
        _holds(found),
        own is not None,
    )
    return agenda_day(context.locale, view, note)


async def entry_of(context: Context, reservation: Reservation, provider: str = "") -> Entry:
    """Return a reservation with its client, and its provider's name if that is not clear."""
    client = await context.uow.queries.person(reservation.client_id)
    if client is None:
        raise errors.ReservationUnknown
    team = reservation.ended_by is Party.PROVIDER and await _has_team(context, reservation)
    return Entry(reservation, client, provider, team)


async def _has_team(context: Context, reservation: Reservation) -> bool:
    """Return whether others act for the provider of a reservation too."""
    staff = await context.uow.queries.staff_of(reservation.provider_id)
    return any(number != context.me for number in staff)


async def _counted(context: Context, whose: Shown, day: date) -> tuple[date, int, int]:
    """Return a day with the number of its reservations, and how many of them are holds."""
    found = await _of_day(context, whose, day)
    return day, len(found), _holds(found)


def _holds(found: Sequence[Reservation]) -> int:
    """Return how many reservations are holds."""
    return sum(reservation.status is Status.HELD for reservation in found)


async def _of_day(context: Context, whose: Shown, day: date) -> list[Reservation]:
    """Return the live reservations that start on a day."""
    window = whole_day(day, context.zone)
    if window is None:
        return []
    found = await _agenda(context, whose, window)
    return [reservation for reservation in found if reservation.span.start >= window.start]


async def _days_ahead(
    context: Context, whose: Shown, day: date
) -> tuple[dict[date, int], date | None]:
    """Return the next days worth a button, and the very next day with reservations.

    A day with a button comes with its number of reservations. If no day ahead has any, the days
    with open hours get the buttons. Days that have a button already are left out: the day shown,
    both days beside it, and today.
    """
    near = {day - _DAY, day, day + _DAY, context.today}
    booked = await _next_days(context, day, near, partial(_reserved, context, whose))
    ahead = _first_of(booked, near) or _first_of(
        await _next_days(context, day, near, partial(_posted, context, whose)), near
    )
    return ahead, min(booked, default=None)


def _first_of(found: Mapping[date, int], near: set[date]) -> dict[date, int]:
    """Return the first few days that are not near."""
    return {one: found[one] for one in sorted(found.keys() - near)[:DAYS_AHEAD]}


async def _next_days(
    context: Context,
    day: date,
    near: set[date],
    look: Callable[[TimeSpan], Awaitable[Mapping[date, int]]],
) -> Mapping[date, int]:
    """Return days after one, looking week by week up to the horizon until enough are not near."""
    start = whole_day(day + _DAY, context.zone)
    found: Counter[date] = Counter()
    weeks = context.policy.booking_horizon // _WEEK + 1 if start else 0
    for n in range(weeks):
        first = (start.start if start else 0) + n * (_WEEK // CELL)
        found.update(await look(TimeSpan(first, first + _WEEK // CELL)))
        if len(found.keys() - near) > DAYS_AHEAD:
            break
    return found


async def _reserved(context: Context, whose: Shown, window: TimeSpan) -> Mapping[date, int]:
    """Return the days within a window on which reservations start, with their number."""
    reserved = await _agenda(context, whose, window)
    return Counter(
        context.times.day_of(r.span.start) for r in reserved if r.span.start >= window.start
    )


async def _posted(context: Context, whose: Shown, window: TimeSpan) -> Mapping[date, int]:
    """Return the days within a window with open hours, each with 0 reservations."""
    hours = [
        part for span in await _open_hours(context, whose, window) if (part := span.clipped(window))
    ]
    return {day: 0 for day, _ in by_day(hours, context.zone)}


async def _is_idle(context: Context, whose: Shown) -> bool:
    """Return whether there are no reservations from today up to the booking horizon."""
    today = whole_day(context.today, context.zone)
    start = today.start if today else cell_with(context.now)
    window = TimeSpan(start, start + context.policy.booking_horizon // CELL + _WEEK // CELL)
    return not await _agenda(context, whose, window)


async def _agenda(context: Context, whose: Shown, window: TimeSpan) -> Sequence[Reservation]:
    """Return the reservations of the shown providers that touch a window, by start."""
    queries, now = context.uow.queries, context.now
    if whose.several:
        return await queries.team_agenda(context.me, window, now)
    return await queries.agenda(whose.numbers[0], window, now)


async def _open_hours(context: Context, whose: Shown, window: TimeSpan) -> Sequence[TimeSpan]:
    """Return the open hours of the shown providers that touch a window."""
    queries = context.uow.queries
    if whose.several:
        return await queries.team_hours(context.me, window)
    return await queries.open_hours(whose.numbers[0], window)
