"""The roles of the person who sent the update, and the command menu of their chat."""

from bot.dialogue.context import Context
from bot.messages.actions import SetMenu
from bot.ui.command_menu import Roles, commands_for


async def roles_of(context: Context) -> Roles:
    """Return the roles of the person who sent the update."""
    return Roles(tuple(await context.uow.queries.acting_for(context.me)), admin=is_admin(context))


def is_admin(context: Context) -> bool:
    """Return whether the person is an admin."""
    return context.request.person.has_admin_rights(context.services.admins)


def set_menu(context: Context, roles: Roles) -> None:
    """Set the chat's command menu for these roles, in the person's language."""
    context.request.actions.append(SetMenu(commands_for(context.t, roles)))
