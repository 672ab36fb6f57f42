"""The command menus: which commands each role has, and their descriptions in Telegram."""

from dataclasses import dataclass

from bot.ui.texts import Texts
from domain.provider import Acting, Provider, Role

_CLIENT = ("book", "bookings")
_PROVIDER = ("hours", "agenda", "link")
_ADMIN = ("invite",)
_COMMON = ("settings", "help", "privacy", "cancel")

COMMANDS = frozenset({"start", *_CLIENT, *_PROVIDER, *_ADMIN, *_COMMON})
"""All commands of all roles."""


@dataclass(frozen=True, slots=True)
class Roles:
    """A person's roles besides client: for whom they act, themselves first, and as an admin."""

    acting: tuple[Acting, ...] = ()
    admin: bool = False

    @property
    def acts(self) -> bool:
        """Whether they act for any provider."""
        return bool(self.acting)

    @property
    def provider(self) -> Provider | None:
        """The provider who is this person, if they are one."""
        return next((each.provider for each in self.acting if each.role is Role.SELF), None)

    @property
    def assisted(self) -> tuple[Provider, ...]:
        """The providers whom they assist."""
        return tuple(each.provider for each in self.acting if each.role is not Role.SELF)


def commands_for(t: Texts, *, provider: bool, admin: bool) -> tuple[tuple[str, str], ...]:
    """Return the commands of these roles with their descriptions, in the order of the menu."""
    names = (
        "start",
        *_CLIENT,
        *(_PROVIDER if provider else ()),
        *(_ADMIN if admin else ()),
        *_COMMON,
    )
    # Only who acts for a provider has a public name to set.
    keys = {} if provider else {"settings": "menu.settings_client"}
    return tuple((name, t.plain(keys.get(name, f"menu.{name}"))) for name in names)
