"""The buttons of a client's own bookings."""

from dataclasses import dataclass

from bot.buttons.base import CallbackData


@dataclass(frozen=True, slots=True)
class BookingsPage(CallbackData, tag="lp"):
    """Page through the client's upcoming reservations."""

    page: int


@dataclass(frozen=True, slots=True)
class ShowBooking(CallbackData, tag="ls"):
    """Show one of them."""

    reservation: int


@dataclass(frozen=True, slots=True)
class AskCancel(CallbackData, tag="la"):
    """Ask for confirmation before cancelling it."""

    reservation: int


@dataclass(frozen=True, slots=True)
class CancelBooking(CallbackData, tag="lc"):
    """Cancel it."""

    reservation: int
