"""Where handlers end that did not do as asked: a refusal is told; anything else is our own fault and left to the processor."""

from telegram.ext import CallbackContext

from bot.context import Context
from bot.refusals import refusal_text
from bot.screen import Screen
from bot.unit import CURRENT
from domain.errors import Refusal


async def handler_failed(update: object, context: CallbackContext) -> None:  # type: ignore[type-arg]  # python-telegram-bot's own
    """Tell a refusal, in a window for a tap and as a message for a typed line; hand any other error to the processor."""
    unit = CURRENT.get(None)
    if unit is None or not isinstance(context, Context):
        return
    # Whatever fails on the way to telling a refusal is our own fault too, and must not pass for work well done.
    unit.error = context.error
    if not isinstance(context.error, Refusal):
        return
    sentence = refusal_text(context.reader, context.error)
    if unit.tapped is not None:
        context.warn(sentence)
    else:
        context.unit.send(Screen(context.t("refusal", sentence=sentence)))
    unit.error = None
