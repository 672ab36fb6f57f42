"""Invitations that admins create for new providers."""

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
    """Send a new invitation link on a message that the admin can forward."""
    code, ends = await context.act(
        invite_provider(context.uow, context.me, context.services.admins, context.now)
    )
    context.request.send(invitation(context.locale, link_to(context, "join", code), ends))


def admin_handlers() -> list[BaseHandler[Update, Context, Any]]:
    """Return the handlers."""
    return [
        CommandHandler("invite", invitation_wanted),
        Tap(Open, invitation_wanted, only=Open("invite")),
    ]
