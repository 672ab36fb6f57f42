"""Where handlers end that did not do as asked: a refusal is told; anything else is our own fault and left to the processor."""

from telegram.ext import CallbackContext

from bot.dialogue.context import Context
from bot.dialogue.request import CURRENT_REQUEST
from bot.ui.refusals import refusal_text, refused
from domain.errors import Refusal


async def handler_failed(update: object, context: CallbackContext) -> None:  # type: ignore[type-arg]  # python-telegram-bot's own
    """Tell a refusal, in a window for a tap and as a message for a typed line; hand any other error to the processor."""
    request = CURRENT_REQUEST.get(None)
    if request is None or not isinstance(context, Context):
        return
    # Whatever fails on the way to telling a refusal is our own fault too, and must not pass for work well done.
    request.error = context.error
    if not isinstance(context.error, Refusal):
        return
    admin = context.me in context.services.admins
    if request.tapped is not None:
        context.warn(refusal_text(context.reader, context.error, admin=admin))
    else:
        context.request.send(refused(context.reader, context.error, admin=admin))
    request.error = None
