"""The buttons of settings and joining, and those that act like a command."""

from dataclasses import dataclass

from bot.buttons.base import CallbackData


@dataclass(frozen=True, slots=True)
class SettingsHome(CallbackData, tag="sh"):
    """Show the settings, with a page of the providers acted for."""

    page: int = 0


@dataclass(frozen=True, slots=True)
class ChooseZone(CallbackData, tag="sz"):
    """Choose the zone in which the bot shows times."""

    zone: str


@dataclass(frozen=True, slots=True)
class AskZone(CallbackData, tag="sa"):
    """Show the common zones, and ask for another to be typed."""


@dataclass(frozen=True, slots=True)
class AskZoneOf(CallbackData, tag="so", base=36):
    """Show the common zones for a provider without Telegram account."""

    provider: int


@dataclass(frozen=True, slots=True)
class ChooseZoneOf(CallbackData, tag="sp", base=36):
    """Choose the zone of a provider without Telegram account."""

    provider: int
    zone: str


@dataclass(frozen=True, slots=True)
class AskLanguage(CallbackData, tag="sl"):
    """Show the languages."""


@dataclass(frozen=True, slots=True)
class ChooseLanguage(CallbackData, tag="sc"):
    """Choose the bot's language."""

    language: str


@dataclass(frozen=True, slots=True)
class AskName(CallbackData, tag="sn"):
    """Ask for another public name; ``provider`` is None on buttons of providers themselves."""

    provider: int | None = None


@dataclass(frozen=True, slots=True)
class KeepName(CallbackData, tag="jn"):
    """Use the name from Telegram as a new provider's public name."""


@dataclass(frozen=True, slots=True)
class JoinZone(CallbackData, tag="jz"):
    """Choose a new provider's zone."""

    zone: str


@dataclass(frozen=True, slots=True)
class TakeOver(CallbackData, tag="jt", base=36):
    """Become the provider that the invitation with this code hands over."""

    code: str


@dataclass(frozen=True, slots=True)
class DeclineHandover(CallbackData, tag="jd", base=36):
    """Do not become the provider of a handover; the invitation stays unused."""


@dataclass(frozen=True, slots=True)
class Open(CallbackData, tag="go"):
    """Do what the command of this name does."""

    command: str


@dataclass(frozen=True, slots=True)
class ChooseNotifications(CallbackData, tag="sb", base=36):
    """Notify the person of a provider's bookings, or not; ``wanted`` is 1 or 0."""

    provider: int
    wanted: int


@dataclass(frozen=True, slots=True)
class LinkOf(CallbackData, tag="kl", base=36):
    """Send the link of this provider."""

    provider: int
