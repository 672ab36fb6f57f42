"""Deep links.

Telegram sends ``t.me/<bot>?start=<kind>_<rest>`` as ``/start <kind>_<rest>``.
"""

from collections.abc import Callable, Coroutine
from typing import Any

from telegram import Update
from telegram.ext import CommandHandler, filters

from bot.dialogue.context import Context


def deep_link(
    kind: str, callback: Callable[[Update, Context], Coroutine[Any, Any, Any]]
) -> CommandHandler[Context, Any]:
    """Return a handler of one kind of deep link; it gets the rest from ``rest_of_link``."""
    return CommandHandler(
        "start",
        callback,
        filters=filters.UpdateType.MESSAGE & filters.Regex(rf"(?i)^/start\S*\s+{kind}_"),
    )


def rest_of_link(context: Context) -> str:
    """Return the part of the link after the kind."""
    return context.args[0].partition("_")[2] if context.args else ""


def link_to(context: Context, kind: str, rest: str) -> str:
    """Return a deep link to this bot."""
    return f"https://t.me/{context.services.username}?start={kind}_{rest}"
