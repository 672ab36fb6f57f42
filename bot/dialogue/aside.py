"""Taps beside a dialogue: somebody in the middle of typing may look at another message, and go on where he was."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import TypeVar

from telegram import Update

from bot.dialogue.context import Context
from domain.operations.dialogue import Dialogue

_Result = TypeVar("_Result")


def aside(
    handler: Callable[[Update, Context], Awaitable[_Result]],
) -> Callable[[Update, Context], Awaitable[_Result]]:
    """Return a handler of taps that leaves a dialogue as it stands, unless it turns that dialogue's own card into something else."""

    @wraps(handler)
    async def handled(update: Update, context: Context) -> _Result:
        stood = context.request.dialogue
        result = await handler(update, context)
        context.request.dialogue = (
            Dialogue() if stood.card_message_id == context.request.tapped else stood
        )
        return result

    return handled
