"""The buttons of booking and of a hold's card.

``moving`` is the reservation id of the hold to move, if any.
"""

from dataclasses import dataclass
from datetime import date

from bot.buttons.base import CallbackData, Cell


@dataclass(frozen=True, slots=True)
class ProviderPage(CallbackData, tag="bp"):
    """Page through the providers."""

    page: int


@dataclass(frozen=True, slots=True)
class ChooseProvider(CallbackData, tag="bc"):
    """Show a provider's calendar."""

    provider: int
    moving: int | None = None


@dataclass(frozen=True, slots=True)
class BookingMonth(CallbackData, tag="bm"):
    """Show the month of this day in a provider's calendar."""

    provider: int
    month: date
    moving: int | None = None


@dataclass(frozen=True, slots=True)
class BookingDay(CallbackData, tag="bd"):
    """Show a day's free times."""

    provider: int
    day: date
    page: int = 0
    moving: int | None = None


@dataclass(frozen=True, slots=True)
class PickSlot(CallbackData, tag="bt", base=36, old_tag="bs"):
    """Hold the slot that starts with this cell."""

    provider: int
    start: Cell
    moving: int | None = None


@dataclass(frozen=True, slots=True)
class ConfirmHold(CallbackData, tag="rc"):
    """Confirm a hold."""

    reservation: int


@dataclass(frozen=True, slots=True)
class ReleaseHold(CallbackData, tag="rr"):
    """Release a hold."""

    reservation: int


@dataclass(frozen=True, slots=True)
class OtherTime(CallbackData, tag="ro"):
    """Choose another time for a hold."""

    reservation: int


@dataclass(frozen=True, slots=True)
class ShowCard(CallbackData, tag="rs"):
    """Show a reservation's card again."""

    reservation: int
