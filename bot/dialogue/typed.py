"""What a person typed."""

from telegram import Message, Update
from telegram.ext import filters

from domain.client import has_visible_text


class _Blank(filters.MessageFilter):
    """Finds texts in which nothing is visible: empty ones, white space, direction marks."""

    def filter(self, message: Message) -> bool:
        """Tell whether a message is such a text."""
        return message.text is not None and not has_visible_text(message.text)


_NEW = filters.UpdateType.MESSAGE
# A new message with such a text: nothing was typed. A phone sends none, but other clients do.
BLANK = _Blank() & _NEW
# A line of a dialogue: text of a new message that is no command and has something to read.
LINE = filters.TEXT & ~filters.COMMAND & ~BLANK & _NEW


def typed_text(update: Update) -> str:
    """Return the text of a message, or nothing."""
    return (update.effective_message.text or "") if update.effective_message else ""


def argument(update: Update) -> str:
    """Return the text behind a command, or "" where nothing visible is there or there is no command."""
    words = (update.message.text or "").split(maxsplit=1) if update.message else []
    line = words[1] if len(words) > 1 else ""
    return line if has_visible_text(line) else ""
