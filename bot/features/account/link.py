"""A provider's link, to be tapped or scanned."""

from telegram import Update

from bot.buttons.people import LinkOf
from bot.dialogue.acting import all_providers, is_own, work_for
from bot.dialogue.context import Context
from bot.dialogue.deep_links import link_to
from bot.dialogue.provider_names import named_provider
from bot.dialogue.routes import Routes
from bot.dialogue.typed_filters import argument
from bot.features.account.link_screens import provider_link, qr_caption, whose_link
from bot.messages.actions import SendQr

routes = Routes()


@routes.command("link")
async def link_wanted(update: Update, context: Context) -> None:
    """Send the link to the free times of the only provider or the named one, or ask whose."""
    providers = await all_providers(context)
    named, _ = named_provider(providers, argument(update), context.today)
    if named is None and len(providers) > 1:
        context.request.send(whose_link(context.locale, providers))
    else:
        await _send(context, (named or providers[0]).id)


@routes.button(LinkOf, keeps_dialogue=True)
async def provider_chosen(context: Context, tap: LinkOf) -> None:
    """Send the link of the chosen provider."""
    await _send(context, tap.provider)


async def _send(context: Context, provider_id: int) -> None:
    """Send a link and its QR code, on messages to forward."""
    provider = await work_for(context, provider_id)
    link = link_to(context, "book", provider.slug)
    of = None if await is_own(context) else provider
    context.request.send(provider_link(context.locale, link, of))
    context.request.actions.append(SendQr(link, qr_caption(context.locale, provider)))
