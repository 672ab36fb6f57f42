"""Identify typed lines, so that a later edit of one is recognised."""

from zlib import crc32

from telegram import Message, Update
from telegram.constants import ChatType
from telegram.ext.filters import StatusUpdate

from domain.typed_line import Line


def line_of(update: Update) -> Line | None:
    """Return the line that a private message is, or edits; None for any other update.

    An edit without text, like that of a live location, is no new version of a line.
    """
    message = update.message or update.edited_message
    if message is None or message.chat.type != ChatType.PRIVATE or message.message_id <= 0:
        return None
    edited = update.message is None
    if message.text is None and (edited or StatusUpdate.ALL.check_update(update)):
        return None
    return Line(message.chat.id, message.message_id, _checksum(message), edited)


def _checksum(message: Message) -> int | None:
    """Return a checksum of the text, to compare versions of a line without storing the words."""
    return None if message.text is None else crc32(message.text.encode())
