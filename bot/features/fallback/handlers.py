"""Everything no dialogue and no command takes: other chats, other kinds of message, old buttons, words out of place."""

import re
from typing import Any

from telegram import ChatMember, Update
from telegram.ext import (
    BaseHandler,
    CallbackQueryHandler,
    ChatMemberHandler,
    MessageHandler,
    filters,
)

from bot.buttons import Nothing
from bot.dialogue.context import Context
from bot.dialogue.flow import Tap
from bot.dialogue.lines import line_of
from bot.dialogue.roles import roles_of
from bot.dialogue.typed import BLANK, LINE, typed_text
from bot.dialogue.typed_when import When, read_when
from bot.features.account.people_screens import way_back
from bot.features.account.start import cancelled, started
from bot.features.agenda.conversation import is_browsing, leave_agenda, show_typed_day
from bot.features.agenda.typed import is_unread, read_agenda_day
from bot.features.booking.conversation import booking_typed
from bot.features.hours.conversation import hours_typed, reads_as_hours
from bot.messages.screen import Button, Screen
from bot.ui.links import what_next
from domain.line import is_first_change

_MESSAGE = filters.UpdateType.MESSAGE
_NOT_PRIVATE = ~filters.ChatType.PRIVATE
# Words that mean what a button or a command does, in the languages of the bot; typed alone, whatever dialogue somebody is in.
_STOP = filters.Regex(re.compile(r"^\s*(cancel|stop|stopp|abbrechen)[\s.!]*$", re.IGNORECASE))
_BACK = filters.Regex(re.compile(r"^\s*(back|go back|zurück)[\s.!]*$", re.IGNORECASE))
_GREETINGS = frozenset(
    {"hi", "hello", "hey", "good morning", "hallo", "moin", "servus", "guten morgen", "guten tag"}
)


async def written_in_group(update: Update, context: Context) -> None:
    """Somebody called the bot in a group, where appointments are nobody else's business; what is meant for another bot is not ours."""
    called = [word.partition("@")[2] for word in typed_text(update).split() if "@" in word]
    if called and context.services.username not in called:
        return
    link = f"https://t.me/{context.services.username}"
    context.request.send(
        Screen(
            context.t("elsewhere.group"), ((Button(context.t.plain("button.private"), url=link),),)
        )
    )


async def tapped_in_group(update: Update, context: Context) -> None:
    """A button was tapped on a message that was carried into a group."""
    context.warn(context.t.plain("elsewhere.group"))


async def overheard(update: Update, context: Context) -> None:
    """Something in a group that is not meant for the bot."""


async def message_edited(update: Update, context: Context) -> None:
    """A message was edited: say that the bot does not see that, where the person changed what they had just typed."""
    edit = line_of(update)
    if edit is None:
        return
    newest = await context.updates.newest_line(edit.chat)
    earlier = await context.updates.versions(edit, excluding=update.update_id)
    if is_first_change(edit, newest, earlier):
        context.request.send(Screen(context.t("elsewhere.edited")))


async def nothing_tapped(update: Update, context: Context) -> None:
    """A button that is only looked at was tapped."""
    context.say(context.t.plain("elsewhere.nothing"))


async def stale_tapped(update: Update, context: Context) -> None:
    """A button was tapped whose choice nobody can read: it is very old, or was never ours."""
    context.warn(context.t.plain("elsewhere.stale"))


async def words_out_of_place(update: Update, context: Context) -> None:
    """Somebody typed something that nothing waits for; a provider's hours, a time to book and a greeting are understood all the same."""
    line = typed_text(update)
    if is_browsing(context) and not is_unread(day := read_agenda_day(line, context.today)):
        await show_typed_day(context, day)
    elif reads_as_hours(line, context.today) and await context.uow.providers.of_client(context.me):
        leave_agenda(context)
        await hours_typed(update, context)
    elif line.strip(" .!,").casefold() in _GREETINGS:
        await started(update, context)
    elif isinstance(when := read_when(line, today=context.today), When):
        leave_agenda(context)
        await booking_typed(context, when)
    else:
        await _say(context, "elsewhere.command" if line.startswith("/") else "elsewhere.words")


async def back_typed(update: Update, context: Context) -> None:
    """Somebody typed what the button says."""
    context.request.send(way_back(context.reader))


async def no_text(update: Update, context: Context) -> None:
    """Somebody sent a sticker, a picture, a voice or the like."""
    await _say(context, "elsewhere.no_text")


async def membership_changed(update: Update, context: Context) -> None:
    """Somebody blocked the bot, or unblocked it: then he is told what he missed, as far as it still holds."""
    change = update.my_chat_member
    if change is None or change.chat.type != "private":
        return
    if change.new_chat_member.status in {ChatMember.BANNED, ChatMember.LEFT}:
        await context.uow.clients.mark_unreachable(context.me, context.now)
    else:
        await context.uow.outbox.resume(context.me, context.now)


async def _say(context: Context, key: str) -> None:
    """Say something, with the buttons of what this person most likely wants."""
    context.request.send(Screen(context.t(key), what_next(context.reader, await roles_of(context))))


def first_handlers() -> list[BaseHandler[Update, Context, Any]]:
    """Return the handlers that come before all others: they keep groups, edits and the words for leaving out of the dialogues."""
    return [
        ChatMemberHandler(membership_changed, ChatMemberHandler.MY_CHAT_MEMBER),
        MessageHandler(_NOT_PRIVATE & filters.COMMAND & _MESSAGE, written_in_group),
        MessageHandler(_NOT_PRIVATE & filters.Entity("mention") & _MESSAGE, written_in_group),
        MessageHandler(_NOT_PRIVATE, overheard),
        _TappedInGroup(tapped_in_group),
        MessageHandler(filters.UpdateType.EDITED_MESSAGE, message_edited),
        MessageHandler(LINE & _STOP, cancelled),
        MessageHandler(LINE & _BACK, back_typed),
    ]


def last_handlers() -> list[BaseHandler[Update, Context, Any]]:
    """Return the handlers that take what is left."""
    return [
        Tap(Nothing, nothing_tapped),
        CallbackQueryHandler(stale_tapped),
        MessageHandler((filters.TEXT | BLANK) & _MESSAGE, words_out_of_place),
        MessageHandler(_MESSAGE & ~filters.StatusUpdate.ALL, no_text),
    ]


class _TappedInGroup(CallbackQueryHandler[Context, None]):
    """Takes the taps on messages that stand in a group."""

    def check_update(self, update: object) -> bool:
        """Tell whether it is such a tap."""
        chat = (
            update.effective_chat if isinstance(update, Update) and update.callback_query else None
        )
        return chat is not None and chat.type != "private"
