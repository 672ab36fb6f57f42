"""Open hours: show them day by day, and remove a day, a span or a part of one."""

from collections.abc import Sequence
from datetime import date

from telegram import Update

from bot.buttons.hours import AskRemoval, HoursHome, HoursOf, PostedDay, RemoveHours
from bot.dialogue.acting import all_providers, work_for
from bot.dialogue.context import Context
from bot.dialogue.routes import Routes
from bot.dialogue.typed_filters import argument, typed_text
from bot.features.hours.home import DAY_CELLS, coming, posted_within, show_home
from bot.features.hours.removal import ask_about_bookings, remove_or_ask
from bot.features.hours.removal_screens import removal_to_confirm
from bot.features.hours.screens import posted_day, whose_hours
from bot.features.hours.state import (
    HOURS,
    State,
    enter_choice,
    enter_day,
    too_far,
)
from bot.features.hours.typed_hours import go_on, hours_typed, is_for_days, preview_line
from bot.messages.screen import Screen
from bot.parsing.clock.read_times import read_span
from bot.parsing.core.results import SpanRead
from bot.ui.typed_feedback import note_texts, problem_text
from domain import errors
from domain.timespan import TimeSpan, on_day, whole_day
from domain.usecases.remove_availability import Inside, Removal, remove_availability

routes = Routes(HOURS)


@routes.command("hours")
async def hours_opened(update: Update, context: Context) -> State:
    """Show how to add hours and the open hours, or preview hours typed behind the command.

    Raises errors.ProviderOnly.
    """
    if line := argument(update):
        return await preview_line(context, line)
    return await _open(context)


@routes.button(HoursOf)
async def provider_chosen(context: Context, tap: HoursOf) -> State:
    """Go on with what was typed before, or show the open hours of the chosen provider."""
    pending = HOURS.data(context).pending
    await work_for(context, tap.provider)
    return await go_on(context, pending)


@routes.button(HoursHome)
async def home_paged(context: Context, tap: HoursHome) -> State:
    """Show a page of the open hours."""
    await work_for(context, tap.provider)
    return await show_home(context, tap.page)


@routes.button(PostedDay)
async def day_opened(context: Context, tap: PostedDay) -> State:
    """Show the open hours of the tapped day."""
    await work_for(context, tap.provider)
    return await _show_day(context, tap.day)


@routes.button(AskRemoval)
async def removal_asked(context: Context, tap: AskRemoval) -> State:
    """Ask whether to remove a span; if none of it is open any more, show the day as it is."""
    await work_for(context, tap.provider)
    span = _span_of(context, tap)
    day = context.times.day_of(span.start)
    posted = await posted_within(context, span)
    return _ask(context, day, posted, ()) if posted else await _show_day(context, day)


@routes.button(RemoveHours)
async def hours_removed(context: Context, tap: RemoveHours) -> State:
    """Remove a span after the provider confirmed; ask about reservations inside."""
    provider = await work_for(context, tap.provider)
    span = _span_of(context, tap)

    async def remove(inside: Inside) -> Removal:
        return await remove_availability(
            context.uow, context.policy, context.me, provider.id, [span], inside, context.now
        )

    removal, note = await remove_or_ask(context, remove, tap.inside)
    day = context.times.day_of(span.start)
    if not removal.done:
        return await ask_about_bookings(
            context,
            removal.inside,
            lambda answer: RemoveHours(span.start, span.end, answer, provider.id),
            PostedDay(day, provider.id),
        )
    times = context.times
    removed = context.t(
        "hours.removed",
        day=times.short_day(day),
        span=times.span(span),
        zone=context.locale.in_zone(),
    )
    if not note:
        context.toast(removed.unescape())
    return await _show_day(context, day, "\n".join(filter(None, (removed, note))))


@routes.line(State.REMOVING)
async def span_typed(update: Update, context: Context) -> State:
    """Ask whether to remove a typed span of the day shown; preview hours that name days."""
    data = HOURS.data(context)
    if (day := data.day) is None:
        return await hours_typed(update, context)
    await work_for(context, data.provider)
    read = read_span(typed_text(update))
    if isinstance(read, SpanRead):
        return await _ask_removal(context, day, read)
    if await is_for_days(context, typed_text(update)):
        return await hours_typed(update, context)
    return _reply(context, problem_text(context.locale, read, "hours.remove_examples"))


async def _ask_removal(context: Context, day: date, read: SpanRead) -> State:
    """Show which open hours of a day a typed span would remove, to be confirmed."""
    wall = read.span.inward()
    real = on_day(day, wall, context.zone) if wall else None
    if real is None:
        return _reply(context, context.t("hours.remove_off_grid"))
    posted = await posted_within(context, real)
    if not posted:
        return _reply(
            context,
            context.t("hours.nothing_then"),
        )
    notes = note_texts(context.locale, read.notes)
    if not read.span.on_grid:
        notes.append(context.t("hours.cut_to_grid"))
    return _ask(context, day, posted, notes)


def _ask(context: Context, day: date, posted: Sequence[TimeSpan], notes: Sequence[str]) -> State:
    """Ask whether to remove hours of a day."""
    context.show(removal_to_confirm(context.locale, day, posted, notes, context.provider.id))
    return enter_day(context, day)


async def _open(context: Context) -> State:
    """Show the open hours of the only provider, or ask whose."""
    providers = await all_providers(context)
    if len(providers) > 1:
        context.show(whose_hours(context.locale, providers))
        return enter_choice(context, "")
    await work_for(context, providers[0].id)
    return await show_home(context)


async def _show_day(context: Context, day: date, note: str = "") -> State:
    """Show the open hours of a day, or of all days if it is past, out of reach or has none."""
    window = (
        whole_day(day, context.zone) if day >= context.today and not too_far(context, day) else None
    )
    posted = await posted_within(context, window) if window else ()
    if not posted:
        return await show_home(context, 0, note)
    context.show(posted_day(context.locale, day, posted, context.provider.id).below(note))
    return enter_day(context, day)


def _span_of(context: Context, tap: RemoveHours | AskRemoval) -> TimeSpan:
    """Return the span of a button, within one day to come; raises errors.DraftUnknown if forged."""
    reach = coming(context)
    if not reach.start <= tap.start < tap.end <= reach.end or tap.end - tap.start > DAY_CELLS:
        raise errors.DraftUnknown
    return TimeSpan(tap.start, tap.end)


def _reply(context: Context, text: str) -> State:
    """Reply on a new message; the day stays as it is."""
    context.request.send(Screen(text))
    return State.REMOVING
