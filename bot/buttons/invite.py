"""The buttons with which admins invite people."""

from dataclasses import dataclass

from bot.buttons.base import CallbackData


@dataclass(frozen=True, slots=True)
class InviteHome(CallbackData, tag="ih", base=36):
    """Ask again whom to invite."""


@dataclass(frozen=True, slots=True)
class InviteProvider(CallbackData, tag="ip", base=36):
    """Send an invitation for a new provider."""


@dataclass(frozen=True, slots=True)
class InviteAdmin(CallbackData, tag="ia", base=36):
    """Send an invitation for another admin."""


@dataclass(frozen=True, slots=True)
class AddProvider(CallbackData, tag="in", base=36):
    """Ask for the name of a provider without a Telegram account."""


@dataclass(frozen=True, slots=True)
class AssistantsOf(CallbackData, tag="il", base=36):
    """Choose the provider who gets an assistant, from a page of providers."""

    page: int = 0


@dataclass(frozen=True, slots=True)
class InviteAssistant(CallbackData, tag="is", base=36):
    """Send an invitation for an assistant of a provider."""

    provider: int


@dataclass(frozen=True, slots=True)
class AssistantList(CallbackData, tag="ix", base=36):
    """Choose the assistant to remove, from a page of assistants."""

    page: int = 0


@dataclass(frozen=True, slots=True)
class AskDismissal(CallbackData, tag="iq", base=36):
    """Ask whether to remove an assistant of a provider."""

    person: int
    provider: int


@dataclass(frozen=True, slots=True)
class DismissAssistant(CallbackData, tag="id", base=36):
    """Remove an assistant; ``even_last`` is 1 if the question warned that bookings would stop."""

    person: int
    provider: int
    even_last: int = 0


@dataclass(frozen=True, slots=True)
class HandOverList(CallbackData, tag="io", base=36):
    """Choose the provider who gets another account, from a page of providers."""

    page: int = 0


@dataclass(frozen=True, slots=True)
class HandOver(CallbackData, tag="iv", base=36):
    """Send the link that makes its opener this provider."""

    provider: int
