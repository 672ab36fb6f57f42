"""The buttons of a provider's agenda."""

from dataclasses import dataclass
from datetime import date

from bot.buttons.base import Callback


@dataclass(frozen=True, slots=True)
class AgendaDay(Callback, tag="ad"):
    """Show the reservations of a day."""

    day: date


@dataclass(frozen=True, slots=True)
class OpenAgendaDay(Callback, tag="ao"):
    """Open a day on a new message below."""

    day: date


@dataclass(frozen=True, slots=True)
class AgendaEntry(Callback, tag="ae"):
    """Show one reservation."""

    reservation: int


@dataclass(frozen=True, slots=True)
class AskReason(Callback, tag="ar"):
    """Ask for a reason before cancelling for a client."""

    reservation: int


@dataclass(frozen=True, slots=True)
class CancelForClient(Callback, tag="ac"):
    """Cancel without a reason."""

    reservation: int


@dataclass(frozen=True, slots=True)
class AgendaPage(Callback, tag="ap"):
    """Page through the reservations of a full day."""

    day: date
    page: int


@dataclass(frozen=True, slots=True)
class CancelWithReason(Callback, tag="aw"):
    """Cancel with the reason that was typed and shown.

    ``mark`` is a digest of that reason. If it does not match the typed reason, the bot asks again.
    """

    reservation: int
    mark: str
