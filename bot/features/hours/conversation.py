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
from bot.dialogue.typed_filters import LINE
from bot.features.hours import open_hours, tapped
from bot.features.hours.state import FLOW, State
from bot.features.hours.typed_hours import (
    days_typed,
    end_typed,
    hours_typed,
    reads_as_hours,
    start_typed,
)

__all__ = ["FLOW", "State", "hours_flow", "hours_typed", "reads_as_hours"]


def hours_flow() -> Flow:
    """Return the dialogue."""
    return Flow(
        FLOW,
        [
            CommandHandler("hours", open_hours.hours_opened),
            Tap(Open, open_hours.hours_opened, only=Open("hours")),
            Tap(HoursHome, open_hours.home_paged),
            Tap(PostedDay, open_hours.day_opened),
            Tap(AskRemoval, open_hours.removal_asked),
            Tap(RemoveHours, open_hours.hours_removed),
            Tap(NewDraft, tapped.draft_begun),
            Tap(DraftMonth, tapped.month_turned),
            Tap(ToggleDay, tapped.day_toggled),
            Tap(DraftTimes, tapped.times_wanted),
            Tap(DraftStart, tapped.start_chosen),
            Tap(DraftEnd, tapped.end_chosen),
            Tap(ShowDraft, tapped.draft_shown),
            Tap(PublishDraft, tapped.draft_published),
            Tap(DiscardDraft, tapped.draft_dropped),
            Tap(UndoDraft, tapped.publication_undone),
        ],
        {
            State.TYPING: [MessageHandler(LINE, hours_typed)],
            State.DAYS: [MessageHandler(LINE, days_typed)],
            State.START: [MessageHandler(LINE, start_typed)],
            State.END: [MessageHandler(LINE, end_typed)],
            State.REMOVING: [MessageHandler(LINE, open_hours.span_typed)],
        },
    )
