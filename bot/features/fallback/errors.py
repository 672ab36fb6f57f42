"""Handle errors of handlers: answer a refusal, and leave any other error to the processor."""

from telegram.ext import CallbackContext

from bot.dialogue.context import Context
from bot.dialogue.request import CURRENT_REQUEST
from bot.dialogue.roles import roles_of, set_menu
from bot.ui.command_menu import Roles
from bot.ui.refusals import refusal_text, refused
from domain.errors import ProviderOnly, ProviderUnknown, Refusal


async def handler_failed(update: object, context: CallbackContext) -> None:  # type: ignore[type-arg]  # python-telegram-bot's own
    """Answer a refusal: a tap in a window, a typed line by a message.

    Any other error goes to the processor.
    """
    request = CURRENT_REQUEST.get(None)
    if request is None or not isinstance(context, Context):
        return
    # An error while answering a refusal must not count as success, so the error is cleared last.
    request.error = context.error
    if not isinstance(context.error, Refusal):
        return
    roles = await roles_of(context)
    if request.tapped is not None:
        context.alert(refusal_text(context.locale, context.error, roles))
    else:
        context.request.send(refused(context.locale, context.error, roles))
        _leave_lost_work(context, context.error, roles)
    request.error = None


def _leave_lost_work(context: Context, refusal: Refusal, roles: Roles) -> None:
    """Leave a dialogue about a provider for whom the person does not act any more."""
    if isinstance(refusal, ProviderOnly | ProviderUnknown):
        context.request.leave()
    if isinstance(refusal, ProviderOnly):
        set_menu(context, roles)
