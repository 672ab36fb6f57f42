"""Handlers that tests add before those of the bot, to run any code for a message or a tap."""

from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any

from telegram import Update
from telegram.ext import CallbackQueryHandler, MessageHandler, filters

from bot.dialogue.context import Context
from bot.dialogue.typed_filters import typed_text
from bot.messages.actions import Action, to_payload
from bot.messages.screen import Button, Screen
from bot.ports import BotUnitOfWork
from domain.operations.outbox import OutboxRow
from tests.kit.bot import BotHarness
from tests.kit.chat import ChatUser
from tests.kit.raw_database import rows

CallbackData = Callable[[Update, Context], Coroutine[Any, Any, None]]


def on_text(bot: BotHarness, word: str, callback: CallbackData) -> None:
    """Run a callback for every message that begins with the word."""
    bot.adds_handler(MessageHandler(filters.Regex(f"^{word}"), callback))


def on_tap(bot: BotHarness, data: str, callback: CallbackData) -> None:
    """Run a callback for every tap on a button with this data."""
    bot.adds_handler(CallbackQueryHandler(callback, pattern=f"^{data}$"))


async def echo(update: Update, context: Context) -> None:
    """Send the text back."""
    context.request.send(Screen(f"heard {typed_text(update)}"))


async def send_probe_button(update: Update, context: Context) -> None:
    """Send a button with the data ``probe``."""
    context.request.send(Screen("Tap it", ((Button("Probe", data="probe"),),)))


def replying(*actions: Action) -> CallbackData:
    """Return a callback that adds these steps to the reply."""

    async def answer(update: Update, context: Context) -> None:
        context.request.actions.extend(actions)

    return answer


def raising(error: Exception) -> CallbackData:
    """Return a callback that changes a row, adds a reply and then raises the error."""

    async def fail(update: Update, context: Context) -> None:
        await context.uow.people.choose_zone(context.me, "Asia/Tokyo")
        context.request.send(Screen("never said"))
        raise error

    return fail


def outbox(bot: BotHarness, columns: str = "kind, state, attempts") -> list[Any]:
    """Return columns of the outbox rows, oldest first."""
    return rows(bot.app.database.url, f"SELECT {columns} FROM outbox ORDER BY id")


def cards(bot: BotHarness) -> list[Any]:
    """Return reservation, chat, card and warning of each card that the database knows."""
    return rows(
        bot.app.database.url,
        "SELECT reservation_id, chat_id, message_id, notice_message_id FROM card ORDER BY 1",
    )


async def add_reply(
    uow: BotUnitOfWork, user: ChatUser, now: datetime, *actions: Action, queued: bool = False
) -> OutboxRow:
    """Put an answer for a person into the outbox, leased from ``now`` on unless ``queued``."""
    known = await uow.queries.account(user.id)
    return await uow.outbox.reply(
        user.id, known.id if known else None, to_payload(actions), now, queued=queued
    )


def texts(user: ChatUser) -> list[str]:
    """Return the texts of the bot's messages to a person, as they read now."""
    return [message.text for message in user.shown]


def calls(bot: BotHarness, method: str, user: ChatUser | None = None) -> list[Any]:
    """Return the calls of a Bot API method, to one person's chat if ``user`` is given."""
    chat_id = None if user is None else str(user.id)
    return [
        call
        for call in bot.simulator.transcript.calls_of(method)
        if chat_id is None or str(call.params.get("chat_id")) == chat_id
    ]
