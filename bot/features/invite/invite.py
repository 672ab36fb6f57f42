"""Inviting: an admin chooses whom, and gets a link to forward."""

from collections.abc import Callable

from telegram import Update
from telegram.ext import ConversationHandler

from bot.buttons.base import CallbackData
from bot.buttons.invite import (
    AddProvider,
    AssistantsOf,
    HandOver,
    HandOverList,
    InviteAdmin,
    InviteAssistant,
    InviteHome,
    InviteProvider,
)
from bot.dialogue.context import Context
from bot.dialogue.deep_links import link_to
from bot.dialogue.roles import roles_of
from bot.dialogue.routes import Routes
from bot.dialogue.typed_filters import typed_text
from bot.features.invite.screens import (
    bad_name,
    invitation,
    name_wanted,
    provider_added,
    which_provider,
    whom,
)
from bot.features.invite.state import (
    INVITE,
    ROWS_PER_PAGE,
    State,
    page_of,
    require_admin,
    show_last,
)
from bot.messages.screen import Screen
from domain import errors
from domain.invitation import InvitationKind
from domain.usecases.invite import add_provider, invite

routes = Routes(INVITE)


@routes.command("invite")
async def invite_opened(update: Update, context: Context) -> int:
    """Ask whom to invite; raises errors.AdminOnly."""
    return await _ask_whom(context)


@routes.button(InviteHome)
async def invite_wanted(context: Context, tap: InviteHome) -> int:
    """Show the question of `/invite` again."""
    return await _ask_whom(context)


@routes.button(InviteProvider)
async def provider_invited(context: Context, tap: InviteProvider) -> int:
    """Send an invitation for a new provider."""
    return await _send(context, InvitationKind.PROVIDER)


@routes.button(InviteAdmin)
async def admin_invited(context: Context, tap: InviteAdmin) -> int:
    """Send an invitation for another admin."""
    return await _send(context, InvitationKind.ADMIN)


@routes.button(AssistantsOf)
async def assisted_wanted(context: Context, tap: AssistantsOf) -> int:
    """Ask whose assistant to invite."""
    screen = await _choice(
        context, "invite.whose_assistant", InviteAssistant, AssistantsOf, tap.page
    )
    return show_last(context, screen)


@routes.button(InviteAssistant)
async def assistant_invited(context: Context, tap: InviteAssistant) -> int:
    """Send an invitation for an assistant."""
    return await _send(context, InvitationKind.ASSISTANT, tap.provider)


@routes.button(HandOverList)
async def handed_over_wanted(context: Context, tap: HandOverList) -> int:
    """Ask which provider gets another account."""
    screen = await _choice(context, "invite.whom_to_hand_over", HandOver, HandOverList, tap.page)
    return show_last(context, screen)


@routes.button(HandOver)
async def handed_over(context: Context, tap: HandOver) -> int:
    """Send the link that makes its opener the provider."""
    return await _send(context, InvitationKind.HANDOVER, tap.provider)


@routes.button(AddProvider)
async def provider_to_add(context: Context, tap: AddProvider) -> State:
    """Ask for the name of a provider without a Telegram account."""
    require_admin(context)
    context.show(name_wanted(context.locale))
    return State.NAME


@routes.line(State.NAME, blank=True)
async def provider_named(update: Update, context: Context) -> State | int:
    """Add a provider with the typed name, in the venue's zone; ask again for an unusable name."""
    try:
        provider = await context.act(
            add_provider(
                context.uow,
                context.request.person,
                context.services.admins,
                typed_text(update),
                None,
                context.now,
            )
        )
    except errors.BadInput as refusal:
        context.request.send(bad_name(context.locale, refusal))
        return State.NAME
    return show_last(context, provider_added(context.locale, provider, await roles_of(context)))


async def _ask_whom(context: Context) -> int:
    """Ask whom to invite."""
    require_admin(context)
    queries = context.uow.queries
    screen = whom(
        context.locale,
        any_provider=await queries.count_providers("", for_client=None) > 0,
        any_assistant=await queries.count_assistants() > 0,
    )
    return show_last(context, screen)


async def _choice(
    context: Context,
    key: str,
    choose: Callable[[int], CallbackData],
    turn: Callable[[int], CallbackData],
    wanted: int,
) -> Screen:
    """Return a page of all providers to choose from."""
    require_admin(context)
    queries = context.uow.queries
    page, pages = page_of(wanted, await queries.count_providers("", for_client=None))
    found = await queries.find_providers(
        "", for_client=None, offset=page * ROWS_PER_PAGE, limit=ROWS_PER_PAGE
    )
    return which_provider(
        context.locale, key, found, choose=choose, turn=turn, page=page, pages=pages
    )


async def _send(context: Context, kind: InvitationKind, provider_id: int | None = None) -> int:
    """Send an invitation on a message of its own, which the admin can forward."""
    code, ends = await context.act(
        invite(
            context.uow,
            context.request.person,
            context.services.admins,
            kind,
            context.now,
            provider_id=provider_id,
            new_code=context.services.new_code,
        )
    )
    provider = await context.uow.queries.provider(provider_id) if provider_id else None
    link = link_to(context, "join", code)
    context.request.send(invitation(context.locale, kind, link, ends, provider))
    return ConversationHandler.END
