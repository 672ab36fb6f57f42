"""Invitations that admins create for new providers."""

from telegram import Update

from bot.dialogue.context import Context
from bot.dialogue.deep_links import link_to
from bot.dialogue.routes import Routes
from bot.features.account.link_screens import invitation
from domain.usecases.invite import invite_provider

routes = Routes()


@routes.command("invite")
async def invitation_wanted(update: Update, context: Context) -> None:
    """Send a new invitation link on a message that the admin can forward."""
    code, ends = await context.act(
        invite_provider(context.uow, context.me, context.services.admins, context.now)
    )
    context.request.send(invitation(context.locale, link_to(context, "join", code), ends))
