"""A provider's link, to be tapped or scanned."""

from telegram import Update

from bot.dialogue.acting import work_for
from bot.dialogue.context import Context
from bot.dialogue.deep_links import link_to
from bot.dialogue.routes import Routes
from bot.features.account.link_screens import provider_link, qr_caption
from bot.messages.actions import SendQr

routes = Routes()


@routes.command("link")
async def link_wanted(update: Update, context: Context) -> None:
    """Send the link to the provider's free times and its QR code, on messages to forward."""
    provider = await work_for(context)
    link = link_to(context, "book", provider.slug)
    context.request.send(provider_link(context.locale, link))
    context.request.actions.append(SendQr(link, qr_caption(context.locale, provider)))
