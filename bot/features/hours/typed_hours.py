"""Handle typed hours: days with hours in one line, or just the start and the end."""

from dataclasses import replace
from datetime import date

from telegram import Update

from bot.buttons.hours import DraftEnd, DraftStart
from bot.dialogue.acting import all_providers, still_acted_for, work_for
from bot.dialogue.context import Context
from bot.dialogue.provider_names import named_provider
from bot.dialogue.routes import Routes
from bot.dialogue.typed_filters import typed_text
from bot.features.hours.calendar_screens import time_offered
from bot.features.hours.day_lines import DAYS_SHOWN
from bot.features.hours.home import show_home
from bot.features.hours.preview_screens import cannot_repeat, did_you_mean, refused
from bot.features.hours.screens import whose_hours
from bot.features.hours.state import (
    FARTHEST,
    HOURS,
    State,
    enter_choice,
    enter_typing,
    stay,
    too_far,
)
from bot.features.hours.steps import (
    ask_hours,
    nearest_postable,
    own_draft,
    show_draft,
    show_end,
    suggested,
)
from bot.features.hours.weekly import day_groups
from bot.messages.screen import Screen
from bot.parsing.clock.read_times import read_time
from bot.parsing.core.results import HoursRead, Problem, TimeRead
from bot.parsing.hours.read_hours import read_hours
from bot.ui.formats import wall_time
from bot.ui.typed_feedback import note_texts, problem_text
from domain.posting import DayHours, Draft, DraftState
from domain.timespan import DAY_MINUTES, GRID_MINUTES, WallSpan
from domain.usecases.post_availability import change_draft, draft_hours

_UNREAD = frozenset({"not_understood", "too_long"})
_HOUR = 60
_HALF_DAY = DAY_MINUTES // 2
routes = Routes(HOURS)


def reads_as_hours(text: str, today: date) -> bool:
    """Return whether a line is about hours, so that ``hours_typed`` can answer it."""
    read = read_hours(text, today=today)
    return isinstance(read, HoursRead) or read.code not in _UNREAD


async def is_for_days(context: Context, line: str) -> bool:
    """Return whether a line names days, perhaps after a provider, even without readable hours.

    Such a line wins over the question that is open.
    """
    _, rest = named_provider(await all_providers(context), line, context.today)
    read = read_hours(rest, today=context.today)
    return isinstance(read, HoursRead) or read.code not in {*_UNREAD, "no_day"}


@routes.line(State.TYPING)
async def hours_typed(update: Update, context: Context) -> State:
    """Preview typed hours, or say what is missing; raises errors.ProviderOnly."""
    shown = still_acted_for(await all_providers(context), HOURS.data(context).provider)
    return await preview_line(context, typed_text(update), shown)


async def preview_line(context: Context, line: str, provider_id: int | None = None) -> State:
    """Preview the hours of a line for the provider it names, else for the given or only one.

    If several can be meant, ask for one and keep the line. A name alone answers that question, or
    shows the provider's open hours. Raises errors.ProviderOnly.
    """
    providers = await all_providers(context)
    named, rest = named_provider(providers, line, context.today)
    if named is None and len(providers) > 1 and provider_id is None:
        context.request.send(whose_hours(context.locale, providers))
        return enter_choice(context, line)
    await work_for(context, named.id if named else provider_id or providers[0].id)
    return await go_on(context, rest or HOURS.data(context).pending)


async def go_on(context: Context, line: str) -> State:
    """Preview a line for the provider who was chosen; without one, show their open hours."""
    return await (preview_typed(context, line) if line else show_home(context))


async def preview_typed(context: Context, text: str) -> State:
    """Preview the hours of a line, or say what is missing, for the provider who was chosen."""
    read = read_hours(text, today=context.today)
    if isinstance(read, Problem):
        days = read.values.get("days") if read.code == "no_hours" else None
        return (
            await _ask_hours_of(context, days)
            if isinstance(days, tuple)
            else await _explain(context, read)
        )
    if too_far(context, read.days[-1][0]):
        return await _refuse_too_far(context)
    meant = _days_meant(context, text, read)
    draft = await draft_hours(context.uow, context.me, context.provider.id, meant, context.now)
    enter_typing(context, {draft.id: _preview_notes(context, read)})
    return await show_draft(context, draft)


def _days_meant(context: Context, text: str, read: HoursRead) -> tuple[DayHours, ...]:
    """Return the days to draft: where all of them are past, also the earlier days of their range.

    On a Friday evening "Mon-Fri 9-17" is read as Friday alone. The next week has all five days.
    """
    left_out = [
        day
        for note in read.notes
        if note.code == "past_days_left_out" and isinstance(day := note.values["first"], date)
    ]
    _, is_past = nearest_postable(context, read.days)
    if not left_out or not is_past:
        return read.days
    whole = read_hours(text, today=min(left_out))
    if isinstance(whole, Problem) or whole.days[-len(read.days) :] != read.days:
        return read.days
    return whole.days


@routes.line(State.DAYS)
async def days_typed(update: Update, context: Context) -> State:
    """Give the chosen days the typed hours; a line that names days is previewed by itself."""
    draft = await _kept_draft(context)
    state = (
        await _hours_of_chosen_days(update, context, draft)
        if draft and draft.state is DraftState.OPEN
        else None
    )
    return state or await hours_typed(update, context)


@routes.line(State.START)
async def start_typed(update: Update, context: Context) -> State:
    """Go on with a typed start; hours, or days with hours, are accepted as well."""
    draft = await _kept_draft(context)
    if draft is None:
        return await hours_typed(update, context)
    if draft.state is not DraftState.OPEN or not draft.days:
        return await show_draft(context, draft)
    read = read_time(typed_text(update))
    if isinstance(read, Problem):
        return await _read_as_hours(update, context, draft, read)
    on_grid = -(-read.minutes // GRID_MINUTES) * GRID_MINUTES
    if on_grid >= DAY_MINUTES:
        context.request.send(Screen(context.t("hours.start_too_late")))
        return State.START
    if on_grid != read.minutes:
        context.request.send(
            time_offered(context.t("hours.time_off_grid"), on_grid, DraftStart(draft.id, on_grid))
        )
        return State.START
    return show_end(context, draft, on_grid)


@routes.line(State.END)
async def end_typed(update: Update, context: Context) -> State:
    """Go on with a typed end; hours, or days with hours, are accepted as well."""
    draft, start = await _kept_draft(context), HOURS.data(context).start
    if draft is None or start is None:
        return await hours_typed(update, context)
    if draft.state is not DraftState.OPEN or not draft.days:
        return await show_draft(context, draft)
    read = read_time(typed_text(update))
    if isinstance(read, Problem):
        return await _read_as_hours(update, context, draft, read)
    end = read.minutes or DAY_MINUTES
    on_grid = end // GRID_MINUTES * GRID_MINUTES
    if end > start and on_grid == end:
        return await with_hours(context, draft, WallSpan(start, end))
    _refuse_end(context, draft, start, read)
    return State.END


async def _kept_draft(context: Context) -> Draft | None:
    """Return the draft that a typed line is about; None if it was not stored or cannot be read."""
    number = HOURS.data(context).draft
    return None if number is None else await own_draft(context, number)


async def with_hours(context: Context, draft: Draft, hours: WallSpan) -> State:
    """Give every chosen day these hours and show the preview; raises errors.DraftDiscarded.

    Notes on how earlier hours were read are dropped.
    """
    enter_typing(context, {})
    return await show_draft(
        context, await change_draft(context.uow, context.me, draft.with_hours(hours))
    )


def _refuse_end(context: Context, draft: Draft, start: int, read: TimeRead) -> None:
    """Say why an end cannot be used, and offer the nearest usable end, if any."""
    end = _nearest_end(start, read)
    key = "hours.time_off_grid" if end and read.minutes > start else "hours.end_too_early"
    later = wall_time(min(start + _HOUR, DAY_MINUTES))
    reason = context.t(key, start=wall_time(start), example=later)
    context.request.send(time_offered(reason, end, DraftEnd(draft.id, start, end or 0)))


def _nearest_end(start: int, read: TimeRead) -> int | None:
    """Return the last quarter-hour up to a typed end, or None.

    An end before the start is read as afternoon unless am or pm was typed.
    """
    minutes = (
        read.minutes if read.minutes > start or read.has_meridiem else read.minutes + _HALF_DAY
    )
    end = minutes // GRID_MINUTES * GRID_MINUTES
    return end if start < end <= DAY_MINUTES else None


async def _read_as_hours(update: Update, context: Context, draft: Draft, problem: Problem) -> State:
    """Read a line that is no single time as hours, with or without days, or say why not."""
    if state := await _hours_of_chosen_days(update, context, draft):
        return state
    if await is_for_days(context, typed_text(update)):
        return await hours_typed(update, context)
    context.request.send(Screen(problem_text(context.locale, problem, "hours.time_examples")))
    return stay(context)


async def _hours_of_chosen_days(update: Update, context: Context, draft: Draft) -> State | None:
    """Give the chosen days hours typed without a day, or say what is wrong with them.

    Return None if the line is something else.
    """
    text, today, days = typed_text(update), context.today, [day for day, _ in draft.days]
    alone = read_hours(text, today=today)
    if not days or isinstance(alone, HoursRead) or alone.code != "no_day":
        return None
    read = read_hours(text, today=today, days=days)
    if isinstance(read, Problem):
        return await _explain(context, read)
    enter_typing(context, {draft.id: _preview_notes(context, read)})
    return await show_draft(
        context, await change_draft(context.uow, context.me, replace(draft, days=read.days))
    )


async def _ask_hours_of(context: Context, days: tuple[date, ...]) -> State:
    """Store days that were typed without hours, and ask for the hours."""
    chosen = sorted(set(days))
    if too_far(context, chosen[-1]):
        return await _refuse_too_far(context)
    return ask_hours(
        context,
        await draft_hours(
            context.uow,
            context.me,
            context.provider.id,
            tuple((day, ()) for day in chosen),
            context.now,
        ),
    )


async def _explain(context: Context, problem: Problem) -> State:
    """Say why hours were not read, with a button for each possible reading."""
    if problem.code == "no_repeat":
        context.request.send(cannot_repeat(context.locale, context.provider.id))
        return stay(context)
    reads = [
        read
        for read in problem.suggestions
        if isinstance(read, HoursRead) and not too_far(context, read.days[-1][0])
    ]
    offers = [await suggested(context, read.days) for read in reads]
    span = _ending_later(problem) if offers else None
    if span:
        context.request.send(did_you_mean(context.locale, span, offers[0], context.today))
    else:
        reason = problem_text(context.locale, problem, "hours.examples")
        context.request.send(refused(context.locale, reason, offers, context.today))
    notes = {
        offer.draft: _preview_notes(context, read)
        for offer, read in zip(offers, reads, strict=True)
    }
    return stay(context, notes)


async def _refuse_too_far(context: Context) -> State:
    """Say that hours are too far ahead."""
    years = FARTHEST // 366
    context.request.send(Screen(context.t("hours.too_far", years=years)))
    return stay(context)


def _ending_later(problem: Problem) -> WallSpan | None:
    """Return hours that end before they start with the end twelve hours later, else None."""
    match problem:
        case Problem("end_before_start", {"start": int(start), "end": int(end)}):
            return WallSpan(start, end + _HALF_DAY)
    return None


def _preview_notes(context: Context, read: HoursRead) -> list[str]:
    """Return the notes for the preview. Which days were meant is left out if it lists them all."""
    listed = len(day_groups(read.days)) <= DAYS_SHOWN
    notes = [note for note in read.notes if not (listed and note.code == "days_meant")]
    return [str(text) for text in note_texts(context.locale, notes)]
