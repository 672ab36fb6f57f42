"""Handlers for tests alone, asked before the bot's own: they let a line of text do just what a test needs."""

from collections.abc import Callable, Coroutine
from typing import Any

from telegram import Update
from telegram.ext import CallbackQueryHandler, MessageHandler, filters

from bot.dialogue.context import Context
from bot.dialogue.typed import typed_text
from bot.messages.actions import Step
from bot.messages.screen import Button, Screen
from tests.kit.bot import BotHarness
from tests.kit.chat import ChatUser
from tests.kit.raw_database import rows

Behaviour = Callable[[Update, Context], Coroutine[Any, Any, None]]


def on_text(bot: BotHarness, word: str, behaviour: Behaviour) -> None:
    """Have the bot do this for every line that begins with the word."""
    bot.adds_handler(MessageHandler(filters.Regex(f"^{word}"), behaviour))


def on_tap(bot: BotHarness, data: str, behaviour: Behaviour) -> None:
    """Have the bot do this for every tap on a button that carries this."""
    bot.adds_handler(CallbackQueryHandler(behaviour, pattern=f"^{data}$"))


async def echo(update: Update, context: Context) -> None:
    """Send back what was said."""
    context.request.send(Screen(f"heard {typed_text(update)}"))


async def offer(update: Update, context: Context) -> None:
    """Show a button that carries ``probe``."""
    context.request.send(Screen("Tap it", ((Button("Probe", data="probe"),),)))


def answering(*steps: Step) -> Behaviour:
    """Return a behaviour that leaves these steps."""

    async def answer(update: Update, context: Context) -> None:
        context.request.steps.extend(steps)

    return answer


def failing(error: Exception) -> Behaviour:
    """Return a behaviour that writes something, says something, and then fails."""

    async def fail(update: Update, context: Context) -> None:
        await context.uow.clients.choose_zone(context.me, "Asia/Tokyo")
        context.request.send(Screen("never said"))
        raise error

    return fail


def outbox(bot: BotHarness, columns: str = "kind, state, attempts") -> list[Any]:
    """Return what the outbox has, oldest first."""
    return rows(bot.app.database.url, f"SELECT {columns} FROM outbox ORDER BY id")


def texts(who: ChatUser) -> list[str]:
    """Return what the bot has said to somebody, as it reads now."""
    return [message.text for message in who.shown]


def calls(bot: BotHarness, method: str, who: ChatUser | None = None) -> list[Any]:
    """Return the calls of a method, for one person's chat where one is named."""
    wanted = None if who is None else str(who.id)
    return [
        call
        for call in bot.simulator.transcript.calls_of(method)
        if wanted is None or str(call.params.get("chat_id")) == wanted
    ]
