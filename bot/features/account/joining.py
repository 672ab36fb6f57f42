"""Joining: an invited person opens the link; a new provider chooses a name and a time zone."""

from dataclasses import replace
from enum import StrEnum

from telegram import Update
from telegram.ext import ConversationHandler

from bot.buttons.people import DeclineHandover, JoinZone, KeepName, TakeOver
from bot.dialogue.acting import has_hours
from bot.dialogue.context import Context
from bot.dialogue.deep_links import rest_of_link
from bot.dialogue.flow import Flow, NoData
from bot.dialogue.roles import roles_of, set_menu
from bot.dialogue.routes import Routes
from bot.dialogue.typed_filters import typed_text
from bot.features.account.joining_screens import (
    admin_joined,
    assistant_joined,
    handover_declined,
    handover_question,
    joined,
    name_question,
    zone_question,
)
from bot.features.account.zone_choice import set_time_zone, zone_typed
from bot.messages.screen import Screen
from domain import errors
from domain.invitation import InvitationKind
from domain.provider import Provider
from domain.usecases.acting import own_provider
from domain.usecases.invite import accept_invitation, handover_of
from domain.usecases.name_provider import name_provider


class State(StrEnum):
    """What the next typed line is read as."""

    NAME = "name"
    ZONE = "zone"


routes = Routes(Flow("joining", State, NoData))


@routes.link("join")
async def invitation_opened(update: Update, context: Context) -> State | int:
    """Accept an invitation; a handover is asked about first."""
    code = rest_of_link(context)
    provider = await context.act(
        handover_of(context.uow, context.request.person, code, context.now)
    )
    if provider is None:
        return await _accept(context, code)
    return _end_with(context, handover_question(context.locale, provider, code))


@routes.button(TakeOver)
async def handover_accepted(context: Context, tap: TakeOver) -> State | int:
    """Make the person the provider who is handed over."""
    return await _accept(context, tap.code)


@routes.button(DeclineHandover)
async def handover_refused(context: Context, tap: DeclineHandover) -> int:
    """Leave everything as it is, also the invitation."""
    return _end_with(context, handover_declined(context.locale, await roles_of(context)))


@routes.button(KeepName)
async def name_kept(context: Context, tap: KeepName) -> State:
    """Keep the name that Telegram has, and ask for the time zone."""
    return _ask_zone(context, await _self(context))


@routes.line(State.NAME, blank=True)
async def name_typed(update: Update, context: Context) -> State:
    """Set the typed name, and ask for the time zone.

    The link changes with the name, since no client can have it yet.
    """
    text, own = typed_text(update), await _self(context)
    return _ask_zone(
        context,
        await context.act(name_provider(context.uow, context.me, own.id, text, keep_slug=False)),
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


async def _accept(context: Context, code: str) -> State | int:
    """Give the invited person their role; a provider goes on where they stopped."""
    before = await own_provider(context.uow, context.me)
    kind, provider = await context.act(
        accept_invitation(
            context.uow,
            context.request.person,
            context.request.contact,
            code,
            context.now,
            admin_ids=context.services.admins,
        )
    )
    if kind is InvitationKind.ADMIN:
        context.request.person = replace(context.request.person, is_admin=True)
    roles = await roles_of(context)
    set_menu(context, roles)
    if provider is None:
        return _end_with(context, admin_joined(context.locale))
    if kind is InvitationKind.ASSISTANT:
        return _end_with(context, assistant_joined(context.locale, provider, roles))
    # A provider with a time zone is done, and so is one with a new account. Renaming them here
    # would change their link, which clients may have.
    if kind is InvitationKind.HANDOVER or (before and context.request.person.time_zone):
        return await _end_ready(context, provider)
    nameless = provider.name == str(context.request.person.telegram_id)
    context.show(name_question(context.locale, provider, nameless=nameless))
    return State.NAME


def _ask_zone(context: Context, provider: Provider) -> State:
    """Ask for the time zone."""
    context.show(zone_question(context.locale, provider))
    return State.ZONE


async def _with_zone(context: Context, zone: str) -> int:
    """Set the time zone of a provider, which is the last step; raises errors.ProviderOnly."""
    provider = await _self(context)
    await set_time_zone(context, zone)
    return await _end_ready(context, provider)


async def _self(context: Context) -> Provider:
    """Return the provider who is this person; raises errors.ProviderOnly."""
    if (own := await own_provider(context.uow, context.me)) is None:
        raise errors.ProviderOnly
    return own


async def _end_ready(context: Context, provider: Provider) -> int:
    """Say that a provider is ready."""
    ready = joined(context.locale, provider, has_hours=await has_hours(context, provider))
    return _end_with(context, ready)


def _end_with(context: Context, screen: Screen) -> int:
    """Show the last screen."""
    context.show(screen)
    return ConversationHandler.END
