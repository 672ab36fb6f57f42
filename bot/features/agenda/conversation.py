"""The agenda: a provider sees their days, and cancels a reservation with a reason or without."""

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from telegram import Update

from bot.buttons.agenda import (
    AgendaDay,
    AgendaEntry,
    AgendaPage,
    AskReason,
    CancelForClient,
    CancelWithReason,
    OpenAgendaDay,
)
from bot.dialogue.acting import all_providers, still_acted_for, work_for
from bot.dialogue.context import Context
from bot.dialogue.flow import Flow
from bot.dialogue.provider_names import named_provider
from bot.dialogue.routes import Routes
from bot.dialogue.typed_filters import argument, typed_text
from bot.features.agenda.screens import (
    agenda_entry,
    cancelled_answer,
    cancelled_note,
    day_not_read,
    entry_changed,
    nothing_to_cancel,
    reason_mark,
    reason_question,
    reason_to_confirm,
)
from bot.features.agenda.typed_day import names_all, read_agenda_day
from bot.features.agenda.view import Shown, day_screen, days_within_reach, entry_of
from bot.features.reservations.show_card import refresh_own_card
from bot.messages.screen import Screen
from bot.parsing.core.results import Problem
from domain import errors
from domain.person import has_visible_text
from domain.reservation import REASON_LIMIT, Party, Reservation, Status
from domain.usecases.end_reservation import cancel_by_provider
from domain.usecases.find_reservation import reservation_for_provider


class State(StrEnum):
    """What a typed line means."""

    # Read by the last handlers, since any line but a day is not meant for the agenda.
    DAY = "day"
    REASON = "reason"


@dataclass(frozen=True, slots=True)
class AgendaData:
    """The provider whose days are shown, None for all, and what a reason is typed for.

    ``reservation`` is the one to cancel, ``reason`` the reason that was shown. ``day`` is the day
    that is shown; None if an earlier release stored none.
    """

    reservation: int | None = None
    reason: str = ""
    provider: int | None = None
    day: date | None = None


AGENDA = Flow("agenda", State, AgendaData)
routes = Routes(AGENDA)


@routes.command("agenda", keeps_dialogue=True)
async def agenda_opened(update: Update, context: Context) -> State:
    """Show today, or the day typed behind the command."""
    if line := argument(update):
        return await show_typed_day(context, await _read(context, line))
    return await _day(context, context.today)


@routes.button(AgendaDay, keeps_dialogue=True)
async def day_chosen(context: Context, tap: AgendaDay) -> State:
    """Show the day of the tapped button."""
    return await _day(context, tap.day, tap.provider)


@routes.button(OpenAgendaDay, keeps_dialogue=True)
async def day_opened_below(context: Context, tap: OpenAgendaDay) -> State:
    """Show the day of a notification on a new message, so that the notification stays.

    The new message replaces an agenda that is open. Any other dialogue keeps its card.
    """
    request = context.request
    in_other_dialogue = request.dialogue.flow not in {None, AGENDA.name}
    if not is_browsing(context):
        request.detach_card()
    shown = await _shown(context, tap.provider)
    screen = await day_screen(context, shown, tap.day)
    (request.send if in_other_dialogue else request.show_below)(screen)
    return _browse(context, tap.provider, tap.day)


@routes.button(AgendaPage, keeps_dialogue=True)
async def day_paged(context: Context, tap: AgendaPage) -> State:
    """Show another page of a day."""
    return await _day(context, tap.day, tap.provider, page=tap.page)


@routes.button(AgendaEntry, keeps_dialogue=True)
async def entry_chosen(context: Context, tap: AgendaEntry) -> State:
    """Show one reservation, or the day as it is now if the reservation is off the agenda."""
    reservation = await _reservation(context, tap.reservation)
    entry = await entry_of(context, reservation)
    if reservation.status is Status.CANCELLED or reservation.expired(context.now):
        note = entry_changed(context.locale, entry, context.now)
        return await _day_of(context, reservation, note=note)
    back = await _way_back(context, reservation)
    await work_for(context, reservation.provider_id)
    context.show(agenda_entry(context.locale, entry, context.now, back))
    return _browse(context, back.provider, back.day)


@routes.button(AskReason)
async def reason_asked(context: Context, tap: AskReason) -> State:
    """Ask for a reason before cancelling, unless there is nothing to cancel any more."""
    return await _ask(context, tap.reservation)


@routes.button(CancelForClient, keeps_dialogue=True)
async def cancelled_without_reason(context: Context, tap: CancelForClient) -> State:
    """Cancel without a reason."""
    return await _cancel(context, tap.reservation, None)


@routes.button(CancelWithReason)
async def cancelled_with_reason(context: Context, tap: CancelWithReason) -> State:
    """Cancel with the reason that was shown; ask again if another reason is kept now, or none.

    A second tap has no reason any more, and shows the same as the first.
    """
    kept = AGENDA.data(context)
    is_shown = kept.reservation == tap.reservation and reason_mark(kept.reason) == tap.mark
    if kept.reason and is_shown:
        return await _cancel(context, tap.reservation, kept.reason)
    if await _was_cancelled_by_me(context, tap.reservation):
        return await _cancel(context, tap.reservation, None)
    return await _ask(context, tap.reservation)


@routes.line(State.REASON, blank=True)
async def reason_typed(update: Update, context: Context) -> State:
    """Show a typed reason to be confirmed.

    An empty reason or one too long changes nothing, and another can be typed.
    """
    reason = _as_one_line(typed_text(update))
    if not 0 < len(reason) <= REASON_LIMIT:
        key = "agenda.reason_too_long" if reason else "agenda.reason_empty"
        context.request.send(Screen(context.t(key, limit=REASON_LIMIT, length=len(reason))))
        return State.REASON
    data = AGENDA.data(context)
    if data.reservation is None:
        return await _day(context, context.today, data.provider)
    reservation = await _reservation(context, data.reservation)
    if not _can_cancel(context, reservation):
        return await _already_over(context, reservation)
    context.show(reason_to_confirm(context.locale, await entry_of(context, reservation), reason))
    return AGENDA.enter(context, State.REASON, replace(data, reason=reason))


def is_browsing(context: Context) -> bool:
    """Return whether the agenda is open, so that a typed day is meant for it."""
    dialogue = context.request.dialogue
    return dialogue.flow == AGENDA.name and dialogue.state == State.DAY


def leave_agenda(context: Context) -> None:
    """Leave the agenda if it is open; it stays on the screen."""
    if is_browsing(context):
        context.request.leave()


@dataclass(frozen=True, slots=True)
class AgendaLine:
    """A typed line: whose days are meant, None for all, and which day."""

    provider: int | None
    day: date | Problem


async def read_line(context: Context, line: str) -> AgendaLine:
    """Read a line typed in the open agenda: a name alone, or "all", stays on the day shown.

    For the rest see ``_read``.
    """
    return await _read(context, line, AGENDA.data(context).day)


async def _read(context: Context, line: str, day: date | None = None) -> AgendaLine:
    """Read a day, whose days to show, or both; without a name, those that are shown now.

    The day is read in the zone in which it will be shown. Without one, it is ``day``, by default
    today. Raises errors.ProviderOnly.
    """
    providers = await all_providers(context)
    named, rest = named_provider(providers, line, context.today)
    kept = still_acted_for(providers, AGENDA.data(context).provider)
    is_all = named is None and names_all(line)
    only = named.id if named else None if is_all else kept
    await _shown(context, only)
    today = context.today
    context.request.work_for(None)
    is_name = is_all or (named is not None and not rest)
    return AgendaLine(only, day or today if is_name else read_agenda_day(rest, today))


async def show_typed_day(context: Context, line: AgendaLine) -> State:
    """Show a typed day, or say why it was not read."""
    if isinstance(line.day, Problem):
        context.request.send(day_not_read(context.locale, line.day, context.today, line.provider))
        return _browse(context, line.provider, AGENDA.data(context).day)
    first, last = days_within_reach(context)
    note = "" if first <= line.day <= last else context.t("agenda.out_of_reach")
    return await _day(context, line.day, line.provider, note=note)


async def _ask(context: Context, number: int) -> State:
    """Ask for a reason, unless there is nothing to cancel any more."""
    reservation = await _reservation(context, number)
    if not _can_cancel(context, reservation):
        return await _already_over(context, reservation)
    only = _filter(context, reservation)
    context.show(reason_question(context.locale, await entry_of(context, reservation)))
    return AGENDA.enter(context, State.REASON, AgendaData(reservation.id, provider=only))


async def _reservation(context: Context, number: int) -> Reservation:
    """Return a reservation, and work for its provider; raises errors.ReservationUnknown."""
    reservation, provider = await reservation_for_provider(context.uow, number, context.me)
    await work_for(context, provider.id)
    return reservation


async def _was_cancelled_by_me(context: Context, number: int) -> bool:
    """Return whether this person has cancelled a reservation for its provider."""
    reservation = await _reservation(context, number)
    actor = await context.uow.queries.actor_of(reservation)
    is_cancelled = reservation.status is Status.CANCELLED and reservation.ended_by is Party.PROVIDER
    return is_cancelled and actor is not None and actor.id == context.me


def _can_cancel(context: Context, reservation: Reservation) -> bool:
    """Return whether there is anything to cancel."""
    try:
        return reservation.cancelled(Party.PROVIDER, context.now) is not reservation
    except errors.ReservationOver:
        return False


async def _cancel(context: Context, number: int, reason: str | None) -> State:
    """Cancel a reservation and show its day; if it is over already, say so above the day."""
    try:
        ended = await context.act(
            cancel_by_provider(
                context.uow, context.policy, number, context.me, context.now, reason=reason
            )
        )
    except errors.ReservationOver:
        over = await _reservation(context, number)
        return await _already_over(context, over)
    await work_for(context, ended.provider_id)
    await refresh_own_card(context, ended.id)
    entry = await entry_of(context, ended)
    context.toast(cancelled_answer(context.locale, entry))
    return await _day_of(context, ended, note=cancelled_note(context.locale, entry))


async def _already_over(context: Context, reservation: Reservation) -> State:
    """Say that there is nothing to cancel any more, and show the day."""
    entry = await entry_of(context, reservation)
    note = nothing_to_cancel(context.locale, entry, context.now)
    return await _day_of(context, reservation, note=note)


async def _day_of(context: Context, reservation: Reservation, *, note: str) -> State:
    """Show the day of a reservation below a note."""
    back = await _way_back(context, reservation)
    return await _day(context, back.day, back.provider, note=note)


async def _way_back(context: Context, reservation: Reservation) -> AgendaDay:
    """Return the button of the day of a reservation, in the zone in which that day is shown."""
    only = _filter(context, reservation)
    await _shown(context, only)
    return AgendaDay(context.times.day_of(reservation.span.start), only)


def _filter(context: Context, reservation: Reservation) -> int | None:
    """Return the provider whose days alone are shown, None if a reservation is not among them."""
    only = AGENDA.data(context).provider
    return only if only == reservation.provider_id else None


async def _day(
    context: Context, day: date, only: int | None = None, *, page: int = 0, note: str = ""
) -> State:
    """Show a day of one provider, or of all for whom the person acts, side by side.

    Raises errors.ProviderOnly, errors.ProviderUnknown.
    """
    shown = await _shown(context, only)
    context.show(await day_screen(context, shown, day, page=page, note=note))
    return _browse(context, only, day)


async def _shown(context: Context, only: int | None) -> Shown:
    """Return whose days to show; if that is one provider, work for them."""
    providers = await all_providers(context)
    if only is None and len(providers) > 1:
        context.request.work_for(None)
        return Shown(providers)
    return Shown(providers, await work_for(context, only or providers[0].id))


def _browse(context: Context, only: int | None, day: date | None) -> State:
    """Leave the question for a reason, if it is open; a day typed from here on is shown."""
    return AGENDA.enter(context, State.DAY, AgendaData(provider=only, day=day))


def _as_one_line(text: str) -> str:
    """Return a text as one line of printable characters; "" if nothing in it is visible."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if has_visible_text(line) else ""
