"""The buttons of a client's own bookings."""

from dataclasses import dataclass

from bot.buttons.base import Callback


@dataclass(frozen=True, slots=True)
class BookingsPage(Callback, tag="lp"):
    """Page through the client's upcoming reservations."""

    page: int


@dataclass(frozen=True, slots=True)
class ShowBooking(Callback, tag="ls"):
    """Show one of them."""

    reservation: int


@dataclass(frozen=True, slots=True)
class AskCancel(Callback, tag="la"):
    """Ask for confirmation before cancelling it."""

    reservation: int


@dataclass(frozen=True, slots=True)
class CancelBooking(Callback, tag="lc"):
    """Cancel it."""

    reservation: int
