"""What the steps of inviting and removing share: the dialogue's state, pages, and who may."""

from enum import StrEnum

from telegram.ext import ConversationHandler

from bot.dialogue.context import Context
from bot.dialogue.flow import Flow, NoData
from bot.messages.screen import Screen
from bot.ui.keyboards import pages_of
from domain.usecases.invite import check_admin

ROWS_PER_PAGE = 8


class State(StrEnum):
    """What the next typed line is read as."""

    NAME = "name"


INVITE = Flow("invite", State, NoData)


def require_admin(context: Context) -> None:
    """Raise errors.AdminOnly unless the person is an admin."""
    check_admin(context.request.person, context.services.admins)


def page_of(wanted: int, rows: int) -> tuple[int, int]:
    """Return the number of a page of rows, the last one at most, and the number of pages."""
    pages = pages_of(range(rows), ROWS_PER_PAGE)
    return min(wanted, pages - 1), pages


def show_last(context: Context, screen: Screen) -> int:
    """Show a screen that waits for no typed line."""
    context.show(screen)
    return ConversationHandler.END
