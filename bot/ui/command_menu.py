"""The command menus: which commands each role has, and their descriptions in Telegram."""

from dataclasses import dataclass

from bot.ui.texts import Texts
from domain.provider import Provider

_CLIENT = ("book", "bookings")
_PROVIDER = ("hours", "agenda", "link")
_ADMIN = ("invite",)
_COMMON = ("settings", "help", "privacy", "cancel")

COMMANDS = frozenset({"start", *_CLIENT, *_PROVIDER, *_ADMIN, *_COMMON})
"""All commands of all roles."""


@dataclass(frozen=True, slots=True)
class Roles:
    """A person's roles besides client; ``provider`` is None unless they are one."""

    provider: Provider | None = None
    admin: bool = False


def commands_for(t: Texts, *, provider: bool, admin: bool) -> tuple[tuple[str, str], ...]:
    """Return the commands of these roles with their descriptions, in the order of the menu."""
    names = (
        "start",
        *_CLIENT,
        *(_PROVIDER if provider else ()),
        *(_ADMIN if admin else ()),
        *_COMMON,
    )
    return tuple((name, t.plain(f"menu.{name}")) for name in names)
