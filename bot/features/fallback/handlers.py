"""Handle what no dialogue and no command does: other chats, edits, other words."""

from typing import Any

from telegram import Update
from telegram.ext import BaseHandler, ChatMemberHandler, MessageHandler, filters

from bot.dialogue.context import Context
from bot.dialogue.lines import line_of
from bot.dialogue.membership import has_blocked
from bot.dialogue.provider_names import named_provider
from bot.dialogue.roles import roles_of
from bot.dialogue.typed_filters import BLANK, LINE, typed_text
from bot.dialogue.typed_when import When, read_when
from bot.dialogue.typed_words import Meaning, Means, meaning_of
from bot.features.account.start import cancelled, started
from bot.features.account.start_screens import back_hint
from bot.features.agenda.conversation import is_browsing, leave_agenda, read_line, show_typed_day
from bot.features.agenda.typed_day import is_unread
from bot.features.booking.conversation import booking_typed
from bot.features.hours.typed_hours import hours_typed, reads_as_hours
from bot.features.reservations.typed import answer_meaning
from bot.messages.screen import Button, Screen
from bot.ui.links import what_next
from domain.typed_line import is_first_change
from domain.usecases.reachability import mark_unreachable

_MESSAGE = filters.UpdateType.MESSAGE
_NOT_PRIVATE = ~filters.ChatType.PRIVATE


async def called_in_group(update: Update, context: Context) -> None:
    """Answer a call in a group with a link to the private chat, unless it is for another bot."""
    called = [word.partition("@")[2] for word in typed_text(update).split() if "@" in word]
    if called and context.services.username not in called:
        return
    link = f"https://t.me/{context.services.username}"
    context.request.send(
        Screen(
            context.t("elsewhere.group"), ((Button(context.t.plain("button.private"), url=link),),)
        )
    )


async def group_message_ignored(update: Update, context: Context) -> None:
    """Ignore a message in a group that is not for the bot."""


async def message_edited(update: Update, context: Context) -> None:
    """Say that the bot does not see edits, if the person edited what they had just typed."""
    edit = line_of(update)
    if edit is None:
        return
    newest = await context.updates.newest_line(edit.chat)
    earlier = await context.updates.versions(edit, excluding=update.update_id)
    if is_first_change(edit, newest, earlier):
        context.request.send(Screen(context.t("elsewhere.edited")))


async def other_words_typed(update: Update, context: Context) -> None:
    """Answer words that no dialogue waits for.

    A day for an open agenda, a provider's hours, a time to book and the words of
    ``bot.dialogue.typed_words`` are understood.
    """
    line = typed_text(update)
    if is_browsing(context) and not is_unread((typed := await read_line(context, line)).day):
        await show_typed_day(context, typed)
    elif await _answer_meaning(update, context, meaning_of(line)):
        return
    elif await _is_about_hours(context, line):
        leave_agenda(context)
        await hours_typed(update, context)
    elif isinstance(when := read_when(line, today=context.today), When):
        leave_agenda(context)
        await booking_typed(context, when)
    else:
        await _say(context, "elsewhere.command" if line.startswith("/") else "elsewhere.words")


async def _is_about_hours(context: Context, line: str) -> bool:
    """Return whether a person types hours of a provider for whom they act, perhaps by name."""
    acting = [each.provider for each in await context.uow.queries.acting_for(context.me)]
    _, rest = named_provider(acting, line, context.today)
    return bool(acting) and reads_as_hours(rest, context.today)


async def _answer_meaning(update: Update, context: Context, meaning: Meaning | None) -> bool:
    """Do what words typed alone ask for; return False if they ask for nothing."""
    if meaning is not Meaning.GREETING:
        return await answer_meaning(context, meaning)
    await started(update, context)
    return True


async def back_typed(update: Update, context: Context) -> None:
    """Say where the Back button is."""
    context.request.send(back_hint(context.locale))


async def message_without_text(update: Update, context: Context) -> None:
    """Say that the bot reads only text, in answer to a sticker, picture or voice message."""
    await _say(context, "elsewhere.no_text")


async def membership_changed(update: Update, context: Context) -> None:
    """Note that a person blocked the bot. Any other update of theirs brings what they missed."""
    if has_blocked(update):
        await mark_unreachable(context.uow, context.me, context.services.admins, context.now)


async def _say(context: Context, key: str) -> None:
    """Send a text, with the buttons this person most likely needs."""
    context.request.send(Screen(context.t(key), what_next(context.locale, await roles_of(context))))


def first_handlers() -> list[BaseHandler[Update, Context, Any]]:
    """Return the handlers that run before all others.

    They keep groups, edits and the words for leaving out of the dialogues.
    """
    return [
        ChatMemberHandler(membership_changed, ChatMemberHandler.MY_CHAT_MEMBER),
        MessageHandler(_NOT_PRIVATE & filters.COMMAND & _MESSAGE, called_in_group),
        MessageHandler(_NOT_PRIVATE & filters.Entity("mention") & _MESSAGE, called_in_group),
        MessageHandler(_NOT_PRIVATE, group_message_ignored),
        MessageHandler(filters.UpdateType.EDITED_MESSAGE, message_edited),
        MessageHandler(LINE & Means(Meaning.STOP), cancelled),
        MessageHandler(LINE & Means(Meaning.BACK), back_typed),
    ]


def last_handlers() -> list[BaseHandler[Update, Context, Any]]:
    """Return the handlers of all that no other handler accepts."""
    return [
        MessageHandler((filters.TEXT | BLANK) & _MESSAGE, other_words_typed),
        MessageHandler(_MESSAGE & ~filters.StatusUpdate.ALL, message_without_text),
    ]
