"""What is kept of a line that a person typed in private, so that an edit of it can be recognised later."""

from zlib import crc32

from telegram import Message, Update
from telegram.constants import ChatType
from telegram.ext.filters import StatusUpdate

from domain.line import Line


def line_of(update: Update) -> Line | None:
    """Return the line that a private message is, or is an edit of; None for any other update.

    An edit without text, such as that of a live location, is no new version of a line.
    """
    message = update.message or update.edited_message
    if message is None or message.chat.type != ChatType.PRIVATE or message.message_id <= 0:
        return None
    edited = update.message is None
    if message.text is None and (edited or StatusUpdate.ALL.check_update(update)):
        return None
    return Line(message.chat.id, message.message_id, _checksum(message), edited)


def _checksum(message: Message) -> int | None:
    """Return a checksum of a message's text: it tells two versions of a line apart without keeping its words."""
    return None if message.text is None else crc32(message.text.encode())
