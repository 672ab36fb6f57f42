"""The screens of first contact: greeting, help, privacy, and leaving a dialogue."""

from datetime import timedelta

from bot.messages.screen import Rows, Screen
from bot.ui.command_menu import Roles, commands_for
from bot.ui.links import openings, what_next
from bot.ui.locale import UserLocale


def greeting(
    locale: UserLocale, name: str, roles: Roles, *, zone_chosen: bool, has_hours: bool = False
) -> Screen:
    """Greet a person by role, and by name if they have one, with buttons for what is next.

    ``has_hours`` is whether the person is a provider with open hours ahead.
    """
    t = locale.t
    parts = [t("start.hello", name=name) if name else t("start.hello_nameless")]
    if roles.admin:
        parts.append(t("start.admin"))
    if roles.provider:
        key = "start.provider" if has_hours else "start.provider_without_hours"
        parts.append(t(key, name=roles.provider.label))
    if roles.assisted:
        parts.append(t("start.assistant", names=_assisted(locale, roles)))
    if not roles.acts:
        parts.append(t("start.client"))
    parts.append(
        t("start.zone" if zone_chosen else "start.zone_of_venue", zone=locale.times.zone_city)
    )
    return Screen("\n\n".join(parts), _all_commands(locale, roles))


def help_text(locale: UserLocale, roles: Roles, hold: timedelta) -> Screen:
    """Say what the bot does, how long a hold lasts, and which commands this person has."""
    t = locale.t
    listed = "\n".join(
        t("help.command", name=name, does=does) for name, does in commands_for(t, roles)
    )
    about = [t("help.client", hold=locale.times.duration(hold))]
    if roles.provider:
        about.append(t("help.provider"))
    if roles.assisted:
        about.append(t("help.assistant", names=_assisted(locale, roles)))
    if roles.admin:
        about.append(t("help.admin"))
    return Screen("\n\n".join([*about, listed, t("help.next")]))


def privacy(locale: UserLocale) -> Screen:
    """Say what is stored, why, how long, and who sees it."""
    t = locale.t
    return Screen(
        "\n\n".join(t(f"privacy.{part}") for part in ("kept", "how_long", "who_sees", "ask"))
    )


def dialogue_left(locale: UserLocale, roles: Roles, *, left: bool) -> Screen:
    """Say that a dialogue was left, or that there was none; holds and bookings stay either way."""
    nothing = "cancel.nothing_provider" if roles.acts else "cancel.nothing"
    return Screen(locale.t("cancel.left" if left else nothing), what_next(locale, roles))


def back_hint(locale: UserLocale) -> Screen:
    """Say where the Back button is, for a person who typed the word."""
    return Screen(locale.t("elsewhere.back"))


def _assisted(locale: UserLocale, roles: Roles) -> str:
    """Return the names of the providers whom a person assists."""
    return locale.names(roles.assisted)


def _all_commands(locale: UserLocale, roles: Roles) -> Rows:
    """Return the buttons of all commands that these roles have."""
    rows: list[tuple[str, ...]] = []
    if roles.admin:
        rows.append(("invite",))
    if roles.acts:
        rows += [("hours", "agenda"), ("link",)]
    rows += [("book", "bookings"), ("settings",)]
    return openings(locale, *rows, own=roles.provider is not None)
