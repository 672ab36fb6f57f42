"""The link that makes its opener an admin, for a bot that has none yet.

It is shown on a terminal only: others may read the log of a container.
"""

import logging
import sys
from pathlib import Path

from bot.app import App
from bot.clock import system_clock
from bot.ports import Database
from bot.settings import Settings
from domain.invitation import InvitationKind
from domain.usecases.invite import add_invitation

log = logging.getLogger(__name__)

NEW_LINK = (
    "Open this link in Telegram to become an admin. It works once, within a day:\n{link}\n"
    "A new link replaces it: python -m bot admin"
)
_NO_ADMIN = "there is no admin yet: run `python -m bot admin` to get a link that makes you one"
CONTAINER_MARKS = (Path("/.dockerenv"), Path("/run/.containerenv"))


async def offer_first_admin(app: App, settings: Settings) -> None:
    """Print a link on the terminal if there is no admin; elsewhere, log how to get one."""
    if settings.admin_ids:
        return
    async with app.database.snapshot() as uow:
        if await uow.queries.admins(()):
            return
    if _is_private_terminal():
        link = await admin_link(app.database, app.application.bot.username)
        print(NEW_LINK.format(link=link), flush=True)
    else:
        log.warning(_NO_ADMIN)


async def admin_link(database: Database, username: str) -> str:
    """Store an invitation for an admin, in place of earlier unused ones, and return its link."""
    code, _ = await database.write(
        lambda uow: add_invitation(uow, InvitationKind.ADMIN, system_clock())
    )
    return f"https://t.me/{username}?start=join_{code}"


def _is_private_terminal() -> bool:
    """Return whether only the person at the terminal sees what is printed."""
    in_container = any(mark.exists() for mark in CONTAINER_MARKS)
    return sys.stdin.isatty() and sys.stdout.isatty() and not in_container
