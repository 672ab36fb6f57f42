"""What a person typed."""

from telegram import Update
from telegram.ext import filters

# A line of a dialogue: text of a new message that is no command.
LINE = filters.TEXT & ~filters.COMMAND & filters.UpdateType.MESSAGE


def typed_text(update: Update) -> str:
    """Return the text of a message, or nothing; what no database and no reader could take is left out."""
    return storable(update.effective_message.text or "") if update.effective_message else ""


def storable(text: str) -> str:
    """Return a text without NUL, which PostgreSQL refuses in any column, and without halves of surrogate pairs, which are no characters."""
    return text.replace("\x00", "").encode(errors="ignore").decode()
