"""The states of the hours dialogue, and the values stored with them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum

from bot.dialogue.context import Context
from bot.dialogue.flow import Flow
from domain.posting import Draft

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


@dataclass(frozen=True, slots=True)
class HoursData:
    """What a typed line needs in some states.

    ``draft`` and its ``start``, in minutes after midnight, are set while hours are chosen, ``day``
    is the day shown. ``notes`` say how each draft was read, until it is previewed. ``provider`` is
    whose hours they are, ``pending`` a line that waits until that is chosen.
    """

    draft: int | None = None
    start: int | None = None
    day: date | None = None
    notes: Mapping[int, Sequence[str]] = field(default_factory=dict)
    provider: int | None = None
    pending: str = ""


HOURS = Flow("hours", State, HoursData)


def enter_draft(context: Context, state: State, draft: Draft, start: int | None = None) -> State:
    """Enter a state in which a typed line is about a draft."""
    data = replace(_data(context), draft=draft.id, start=start)
    return HOURS.enter(context, state, data)


def enter_day(context: Context, day: date) -> State:
    """Enter the state in which a typed line is about a day's open hours."""
    return HOURS.enter(context, State.REMOVING, replace(_data(context), day=day))


def enter_typing(context: Context, notes: Mapping[int, Sequence[str]] | None = None) -> State:
    """Enter the state in which a typed line is hours, perhaps with notes on drafts."""
    return _keep_notes(context, State.TYPING, notes)


def enter_choice(context: Context, line: str) -> State:
    """Enter the state in which a provider is to be chosen for a line, "" for their open hours."""
    return HOURS.enter(context, State.TYPING, HoursData(pending=line))


def _data(context: Context) -> HoursData:
    """Return the stored data for the provider whom the person works for now."""
    stored, number = HOURS.data(context), context.provider.id
    known = stored.provider in {None, number}
    return replace(stored if known else HoursData(), provider=number, pending="")


def stay(context: Context, notes: Mapping[int, Sequence[str]] | None = None) -> State:
    """Stay in the current state of this dialogue, or enter TYPING from outside."""
    dialogue = context.request.dialogue
    current = dialogue.state if dialogue.flow == HOURS.name else None
    state = next((state for state in State if state == current), State.TYPING)
    return _keep_notes(context, state, notes)


def _keep_notes(context: Context, state: State, notes: Mapping[int, Sequence[str]] | None) -> State:
    """Enter a state; None keeps the notes there are."""
    data = _data(context)
    return HOURS.enter(context, state, data if notes is None else replace(data, notes=notes))


def calendar_days(context: Context) -> tuple[date, date]:
    """Return the first and last day that can be chosen in the calendar."""
    return context.today, context.today + timedelta(days=CALENDAR_DAYS - 1)


def too_far(context: Context, day: date) -> bool:
    """Return whether a day is further ahead than hours can be."""
    return day > context.today + timedelta(days=FARTHEST)
