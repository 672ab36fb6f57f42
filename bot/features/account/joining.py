"""Joining: an invited person opens the link, and chooses a public name and a zone."""

from enum import StrEnum

from telegram import Update
from telegram.ext import ConversationHandler, MessageHandler

from bot.buttons import JoinZone, KeepName
from bot.dialogue.context import Context
from bot.dialogue.deep_links import deep_link, rest_of_link
from bot.dialogue.flow import Flow, Tap
from bot.dialogue.roles import roles_of, set_menu
from bot.dialogue.typed import BLANK, LINE, typed_text
from bot.features.account.joining_screens import joined, name_question, zone_question
from bot.features.account.zone_choice import take_zone, zone_typed
from domain.provider import Provider
from domain.usecases.join import accept_invitation, name_provider
from domain.usecases.reservation_of import provider_of

FLOW = "joining"


class State(StrEnum):
    """What a typed line is taken for."""

    NAME = "name"
    ZONE = "zone"


async def invitation_opened(update: Update, context: Context) -> State | int:
    """Somebody opened an invitation, which makes him a provider; opening it again goes on where he stopped."""
    before = await context.uow.providers.of_client(context.me)
    provider = await context.act(
        accept_invitation(context.uow, context.request.contact, rest_of_link(context), context.now)
    )
    set_menu(context, await roles_of(context))
    # Whoever has been a provider for a while and has a zone is done: a new name would here take his link along, which others may have.
    if before and context.request.person.time_zone:
        return _done(context, provider)
    context.show(name_question(context.reader, provider))
    return State.NAME


async def name_kept(update: Update, context: Context) -> State:
    """The new provider keeps the name he has."""
    return _ask_zone(context, await provider_of(context.uow, context.me))


async def name_typed(update: Update, context: Context) -> State:
    """The new provider typed a name; his link follows it, as nobody can have it yet."""
    return _ask_zone(
        context,
        await context.act(
            name_provider(context.uow, context.me, typed_text(update), keep_slug=False)
        ),
    )


async def zone_tapped(update: Update, context: Context) -> int:
    """A zone was tapped."""
    return await _with_zone(context, context.tap(JoinZone).zone)


async def zone_written(update: Update, context: Context) -> State | int:
    """A zone, a city or a country was typed."""
    zone = zone_typed(context, typed_text(update), JoinZone)
    return State.ZONE if zone is None else await _with_zone(context, zone)


def _ask_zone(context: Context, provider: Provider) -> State:
    """Ask for the zone."""
    context.show(zone_question(context.reader, provider, context.request.person.time_zone))
    return State.ZONE


async def _with_zone(context: Context, zone: str) -> int:
    """Take the zone of somebody who is a provider, which is the last step."""
    provider = await provider_of(context.uow, context.me)
    await take_zone(context, zone)
    return _done(context, provider)


def _done(context: Context, provider: Provider) -> int:
    """Say that all is set."""
    context.show(joined(context.reader, provider))
    return ConversationHandler.END


def joining_flow() -> Flow:
    """Return the dialogue."""
    return Flow(
        FLOW,
        [
            deep_link("join", invitation_opened),
            Tap(KeepName, name_kept),
            Tap(JoinZone, zone_tapped),
        ],
        {
            State.NAME: [MessageHandler(LINE | BLANK, name_typed)],
            State.ZONE: [MessageHandler(LINE, zone_written)],
        },
    )
