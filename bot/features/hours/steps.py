"""Show a draft: its next step in the calendar, its preview, or what became of it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from bot.buttons.base import CallbackData
from bot.buttons.hours import DraftStart, DraftTimes, HoursHome
from bot.dialogue.acting import is_own, work_for
from bot.dialogue.context import Context
from bot.features.hours.calendar_screens import draft_calendar, draft_end, draft_start, hours_wanted
from bot.features.hours.preview_screens import (
    Posting,
    Suggestion,
    all_past,
    discarded,
    preview,
    published,
    refused,
    undone,
)
from bot.features.hours.state import HOURS, State, calendar_days, enter_draft, enter_typing
from bot.messages.screen import Screen
from bot.ui.refusals import refusal_text
from domain import errors
from domain.availability import open_slots
from domain.posting import DayHours, Draft, DraftState, plan
from domain.timespan import TimeSpan, cell_with, merged
from domain.usecases.post_availability import change_draft, draft_hours, draft_of, preview_of

_SLIPS = (errors.OffGrid, errors.TimeInPast)
_WEEK = timedelta(weeks=1)


async def own_draft(context: Context, draft_id: int) -> Draft:
    """Return a draft and work for its provider; raises errors.ProviderOnly, errors.DraftUnknown."""
    draft, provider = await draft_of(context.uow, draft_id, context.me)
    await work_for(context, provider.id)
    return draft


async def show_draft(context: Context, draft: Draft, note: str = "") -> State:
    """Show a draft in its current state; a draft that is closed below a note, if there is one."""
    if draft.state is not DraftState.OPEN:
        context.show((await _ended(context, draft)).below(note))
        return enter_typing(context)
    if not draft.days:
        return show_calendar(context, draft, context.today)
    if not all(spans for _, spans in draft.days):
        return show_start(context, draft)
    context.show(await _preview(context, draft))
    return enter_typing(context)


def show_calendar(context: Context, draft: Draft, month: date) -> State:
    """Show the month of a day, or the nearest month in which days can be chosen."""
    first, last = calendar_days(context)
    shown = min(max(month, first), last).replace(day=1)
    context.show(draft_calendar(context.locale, draft, shown, (first, last)))
    return enter_draft(context, State.DAYS, draft)


def show_start(context: Context, draft: Draft) -> State:
    """Show the times to start at; for today alone only those ahead."""
    local = context.now.astimezone(context.zone)
    only_today = [day for day, _ in draft.days] == [local.date()]
    context.show(
        draft_start(
            context.locale,
            draft,
            context.today,
            earliest=local.hour * 60 + local.minute if only_today else 0,
        )
    )
    return enter_draft(context, State.START, draft)


def ask_hours(context: Context, draft: Draft) -> State:
    """Ask for the hours of days that were typed without hours."""
    context.show(hours_wanted(context.locale, draft, context.today))
    return enter_draft(context, State.START, draft)


def show_end(context: Context, draft: Draft, start: int) -> State:
    """Show the times to end at."""
    context.show(draft_end(context.locale, draft, start, context.today))
    return enter_draft(context, State.END, draft, start)


def nearest_postable(
    context: Context, days: tuple[DayHours, ...]
) -> tuple[tuple[DayHours, ...], bool]:
    """Return the nearest hours that can be posted, or none, and whether all hours are past."""
    is_past = False
    while isinstance(fault := _fault(context, days), _SLIPS):
        days = _suggestion(fault)
        is_past = isinstance(fault, errors.TimeInPast) and not days
    return () if fault else days, is_past


async def suggested(context: Context, days: tuple[DayHours, ...]) -> Suggestion:
    """Store days and hours as a draft to be offered."""
    draft = await draft_hours(context.uow, context.me, context.provider.id, days, context.now)
    return Suggestion(draft.id, draft.days)


async def _preview(context: Context, draft: Draft) -> Screen:
    """Return the preview of a draft, or why it cannot be published."""
    try:
        found = await preview_of(context.uow, context.policy, draft, context.zone, context.now)
    except errors.Refusal as refusal:
        return await _refused(context, draft, refusal)
    if draft.zone != context.zone.key:
        await change_draft(context.uow, context.me, replace(draft, zone=context.zone.key))
    posting = Posting(
        draft, found.spans, found.posted, found.slots, _notes(context, draft), _back(draft)
    )
    return preview(context.locale, posting, context.policy.slot_length, context.today)


async def _refused(context: Context, draft: Draft, refusal: errors.Refusal) -> Screen:
    """Return why a draft cannot be published, with the nearest draft that can."""
    back = DraftTimes(draft.id) if _back(draft) else HoursHome(0, draft.provider_id)
    days, is_past = nearest_postable(context, draft.days)
    if is_past:
        return await _past(context, draft, back)
    suggestions = [await suggested(context, days)] if days else []
    reason = refusal_text(context.locale, refusal)
    return refused(context.locale, reason, suggestions, context.today, back)


async def _past(context: Context, draft: Draft, back: CallbackData) -> Screen:
    """Say that all hours of a draft are past, and offer the same hours in the next week."""
    days, _ = nearest_postable(context, _in_next_week(context, draft.days))
    if not days:
        reason = context.t.plain("hours.all_past")
        return refused(context.locale, reason, (), context.today, back)
    return all_past(context.locale, await suggested(context, days), back)


def _in_next_week(context: Context, days: tuple[DayHours, ...]) -> tuple[DayHours, ...]:
    """Return the same hours whole weeks later, so that the first day is in the next ISO week."""
    weeks = (_monday_of(context.today) - _monday_of(days[0][0])) // _WEEK + 1
    return tuple((day + weeks * _WEEK, spans) for day, spans in days)


def _monday_of(day: date) -> date:
    """Return the first day of a day's ISO week."""
    return day - timedelta(days=day.weekday())


def _suggestion(refusal: errors.Refusal) -> tuple[DayHours, ...]:
    """Return the days and hours that a refusal suggests."""
    days = refusal.values["suggestion"]
    return days if isinstance(days, tuple) else ()


def _fault(context: Context, days: tuple[DayHours, ...]) -> errors.Refusal | None:
    """Return why days and hours would be refused, or None if they would not."""
    try:
        plan(days, context.zone, context.now)
    except errors.Refusal as refusal:
        return refusal
    return None


async def _ended(context: Context, draft: Draft) -> Screen:
    """Return what became of a draft that is not open."""
    if draft.state is DraftState.PUBLISHED:
        bookable = await _bookable(context, draft)
        some = bool(draft.added) and not bookable
        return published(
            context.locale,
            draft,
            bookable,
            context.policy,
            context.today,
            too_early=some and draft.added[-1].end > context.policy.starts(context.now).stop,
            too_soon=some and _is_too_soon(context, draft),
        )
    if draft.state is DraftState.UNDONE:
        return undone(context.locale, draft, context.today)
    of = None if await is_own(context) else context.provider
    return discarded(context.locale, draft, of)


def _is_too_soon(context: Context, draft: Draft) -> bool:
    """Return whether all slots of the added hours would start within the notice period."""
    end, policy = draft.added[-1].end, context.policy
    return (
        cell_with(context.now) < end
        and end - policy.slot_cells < policy.starts(context.now).start
        and policy.notice_period > timedelta()
    )


async def _bookable(context: Context, draft: Draft) -> int:
    """Return how many slots of the added hours can be booked now, without those that are taken."""
    added = merged(draft.added)
    if not added:
        return 0
    window = TimeSpan(added[0].start, added[-1].end)
    reserved = await context.uow.queries.agenda(draft.provider_id, window, context.now)
    taken = {cell for reservation in reserved for cell in reservation.span.cells}
    return sum(
        1
        for _ in open_slots(
            added, taken, context.policy.starts(context.now), context.policy.slot_cells
        )
    )


def _notes(context: Context, draft: Draft) -> Sequence[str]:
    """Return the notes on how a draft was read, if it was typed just before."""
    return HOURS.data(context).notes.get(draft.id, ())


def _back(draft: Draft) -> CallbackData | None:
    """Return the way back to the choice of the end, if all days share one span."""
    hours = {spans for _, spans in draft.days}
    only = next(iter(hours)) if len(hours) == 1 else ()
    return DraftStart(draft.id, only[0].start) if len(only) == 1 else None
