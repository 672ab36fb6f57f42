"""Joining: an invited person opens the link and chooses a public name and a time zone."""

from enum import StrEnum

from telegram import Update
from telegram.ext import ConversationHandler

from bot.buttons.people import JoinZone, KeepName
from bot.dialogue.context import Context
from bot.dialogue.deep_links import rest_of_link
from bot.dialogue.flow import Flow, NoData
from bot.dialogue.roles import roles_of, set_menu
from bot.dialogue.routes import Routes
from bot.dialogue.typed_filters import typed_text
from bot.features.account.joining_screens import joined, name_question, zone_question
from bot.features.account.zone_choice import set_time_zone, zone_typed
from domain.provider import Provider
from domain.usecases.find_reservation import provider_of
from domain.usecases.join import accept_invitation, name_provider


class State(StrEnum):
    """What the next typed line is read as."""

    NAME = "name"
    ZONE = "zone"


routes = Routes(Flow("joining", State, NoData))


@routes.link("join")
async def invitation_opened(update: Update, context: Context) -> State | int:
    """Make the invited person a provider; if they are one already, go on where they stopped."""
    before = await context.uow.providers.of_client(context.me)
    provider = await context.act(
        accept_invitation(context.uow, context.request.contact, rest_of_link(context), context.now)
    )
    set_menu(context, await roles_of(context))
    # A provider with a time zone is done. Renaming them here would change their link, which clients
    # may have.
    if before and context.request.person.time_zone:
        return _done(context, provider)
    context.show(name_question(context.locale, provider))
    return State.NAME


@routes.button(KeepName)
async def name_kept(context: Context, tap: KeepName) -> State:
    """Keep the name that Telegram has, and ask for the time zone."""
    return _ask_zone(context, await provider_of(context.uow, context.me))


@routes.line(State.NAME, blank=True)
async def name_typed(update: Update, context: Context) -> State:
    """Set the typed name, and ask for the time zone.

    The link changes with the name, since no client can have it yet.
    """
    return _ask_zone(
        context,
        await context.act(
            name_provider(context.uow, context.me, typed_text(update), keep_slug=False)
        ),
    )


@routes.button(JoinZone)
async def zone_tapped(context: Context, tap: JoinZone) -> int:
    """Set the tapped time zone, which is the last step."""
    return await _with_zone(context, tap.zone)


@routes.line(State.ZONE)
async def zone_written(update: Update, context: Context) -> State | int:
    """Set the time zone of a typed city, country or zone, or offer those that match."""
    zone = zone_typed(context, typed_text(update), JoinZone)
    return State.ZONE if zone is None else await _with_zone(context, zone)


def _ask_zone(context: Context, provider: Provider) -> State:
    """Ask for the time zone."""
    context.show(zone_question(context.locale, provider, context.request.person.time_zone))
    return State.ZONE


async def _with_zone(context: Context, zone: str) -> int:
    """Set the time zone of a provider, which is the last step; raises errors.ProviderOnly."""
    provider = await provider_of(context.uow, context.me)
    await set_time_zone(context, zone)
    return _done(context, provider)


def _done(context: Context, provider: Provider) -> int:
    """Say that the new provider is ready."""
    context.show(joined(context.locale, provider))
    return ConversationHandler.END
