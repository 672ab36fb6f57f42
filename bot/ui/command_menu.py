"""The command menus: which commands each role has, and their descriptions in Telegram."""

from dataclasses import dataclass

from bot.ui.texts import Texts
from domain.provider import Acting, Provider, Role

_CLIENT = ("book", "bookings")
_PROVIDER = ("hours", "agenda", "link")
_ADMIN = ("invite",)
_COMMON = ("settings", "help", "privacy", "cancel")

# Descriptions for people who act for others alone, so that nothing of a provider is theirs.
_OF_OTHERS = {
    "hours": "menu.hours_of_others",
    "agenda": "menu.agenda_of_others",
    "link": "menu.link_of_others",
}

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


def commands_for(t: Texts, roles: Roles) -> tuple[tuple[str, str], ...]:
    """Return the commands of these roles with their descriptions, in the order of the menu."""
    names = (
        "start",
        *_CLIENT,
        *(_PROVIDER if roles.acts else ()),
        *(_ADMIN if roles.admin else ()),
        *_COMMON,
    )
    # Only who acts for a provider has a public name to set.
    keys = {} if roles.acts else {"settings": "menu.settings_client"}
    if roles.provider is None:
        keys |= _OF_OTHERS
    return tuple((name, t.plain(keys.get(name, f"menu.{name}"))) for name in names)
