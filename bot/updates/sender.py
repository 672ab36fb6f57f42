"""Who sent an update, and in which chat they are answered."""

from dataclasses import dataclass, replace

from telegram import Chat, Update, User
from telegram.constants import ChatType

from domain.client import Client, Contact, name_from_telegram

_GROUPS = (ChatType.GROUP, ChatType.SUPERGROUP)


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sent an update, and the ``chat`` they sent it in.

    One who is ``passing`` wrote in a group: they may be answered there, and nothing is kept of them.
    """

    contact: Contact
    chat: int
    passing: bool = False

    @property
    def stranger(self) -> Client:
        """Return the sender as a person about whom nothing is stored."""
        return Client(
            self.contact.id,
            self.contact.name,
            None,
            None,
            None,
            telegram_language=self.contact.language,
        )


def sender_of(update: Update) -> Sender | None:
    """Return who sent an update, None for one that a person did not send to the bot, such as another bot's message."""
    user, chat = update.effective_user, update.effective_chat
    if (sender_chat := _in_the_name_of(update)) is not None and chat is not None:
        return Sender(Contact(sender_chat.id, ""), chat.id, passing=True)
    if user is None or user.is_bot:
        return None
    return Sender(
        _contact(user),
        chat.id if chat else user.id,
        passing=chat is not None and chat.type in _GROUPS,
    )


def _contact(user: User) -> Contact:
    """Return what an update tells of a person, with a name that others can read."""
    told = Contact(
        user.id,
        " ".join(filter(None, (user.first_name, user.last_name))),
        user.username,
        user.language_code,
    )
    return replace(told, name=name_from_telegram(told))


def _in_the_name_of(update: Update) -> Chat | None:
    """Return the group or channel in whose name a group's message was written, None where a person wrote it in their own."""
    message = update.message or update.edited_message
    return message.sender_chat if message and message.chat.type in _GROUPS else None
