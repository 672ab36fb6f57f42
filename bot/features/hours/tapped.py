"""Handle taps: choose days, the start and the end; then publish, discard or undo."""

from contextlib import suppress
from dataclasses import replace
from datetime import date

from bot.buttons.hours import (
    DiscardDraft,
    DraftEnd,
    DraftMonth,
    DraftStart,
    DraftTimes,
    NewDraft,
    PublishDraft,
    ShowDraft,
    ToggleDay,
    UndoDraft,
)
from bot.dialogue.acting import work_for
from bot.dialogue.context import Context
from bot.dialogue.routes import Routes
from bot.features.hours.removal import ask_about_bookings, remove_or_ask
from bot.features.hours.state import HOURS, State, calendar_days
from bot.features.hours.steps import own_draft, show_calendar, show_draft, show_end, show_start
from bot.features.hours.typed_hours import with_hours
from bot.ui.refusals import refusal_text
from domain import errors
from domain.posting import Draft, DraftState
from domain.timespan import DAY_MINUTES, WallSpan
from domain.usecases.post_availability import (
    change_draft,
    discard_draft,
    draft_hours,
    publish_draft,
)
from domain.usecases.remove_availability import Inside, Removal, undo_publication

routes = Routes(HOURS)


@routes.button(NewDraft)
async def draft_begun(context: Context, tap: NewDraft) -> State:
    """Show the calendar of a new draft."""
    await work_for(context, tap.provider)
    draft = await draft_hours(context.uow, context.me, context.provider.id, (), context.now)
    return show_calendar(context, draft, context.today)


@routes.button(DraftMonth)
async def month_turned(context: Context, tap: DraftMonth) -> State:
    """Show a month of the calendar."""
    draft = await own_draft(context, tap.draft)
    return (
        show_calendar(context, draft, tap.month)
        if _open(draft)
        else await show_draft(context, draft)
    )


@routes.button(ToggleDay)
async def day_toggled(context: Context, tap: ToggleDay) -> State:
    """Choose a day, or choose it no longer."""
    draft = await own_draft(context, tap.draft)
    if not _open(draft):
        return await show_draft(context, draft)
    first, last = calendar_days(context)
    if first <= tap.day <= last:
        draft = await change_draft(
            context.uow, context.me, _chosen(draft, tap.day, wanted=bool(tap.chosen))
        )
    else:
        context.alert(context.t.plain("hours.day_out_of_reach"))
    return show_calendar(context, draft, tap.day)


@routes.button(DraftTimes)
async def times_wanted(context: Context, tap: DraftTimes) -> State:
    """Show the times to start at."""
    draft = await own_draft(context, tap.draft)
    if _open(draft) and draft.days:
        return show_start(context, draft)
    return await show_draft(context, draft)


@routes.button(DraftStart)
async def start_chosen(context: Context, tap: DraftStart) -> State:
    """Show the times to end at."""
    draft = await own_draft(context, tap.draft)
    if _open(draft) and draft.days and tap.start < DAY_MINUTES:
        return show_end(context, draft, tap.start)
    return await show_draft(context, draft)


@routes.button(DraftEnd)
async def end_chosen(context: Context, tap: DraftEnd) -> State:
    """Give the chosen days their hours and show the preview."""
    draft = await own_draft(context, tap.draft)
    if _open(draft) and draft.days and tap.start < tap.end <= DAY_MINUTES:
        return await with_hours(context, draft, WallSpan(tap.start, tap.end))
    return await show_draft(context, draft)


@routes.button(ShowDraft)
async def draft_shown(context: Context, tap: ShowDraft) -> State:
    """Show a draft."""
    return await show_draft(context, await own_draft(context, tap.draft))


@routes.button(PublishDraft)
async def draft_published(context: Context, tap: PublishDraft) -> State:
    """Publish a draft; one that cannot be published any more is shown, which says why."""
    await own_draft(context, tap.draft)
    with suppress(
        errors.OffGrid,
        errors.TimeInPast,
        errors.TooManyDays,
        errors.NothingToPublish,
        errors.DraftDiscarded,
    ):
        try:
            await context.act(
                publish_draft(context.uow, tap.draft, context.me, context.zone, context.now)
            )
        except errors.ZoneChanged as changed:
            context.alert(refusal_text(context.locale, changed))
    draft = await own_draft(context, tap.draft)
    state = await show_draft(context, draft)
    if draft.state is DraftState.PUBLISHED:
        context.request.detach_card()
    return state


@routes.button(DiscardDraft)
async def draft_dropped(context: Context, tap: DiscardDraft) -> State:
    """Discard a draft."""
    await own_draft(context, tap.draft)
    dropped = await context.act(discard_draft(context.uow, tap.draft, context.me))
    return await show_draft(context, dropped)


@routes.button(UndoDraft)
async def publication_undone(context: Context, tap: UndoDraft) -> State:
    """Remove the hours that publishing added; ask about reservations inside."""
    draft = await own_draft(context, tap.draft)
    if draft.state is not DraftState.PUBLISHED:
        return await show_draft(context, draft)

    async def undo(inside: Inside) -> Removal:
        return await undo_publication(
            context.uow, context.policy, draft.id, context.me, inside, context.now
        )

    removal, note = await remove_or_ask(context, undo, tap.inside)
    if not removal.done:
        return await ask_about_bookings(
            context, removal.inside, lambda answer: UndoDraft(draft.id, answer), ShowDraft(draft.id)
        )
    return await show_draft(context, await own_draft(context, draft.id), note)


def _open(draft: Draft) -> bool:
    """Return whether a draft can still be changed."""
    return draft.state is DraftState.OPEN


def _chosen(draft: Draft, day: date, *, wanted: bool) -> Draft:
    """Return a draft with a day chosen or not.

    Its hours are dropped, so that a late tap cannot publish days that were not previewed.
    """
    is_chosen = any(other == day for other, _ in draft.days)
    changed = draft.toggled(day) if is_chosen != wanted else draft
    return replace(changed, days=tuple((other, ()) for other, _ in changed.days))
