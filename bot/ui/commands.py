"""The command menus: which commands a person has, by role, and what Telegram shows beside each."""

from dataclasses import dataclass

from bot.ui.texts import Texts
from domain.provider import Provider

_CLIENT = ("book", "bookings")
_PROVIDER = ("hours", "agenda", "link")
_ADMIN = ("invite",)
_OTHERWISE = ("settings", "help", "privacy", "cancel")

COMMANDS = frozenset({"start", *_CLIENT, *_PROVIDER, *_ADMIN, *_OTHERWISE})
"""Every command there is, whoever may use it."""


@dataclass(frozen=True, slots=True)
class Roles:
    """What a person is beside a client: the provider he is, if any, and whether he is an admin."""

    provider: Provider | None = None
    admin: bool = False


def commands_for(t: Texts, *, provider: bool, admin: bool) -> tuple[tuple[str, str], ...]:
    """Return the commands of somebody with these roles, each with its description, in the order of the menu."""
    names = (
        "start",
        *_CLIENT,
        *(_PROVIDER if provider else ()),
        *(_ADMIN if admin else ()),
        *_OTHERWISE,
    )
    return tuple((name, t.plain(f"menu.{name}")) for name in names)
