"""Show a provider's open hours, all days from today on."""

from collections.abc import Sequence
from datetime import timedelta

from bot.dialogue.acting import all_providers, is_own
from bot.dialogue.context import Context
from bot.features.hours.day_lines import grouped
from bot.features.hours.screens import hours_home
from bot.features.hours.state import FARTHEST, State, enter_typing
from domain.timespan import CELL, TimeSpan, cell_with, whole_day

# The length of the longest day, on which the clocks go back.
DAY_CELLS = timedelta(hours=25) // CELL


async def show_home(context: Context, page: int = 0, note: str = "") -> State:
    """Show how to add hours and a page of the open hours, below a note if there is one."""
    posted = grouped(context.locale, await posted_within(context, coming(context)))
    own = await is_own(context)
    home = hours_home(
        context.locale,
        posted,
        context.today,
        page=page,
        provider=context.provider.id,
        own=own,
        zone_chosen=not own or context.request.person.time_zone is not None,
        several=len(await all_providers(context)) > 1,
    )
    context.show(home.below(note))
    return enter_typing(context)


async def posted_within(context: Context, window: TimeSpan) -> Sequence[TimeSpan]:
    """Return the provider's open hours within a window, clipped to it."""
    spans = await context.uow.queries.open_hours(context.provider.id, window)
    return tuple(part for span in spans if (part := span.clipped(window)))


def coming(context: Context) -> TimeSpan:
    """Return the time from the start of today to the last hours that can be added."""
    today = whole_day(context.today, context.zone)
    start = today.start if today else cell_with(context.now)
    return TimeSpan(start, start + (FARTHEST + 2) * DAY_CELLS)
