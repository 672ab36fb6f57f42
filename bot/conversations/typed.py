"""What a person typed."""

from telegram import Update
from telegram.ext import filters

# A line of a dialogue: text of a new message that is no command.
LINE = filters.TEXT & ~filters.COMMAND & filters.UpdateType.MESSAGE


def typed_text(update: Update) -> str:
    """Return the text of a message, or nothing."""
    return (update.effective_message.text or "") if update.effective_message else ""
