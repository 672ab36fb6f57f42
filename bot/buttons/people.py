"""The buttons of settings and joining, and those that open what a command would."""

from dataclasses import dataclass

from bot.buttons.base import Callback


@dataclass(frozen=True, slots=True)
class SettingsHome(Callback, tag="sh"):
    """See the settings."""


@dataclass(frozen=True, slots=True)
class ChooseZone(Callback, tag="sz"):
    """Be shown all times in this zone."""

    zone: str


@dataclass(frozen=True, slots=True)
class AskZone(Callback, tag="sa"):
    """See the common zones, or type another."""


@dataclass(frozen=True, slots=True)
class AskLanguage(Callback, tag="sl"):
    """See the languages."""


@dataclass(frozen=True, slots=True)
class ChooseLanguage(Callback, tag="sc"):
    """Speak this language from now on."""

    language: str


@dataclass(frozen=True, slots=True)
class AskName(Callback, tag="sn"):
    """Type another public name."""


@dataclass(frozen=True, slots=True)
class KeepName(Callback, tag="jn"):
    """Keep the name Telegram knows a new provider by."""


@dataclass(frozen=True, slots=True)
class JoinZone(Callback, tag="jz"):
    """Choose a new provider's zone."""

    zone: str


@dataclass(frozen=True, slots=True)
class Open(Callback, tag="go"):
    """Begin what a command of this name would begin."""

    command: str
