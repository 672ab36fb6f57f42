"""The screens of the settings: the current values, and the choices for each."""

from collections.abc import Sequence
from datetime import datetime

from bot.buttons.people import (
    AskLanguage,
    AskName,
    AskZone,
    ChooseLanguage,
    ChooseZone,
    SettingsHome,
)
from bot.features.account.zone_screens import common_zones
from bot.messages.screen import Rows, Screen
from bot.ui.keyboards import button
from bot.ui.locale import UserLocale
from bot.ui.texts import LANGUAGES
from domain.provider import Provider

_MOST_NAMES = 20


def settings_home(
    locale: UserLocale, now: datetime, providers: Sequence[Provider], note: str = ""
) -> Screen:
    """Return the current settings, below a note if any, and the names of the person's providers."""
    t, times = locale.t, locale.times
    text = t(
        "settings.home",
        zone=times.zone_city,
        now=times.date_and_time(now),
        language=language_name(t.language),
    )
    first = (
        button(t.plain("settings.button.zone"), AskZone()),
        button(t.plain("settings.button.language"), AskLanguage()),
    )
    if not providers:
        return Screen(_below(note, text), (first,))
    text += "\n" + t("settings.name_now", name=times.listed([each.label for each in providers]))
    names = tuple(
        (button(_name_label(locale, each, providers), AskName(each.id)),) for each in providers
    )
    return Screen(_below(note, text), (first, *names[:_MOST_NAMES]))


def _name_label(locale: UserLocale, provider: Provider, providers: Sequence[Provider]) -> str:
    """Return the label of the button for a public name, with the name if there are several."""
    label = locale.t.plain("settings.button.name")
    return label if len(providers) == 1 else f"{label}: {provider.label}"


def zone_settings(locale: UserLocale, chosen: str | None) -> Screen:
    """Return the common time zones, the chosen one marked, and how to type another."""
    return Screen(
        locale.t("settings.zone", zone=locale.times.zone_city),
        (*common_zones(locale, ChooseZone, chosen), *back(locale)),
    )


def language_settings(locale: UserLocale) -> Screen:
    """Return the languages, the current one marked."""
    present = locale.t.language
    names = (
        (code, f"✅ {language_name(code)}" if code == present else language_name(code))
        for code in LANGUAGES
    )
    return Screen(
        locale.t("settings.language"),
        (*((button(label, ChooseLanguage(code)),) for code, label in names), *back(locale)),
    )


def name_settings(locale: UserLocale, provider: Provider) -> Screen:
    """Ask for a new public name."""
    return Screen(locale.t("settings.name", name=provider.label), back(locale))


def back(locale: UserLocale) -> Rows:
    """Return a row with the button back to the settings."""
    return ((button(locale.t.plain("button.back"), SettingsHome()),),)


def language_name(code: str) -> str:
    """Return the name of a language in that language."""
    return str(LANGUAGES[code].get_language_name()).capitalize()


def _below(note: str, text: str) -> str:
    """Return a text below a note, if there is one."""
    return f"{note}\n\n{text}" if note else text
