"""What an update says about whether a person can be reached."""

from telegram import ChatMember, Update
from telegram.constants import ChatType


def has_blocked(update: Update) -> bool:
    """Return whether a person has just blocked the bot."""
    change = update.my_chat_member
    return (
        change is not None
        and change.chat.type == ChatType.PRIVATE
        and change.new_chat_member.status in {ChatMember.BANNED, ChatMember.LEFT}
    )
