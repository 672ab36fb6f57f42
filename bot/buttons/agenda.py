"""The buttons of a provider's agenda."""

from dataclasses import dataclass
from datetime import date

from bot.buttons.base import CallbackData


@dataclass(frozen=True, slots=True)
class AgendaDay(CallbackData, tag="ad"):
    """Show the reservations of a day."""

    day: date
    provider: int | None = None


@dataclass(frozen=True, slots=True)
class OpenAgendaDay(CallbackData, tag="ao"):
    """Open a day on a new message below."""

    day: date
    provider: int | None = None


@dataclass(frozen=True, slots=True)
class AgendaEntry(CallbackData, tag="ae"):
    """Show one reservation."""

    reservation: int


@dataclass(frozen=True, slots=True)
class AskReason(CallbackData, tag="ar"):
    """Ask for a reason before cancelling for a client."""

    reservation: int


@dataclass(frozen=True, slots=True)
class CancelForClient(CallbackData, tag="ac"):
    """Cancel without a reason."""

    reservation: int


@dataclass(frozen=True, slots=True)
class AgendaPage(CallbackData, tag="ap"):
    """Page through the reservations of a full day."""

    day: date
    page: int
    provider: int | None = None


@dataclass(frozen=True, slots=True)
class CancelWithReason(CallbackData, tag="aw"):
    """Cancel with the reason that was typed and shown.

    ``mark`` is a digest of that reason. If it does not match the typed reason, the bot asks again.
    """

    reservation: int
    mark: str
