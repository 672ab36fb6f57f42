"""Find out what the person who acts is, and give his chat the menu to match."""

from bot.dialogue.context import Context
from bot.messages.actions import SetMenu
from bot.ui.commands import Roles, commands_for


async def roles_of(context: Context) -> Roles:
    """Return the roles of the person who acts."""
    return Roles(
        await context.uow.providers.of_client(context.me),
        admin=context.me in context.services.admins,
    )


def set_menu(context: Context, roles: Roles) -> None:
    """Give the chat the menu of these roles, in the person's language."""
    commands = commands_for(context.t, provider=roles.provider is not None, admin=roles.admin)
    context.request.steps.append(SetMenu(commands))
