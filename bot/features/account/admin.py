"""What admins do: invite providers."""

from typing import Any

from telegram import Update
from telegram.ext import BaseHandler, CommandHandler

from bot.buttons import Open
from bot.dialogue.context import Context
from bot.dialogue.deep_links import link_to
from bot.dialogue.flow import Tap
from bot.features.account.link_screens import invitation
from domain.usecases.join import invite_provider


async def invitation_wanted(update: Update, context: Context) -> None:
    """An admin wants to invite a provider: every time a fresh link, on a message of its own that can be passed on."""
    code, ends = await context.act(
        invite_provider(context.uow, context.me, context.services.admins, context.now)
    )
    context.request.send(invitation(context.reader, link_to(context, "join", code), ends))


def admin_handlers() -> list[BaseHandler[Update, Context, Any]]:
    """Return the handlers."""
    return [
        CommandHandler("invite", invitation_wanted),
        Tap(Open, invitation_wanted, only=Open("invite")),
    ]
