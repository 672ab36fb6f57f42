"""First contact: what a person is greeted with, what there is to do, and what is kept of him."""

from bot.callbacks import Open
from bot.keyboards import button
from bot.menus import Roles, commands_for
from bot.reader import Reader
from bot.screen import Rows, Screen


def greeting(reader: Reader, name: str, roles: Roles, *, zone_chosen: bool) -> Screen:
    """Greet a person by role, and show what to tap next."""
    t = reader.t
    parts = [t("start.hello", name=name)]
    if roles.admin:
        parts.append(t("start.admin"))
    if roles.provider:
        parts.append(t("start.provider", name=roles.provider.name))
    else:
        parts.append(t("start.client"))
    parts.append(t("start.zone" if zone_chosen else "start.zone_of_venue", zone=reader.times.zone_name))
    return Screen("\n\n".join(parts), _what_next(reader, roles))


def help_text(reader: Reader, roles: Roles) -> Screen:
    """Tell what the bot does, and list the commands this person has."""
    t = reader.t
    commands = commands_for(t, provider=roles.provider is not None, admin=roles.admin)
    listed = "\n".join(t("help.command", name=name, does=does) for name, does in commands)
    about = [t("help.client"), *([t("help.provider")] if roles.provider else []), *([t("help.admin")] if roles.admin else [])]
    return Screen("\n\n".join([*about, listed, t("help.next")]))


def privacy(reader: Reader) -> Screen:
    """Tell what is kept, why, how long, and who sees it."""
    t = reader.t
    return Screen("\n\n".join(t(f"privacy.{part}") for part in ("kept", "how_long", "who_sees", "ask")))


def dialogue_left(reader: Reader, *, left: bool) -> Screen:
    """Tell that a dialogue was left, or that there was none; holds and bookings stay either way."""
    t = reader.t
    return Screen(t("cancel.left" if left else "cancel.nothing"), ((button(t.plain("button.my_bookings"), Open("bookings")),),))


def _what_next(reader: Reader, roles: Roles) -> Rows:
    """Return what a person of these roles is likely to do."""
    rows: list[tuple[str, ...]] = []
    if roles.admin:
        rows.append(("invite",))
    if roles.provider:
        rows += [("hours", "agenda"), ("link",)]
    rows += [("book", "bookings"), ("settings",)]
    labels = {"bookings": "button.my_bookings"}
    return tuple(tuple(button(reader.t.plain(labels.get(name, f"button.{name}")), Open(name)) for name in row) for row in rows)
