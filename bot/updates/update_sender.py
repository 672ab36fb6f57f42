"""The sender of an update, and the chat in which the bot answers."""

from dataclasses import dataclass, replace

from telegram import Chat, Update, User
from telegram.constants import ChatType

from bot.dialogue.membership import has_blocked
from domain.person import Contact, Person, name_from_telegram

_GROUPS = (ChatType.GROUP, ChatType.SUPERGROUP)


@dataclass(frozen=True, slots=True)
class Sender:
    """The sender of an update, and the ``chat`` that the update comes from.

    A ``passing`` sender wrote in a group. The bot may answer there, but stores nothing about them.
    A ``leaving`` sender has just blocked the bot.
    """

    contact: Contact
    chat: int
    passing: bool = False
    leaving: bool = False

    @property
    def stranger(self) -> Person:
        """The sender as a person about whom nothing is stored."""
        return Person(
            0,
            self.contact.telegram_id,
            self.contact.name,
            telegram_language=self.contact.language,
        )


def sender_of(update: Update) -> Sender | None:
    """Return the sender of an update, None if no person sent it to the bot."""
    user, chat = update.effective_user, update.effective_chat
    if (sender_chat := _sender_chat(update)) is not None and chat is not None:
        return Sender(Contact(sender_chat.id, ""), chat.id, passing=True)
    if user is None or user.is_bot:
        return None
    return Sender(
        _contact(user),
        chat.id if chat else user.id,
        passing=chat is not None and chat.type in _GROUPS,
        leaving=has_blocked(update),
    )


def _contact(user: User) -> Contact:
    """Return a user's contact details, with a readable name."""
    contact = Contact(
        user.id,
        " ".join(filter(None, (user.first_name, user.last_name))),
        user.username,
        user.language_code,
    )
    return replace(contact, name=name_from_telegram(contact))


def _sender_chat(update: Update) -> Chat | None:
    """Return the group or channel on whose behalf a group message was sent, None if a person's."""
    message = update.message or update.edited_message
    return message.sender_chat if message and message.chat.type in _GROUPS else None
