"""Where a provider stands while he posts or removes hours."""

from datetime import date, timedelta
from enum import StrEnum

from bot.dialogue.context import Context

FLOW = "hours"

# How far ahead hours may lie, in days: years ahead is a slip of the keyboard, and clocks cannot be told much further.
FARTHEST = 5 * 366
# How far ahead the calendar goes, today counted.
CALENDAR_DAYS = 400


class State(StrEnum):
    """What a typed line is taken for."""

    TYPING = "typing"
    DAYS = "days"
    START = "start"
    END = "end"
    REMOVING = "removing"


def stand(context: Context, state: State, **data: object) -> State:
    """Take a place in the dialogue, with what a typed line will need there."""
    context.request.stand(FLOW, state)
    context.request.remember(**data)
    return state


def stay(context: Context, **data: object) -> State:
    """Take the place one has in this dialogue already, or that for a whole posting."""
    stood = context.request.dialogue
    return stand(
        context, State(stood.state) if stood.flow == FLOW and stood.state else State.TYPING, **data
    )


def kept(context: Context, name: str) -> str:
    """Return a value that was kept with the place."""
    return str(context.request.dialogue.data[name])


def calendar_days(context: Context) -> tuple[date, date]:
    """Return the first and the last day that can be chosen in the calendar."""
    return context.today, context.today + timedelta(days=CALENDAR_DAYS - 1)


def too_far(context: Context, day: date) -> bool:
    """Tell whether a day lies further ahead than hours may."""
    return day > context.today + timedelta(days=FARTHEST)
