"""Removing an assistant: an admin chooses one, and confirms."""

from bot.buttons.invite import AskDismissal, AssistantList, DismissAssistant
from bot.dialogue.context import Context
from bot.dialogue.roles import roles_of, set_menu
from bot.dialogue.routes import Routes
from bot.features.invite.removal_screens import dismissal_to_confirm, dismissed, which_assistant
from bot.features.invite.state import (
    INVITE,
    ROWS_PER_PAGE,
    page_of,
    require_admin,
    show_last,
)
from domain import errors
from domain.usecases.dismiss import assistance_of, dismiss, is_last_reachable

routes = Routes(INVITE)


@routes.button(AssistantList)
async def assistants_wanted(context: Context, tap: AssistantList) -> int:
    """Show a page of assistants to remove."""
    require_admin(context)
    queries = context.uow.queries
    page, pages = page_of(tap.page, await queries.count_assistants())
    found = await queries.assistants(offset=page * ROWS_PER_PAGE, limit=ROWS_PER_PAGE)
    return show_last(context, which_assistant(context.locale, found, page=page, pages=pages))


@routes.button(AskDismissal)
async def dismissal_wanted(context: Context, tap: AskDismissal) -> int:
    """Ask whether to remove an assistant."""
    return await _ask(context, tap.person, tap.provider)


@routes.button(DismissAssistant)
async def dismissal_confirmed(context: Context, tap: DismissAssistant) -> int:
    """Remove an assistant; ask again if nobody could book the provider, unless that was said."""
    try:
        gone = await context.act(
            dismiss(
                context.uow,
                context.request.person,
                context.services.admins,
                tap.person,
                tap.provider,
                context.now,
                even_last=bool(tap.even_last),
            )
        )
    except errors.LastReachable:
        return await _ask(context, tap.person, tap.provider)
    if tap.person == context.me:
        set_menu(context, await roles_of(context))
    return show_last(context, dismissed(context.locale, gone))


async def _ask(context: Context, person_id: int, provider_id: int) -> int:
    """Ask whether to remove an assistant of a provider."""
    admins = context.services.admins
    found = await assistance_of(context.uow, context.request.person, admins, person_id, provider_id)
    is_last = await is_last_reachable(context.uow, found)
    return show_last(context, dismissal_to_confirm(context.locale, found, is_last=is_last))
