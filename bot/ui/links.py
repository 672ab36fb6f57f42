"""Buttons that act like commands, and the one that shares a link."""

from urllib.parse import quote

from bot.buttons.people import Open
from bot.messages.screen import Button, Rows
from bot.ui.command_menu import Roles
from bot.ui.keyboards import button
from bot.ui.locale import UserLocale

_LABELS = {"bookings": "button.my_bookings"}
_OF_OTHERS = {
    "hours": "button.hours_of_others",
    "agenda": "button.agenda_of_others",
    "link": "button.link_of_others",
}


def opening(locale: UserLocale, command: str, *, own: bool = True) -> Button:
    """Return the button that acts like a command; ``command`` is its name without the slash.

    ``own`` is false for people who act for other providers alone: they have no hours of their own.
    """
    labels = _LABELS if own else _LABELS | _OF_OTHERS
    return button(locale.t.plain(labels.get(command, f"button.{command}")), Open(command))


def openings(locale: UserLocale, *rows: tuple[str, ...], own: bool = True) -> Rows:
    """Return rows of buttons that act like commands; for ``own`` see ``opening``."""
    return tuple(tuple(opening(locale, command, own=own) for command in row) for row in rows)


def share(locale: UserLocale, link: str) -> Rows:
    """Return the button that opens Telegram's list of chats to send a link to."""
    url = f"https://t.me/share/url?url={quote(link, safe='')}"
    return ((Button(locale.t.plain("button.pass_on"), url=url),),)


def what_next(locale: UserLocale, roles: Roles) -> Rows:
    """Return the most useful buttons for a person with these roles."""
    work = ("hours", "agenda") if roles.acts else ("book", "bookings")
    rows = [("invite",), work] if roles.admin else [work]
    return openings(locale, *rows, own=roles.provider is not None)
