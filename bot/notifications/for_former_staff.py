"""Notifications for people who act for a provider no longer; their command menu changes too."""

from collections.abc import Callable, Sequence

from bot.messages.actions import Action, Send, SetMenu
from bot.messages.screen import Screen
from bot.notifications import screens
from bot.notifications.notice import Notice
from bot.ui.command_menu import Roles, commands_for
from bot.ui.locale import UserLocale
from domain.provider import Provider

_Farewell = Callable[[UserLocale, Provider, Roles], Screen]


async def assistant_removed(notice: Notice) -> Sequence[Action] | None:
    """Tell an assistant that they were removed."""
    return await _farewell(notice, screens.assistant_removed)


async def handed_over(notice: Notice) -> Sequence[Action] | None:
    """Tell the account that was the provider that another one is from now on."""
    return await _farewell(notice, screens.handed_over)


async def _farewell(notice: Notice, screen: _Farewell) -> Sequence[Action] | None:
    """Return the menu of the roles that are left and a message, unless they act again."""
    roles = await notice.roles()
    provider = await notice.uow.queries.provider(notice.row.subject_id or 0)
    if provider is None or provider.id in {each.provider.id for each in roles.acting}:
        return None
    commands = commands_for(notice.locale.t, roles)
    return [SetMenu(commands), Send(screen(notice.locale, provider, roles))]
