"""The states of the hours dialogue, and the values stored with them."""

from datetime import date, timedelta
from enum import StrEnum

from bot.dialogue.context import Context
from bot.dialogue.flow import Flow

FLOW = "hours"

# How far ahead hours can be, in days. More is a typing mistake, and the rules of time zones are
# not known much further ahead.
FARTHEST = 5 * 366
# How far ahead the calendar goes, in days, including today.
CALENDAR_DAYS = 400


class State(StrEnum):
    """What the next typed line is read as."""

    TYPING = "typing"
    DAYS = "days"
    START = "start"
    END = "end"
    REMOVING = "removing"


HOURS = Flow(FLOW, State)


def enter(context: Context, state: State, **data: object) -> State:
    """Enter a state of the dialogue and store the values that a typed line needs there."""
    context.request.enter(FLOW, state)
    context.request.remember(**data)
    return state


def stay(context: Context, **data: object) -> State:
    """Stay in the current state of this dialogue, or enter TYPING from outside."""
    dialogue = context.request.dialogue
    return enter(
        context,
        State(dialogue.state) if dialogue.flow == FLOW and dialogue.state else State.TYPING,
        **data,
    )


def stored(context: Context, name: str) -> str:
    """Return a value that was stored with the state."""
    return str(context.request.dialogue.data[name])


def calendar_days(context: Context) -> tuple[date, date]:
    """Return the first and last day that can be chosen in the calendar."""
    return context.today, context.today + timedelta(days=CALENDAR_DAYS - 1)


def too_far(context: Context, day: date) -> bool:
    """Return whether a day is further ahead than hours can be."""
    return day > context.today + timedelta(days=FARTHEST)
