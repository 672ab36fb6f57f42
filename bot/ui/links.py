"""Buttons that do what a command does."""

from bot.buttons import Open
from bot.messages.screen import Button, Rows
from bot.ui.commands import Roles
from bot.ui.keyboards import button
from bot.ui.locale import Reader

_LABELS = {"bookings": "button.my_bookings"}


def opening(reader: Reader, command: str) -> Button:
    """Return the button that does what a command does; ``command`` is its name without the slash."""
    return button(reader.t.plain(_LABELS.get(command, f"button.{command}")), Open(command))


def openings(reader: Reader, *rows: tuple[str, ...]) -> Rows:
    """Return rows of such buttons."""
    return tuple(tuple(opening(reader, command) for command in row) for row in rows)


def what_next(reader: Reader, roles: Roles) -> Rows:
    """Return the few things somebody of these roles most likely wants."""
    work = ("hours", "agenda") if roles.provider else ("book", "bookings")
    return openings(reader, *([("invite",)] if roles.admin else []), work)
