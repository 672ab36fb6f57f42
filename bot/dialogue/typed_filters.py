"""The text of typed messages, and filters for it."""

from telegram import Message, Update
from telegram.ext import filters

from domain.person import has_visible_text


class _Blank(filters.MessageFilter):
    """Matches texts in which nothing is visible: empty, white space, direction marks."""

    def filter(self, message: Message) -> bool:
        """Return whether a message is such a text."""
        return message.text is not None and not has_visible_text(message.text)


_NEW = filters.UpdateType.MESSAGE
# A new message without visible text. Phones do not send it, but other clients do.
BLANK = _Blank() & _NEW
# A line of a dialogue: a new message with visible text that is no command.
LINE = filters.TEXT & ~filters.COMMAND & ~BLANK & _NEW


def typed_text(update: Update) -> str:
    """Return the text of a message, or "" if it has none."""
    return (update.effective_message.text or "") if update.effective_message else ""


def argument(update: Update) -> str:
    """Return the visible text behind a command, or "" if there is none."""
    words = (update.message.text or "").split(maxsplit=1) if update.message else []
    line = words[1] if len(words) > 1 else ""
    return line if has_visible_text(line) else ""
