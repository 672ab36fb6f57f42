"""The dialogue of open hours: add and remove them by typing or tapping."""

from telegram.ext import CommandHandler, MessageHandler

from bot.buttons import (
    AskRemoval,
    DiscardDraft,
    DraftEnd,
    DraftMonth,
    DraftStart,
    DraftTimes,
    HoursHome,
    NewDraft,
    Open,
    PostedDay,
    PublishDraft,
    RemoveHours,
    ShowDraft,
    ToggleDay,
    UndoDraft,
)
from bot.dialogue.flow import Flow, Tap
from bot.dialogue.typed import LINE
from bot.features.hours import posted as hours_posted
from bot.features.hours import tapped as hours_tapped
from bot.features.hours.state import FLOW, State
from bot.features.hours.typed import days_typed, end_typed, hours_typed, reads_as_hours, start_typed

__all__ = ["FLOW", "State", "hours_flow", "hours_typed", "reads_as_hours"]


def hours_flow() -> Flow:
    """Return the dialogue."""
    return Flow(
        FLOW,
        [
            CommandHandler("hours", hours_posted.hours_opened),
            Tap(Open, hours_posted.hours_opened, only=Open("hours")),
            Tap(HoursHome, hours_posted.home_paged),
            Tap(PostedDay, hours_posted.day_opened),
            Tap(AskRemoval, hours_posted.removal_asked),
            Tap(RemoveHours, hours_posted.hours_removed),
            Tap(NewDraft, hours_tapped.draft_begun),
            Tap(DraftMonth, hours_tapped.month_turned),
            Tap(ToggleDay, hours_tapped.day_toggled),
            Tap(DraftTimes, hours_tapped.times_wanted),
            Tap(DraftStart, hours_tapped.start_chosen),
            Tap(DraftEnd, hours_tapped.end_chosen),
            Tap(ShowDraft, hours_tapped.draft_shown),
            Tap(PublishDraft, hours_tapped.draft_published),
            Tap(DiscardDraft, hours_tapped.draft_dropped),
            Tap(UndoDraft, hours_tapped.publication_undone),
        ],
        {
            State.TYPING: [MessageHandler(LINE, hours_typed)],
            State.DAYS: [MessageHandler(LINE, days_typed)],
            State.START: [MessageHandler(LINE, start_typed)],
            State.END: [MessageHandler(LINE, end_typed)],
            State.REMOVING: [MessageHandler(LINE, hours_posted.span_typed)],
        },
    )
