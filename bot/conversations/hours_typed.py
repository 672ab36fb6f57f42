"""Hours as a provider types them: a whole posting in a line, or the start and the end he would else tap."""

from collections.abc import Sequence
from datetime import date

from telegram import Update

from bot.callbacks import DraftEnd, DraftStart
from bot.context import Context
from bot.conversations.hours_state import FARTHEST, State, kept, stand, too_far
from bot.conversations.hours_steps import own_draft, show_draft, show_end, suggested
from bot.conversations.typed import typed_text
from bot.parsing.hours import read_hours
from bot.parsing.results import HoursRead, Note, Problem, SpanRead, TimeRead
from bot.parsing.times import read_span, read_time
from bot.screen import Screen
from bot.screens.hours_calendar import time_offered
from bot.screens.hours_preview import refused
from bot.screens.typed import note_text, problem_text
from bot.times import wall_time
from domain.posting import Draft, DraftState
from domain.timespan import CELL_MINUTES, DAY_MINUTES, WallSpan
from domain.usecases.post_availability import change_draft, draft_hours
from domain.usecases.reservation_of import provider_of

_UNREAD = frozenset({"not_understood", "too_long"})
_HOUR = 60
_HALF_DAY = DAY_MINUTES // 2


def reads_as_hours(text: str, today: date) -> bool:
    """Tell whether a line is about hours at all, so that ``hours_typed`` has something to say to it."""
    read = read_hours(text, today=today)
    return isinstance(read, HoursRead) or read.code not in _UNREAD


async def hours_typed(update: Update, context: Context) -> State:
    """Hours were typed: preview them, or say what is missing; for any provider, in a dialogue or not. Raises errors.ProviderOnly."""
    await provider_of(context.uow, context.me)
    read = read_hours(typed_text(update), today=context.today)
    if isinstance(read, Problem):
        return await _not_read(context, read)
    if too_far(context, read.days[-1][0]):
        return await _beyond(context)
    draft = await draft_hours(context.uow, context.me, read.days, context.now)
    stand(context, State.TYPING, notes={str(draft.id): _told(context, read.notes)})
    return await show_draft(context, draft)


async def start_typed(update: Update, context: Context) -> State:
    """A start was typed; a stretch or a whole posting is taken as well."""
    text = typed_text(update)
    draft = await own_draft(context, int(kept(context, "draft")))
    if draft.state is not DraftState.OPEN or not draft.days:
        return await show_draft(context, draft)
    read = read_time(text)
    if isinstance(read, Problem):
        return await _stretch_or_posting(update, context, draft, read)
    on_grid = -(-read.minutes // CELL_MINUTES) * CELL_MINUTES
    if on_grid >= DAY_MINUTES:
        context.unit.send(Screen(context.t("hours.start_too_late", zone=context.times.zone_name)))
        return State.START
    if on_grid != read.minutes:
        context.unit.send(
            time_offered(context.t("hours.time_off_grid", zone=context.times.zone_name), on_grid, DraftStart(draft.id, on_grid))
        )
        return State.START
    return show_end(context, draft, on_grid)


async def end_typed(update: Update, context: Context) -> State:
    """An end was typed; a stretch or a whole posting is taken as well."""
    text = typed_text(update)
    draft = await own_draft(context, int(kept(context, "draft")))
    if draft.state is not DraftState.OPEN or not draft.days:
        return await show_draft(context, draft)
    read = read_time(text)
    if isinstance(read, Problem):
        return await _stretch_or_posting(update, context, draft, read)
    start = int(kept(context, "start"))
    end = read.minutes or DAY_MINUTES
    on_grid = end // CELL_MINUTES * CELL_MINUTES
    if end > start and on_grid == end:
        return await with_hours(context, draft, WallSpan(start, end))
    _end_refused(context, draft, start, read)
    return State.END


async def with_hours(context: Context, draft: Draft, hours: WallSpan) -> State:
    """Give every chosen day these hours and show the preview; raises errors.DraftDiscarded."""
    return await show_draft(context, await change_draft(context.uow, draft.with_hours(hours)))


def _end_refused(context: Context, draft: Draft, start: int, read: TimeRead) -> None:
    """Say why an end will not do, and offer the nearest that would, where there is one."""
    end = _nearest_end(start, read)
    key = "hours.time_off_grid" if end and read.minutes > start else "hours.end_too_early"
    later = wall_time(min(start + _HOUR, DAY_MINUTES))
    reason = context.t(key, start=wall_time(start), example=later, zone=context.times.zone_name)
    context.unit.send(time_offered(reason, end, DraftEnd(draft.id, start, end or 0)))


def _nearest_end(start: int, read: TimeRead) -> int | None:
    """Return the quarter-hour before a typed end; one too early may be meant for the afternoon where nothing said otherwise."""
    minutes = read.minutes if read.minutes > start or read.has_meridiem else read.minutes + _HALF_DAY
    end = minutes // CELL_MINUTES * CELL_MINUTES
    return end if start < end <= DAY_MINUTES else None


async def _stretch_or_posting(update: Update, context: Context, draft: Draft, problem: Problem) -> State:
    """Take what is no single time for a stretch on the chosen days, or for a posting of its own; else say why it was not read."""
    text = typed_text(update)
    read = read_span(text)
    if isinstance(read, SpanRead):
        stand(context, State.TYPING, notes={str(draft.id): _told(context, read.notes)})
        return await with_hours(context, draft, read.span)
    if isinstance(read_hours(text, today=context.today), HoursRead):
        return await hours_typed(update, context)
    shown = problem if read.code == "not_understood" else read
    context.unit.send(Screen(problem_text(context.reader, shown, "hours.time_examples")))
    return State(str(context.unit.dialogue.state))


async def _not_read(context: Context, problem: Problem) -> State:
    """Say why hours were not read, and offer the readings there are."""
    reason = problem_text(context.reader, problem, "hours.examples")
    reads = [read for read in problem.suggestions if isinstance(read, HoursRead) and not too_far(context, read.days[-1][0])]
    offers = [await suggested(context, read.days) for read in reads]
    context.unit.send(refused(context.reader, reason, offers, context.today))
    notes = {str(offer.draft): _told(context, read.notes) for offer, read in zip(offers, reads, strict=True)}
    return stand(context, State.TYPING, notes=notes)


async def _beyond(context: Context) -> State:
    """Say that hours lie too far ahead."""
    years = FARTHEST // 366
    context.unit.send(Screen(context.t("hours.too_far", years=years)))
    return stand(context, State.TYPING)


def _told(context: Context, notes: Sequence[Note]) -> list[str]:
    """Return notes as the preview tells them."""
    return [str(note_text(context.reader, note)) for note in notes]
