"""The screens of the settings: the current values, and the choices for each."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from bot.buttons.people import (
    AskLanguage,
    AskName,
    AskZone,
    AskZoneOf,
    ChooseLanguage,
    ChooseNotifications,
    ChooseZone,
    ChooseZoneOf,
    SettingsHome,
)
from bot.features.account.zone_screens import city, common_zones
from bot.messages.screen import Button, Rows, Screen
from bot.ui.keyboards import button, pager, pages_of
from bot.ui.locale import UserLocale
from bot.ui.texts import LANGUAGES
from domain.provider import Acting, Provider

PROVIDERS_PER_PAGE = 8


def settings_home(
    locale: UserLocale,
    now: datetime,
    acting: Sequence[Acting],
    absent: Collection[int] = (),
    page: int = 0,
) -> Screen:
    """Return the current settings, and buttons for the providers acted for.

    ``absent`` are the numbers of those without Telegram account, whose time zone others choose.
    """
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
    pages = pages_of(acting, PROVIDERS_PER_PAGE)
    page = min(page, pages - 1)
    shown = acting[page * PROVIDERS_PER_PAGE : (page + 1) * PROVIDERS_PER_PAGE]
    several = len(acting) > 1
    parts = [text, *([_names(locale, shown, several=several)] if shown else [])]
    rows = [
        row
        for each in shown
        for row in _of_provider(locale, each, named=several, absent=each.provider.id in absent)
    ]
    turn = pager(page, pages, SettingsHome)
    return Screen("\n".join(parts), (first, *rows, *turn))


@dataclass(frozen=True, slots=True)
class Saved:
    """What was saved: a text's key, and its values."""

    text: str
    values: Mapping[str, str]


def notifications_saved(chosen: Acting, *, named: bool) -> Saved:
    """Return whether a provider's bookings are notified now; ``named`` if there are several."""
    if named:
        text = "settings.notified_of" if chosen.notified else "settings.not_notified_of"
        return Saved(text, {"provider": chosen.provider.label})
    return Saved("settings.notified" if chosen.notified else "settings.not_notified", {})


def name_saved(before: Provider, after: Provider, *, own: bool) -> Saved:
    """Return under which name clients see a provider now; ``own`` if that is the reader."""
    if own:
        return Saved("settings.name_saved", {"name": after.label})
    return Saved("settings.name_of_saved", {"before": before.label, "name": after.label})


def page_with(acting: Sequence[Acting], provider_id: int) -> int:
    """Return the page that has a provider, the first if none has."""
    numbers = [each.provider.id for each in acting]
    return numbers.index(provider_id) // PROVIDERS_PER_PAGE if provider_id in numbers else 0


def _names(locale: UserLocale, acting: Sequence[Acting], *, several: bool) -> Markup:
    """Return the public name, or one line for each of several."""
    t, names = locale.t, [each.provider.label for each in acting]
    if not several:
        return t("settings.name_now", name=names[0])
    lines = Markup("\n").join(t("settings.name_entry", name=name) for name in names)
    return t("settings.names_now", names=lines)


def _of_provider(locale: UserLocale, acting: Acting, *, named: bool, absent: bool) -> Rows:
    """Return a provider's buttons: name, notifications, and if ``absent`` the time zone."""
    t, provider = locale.t, acting.provider
    name = t.plain("settings.button.name")
    change = ChooseNotifications(provider.id, int(not acting.notified))
    row = (
        button(f"{name}: {provider.label}" if named else name, AskName(provider.id)),
        button(_notified(locale, acting, named=named), change),
    )
    return (row, (_zone_button(locale, provider),)) if absent else (row,)


def _zone_button(locale: UserLocale, provider: Provider) -> Button:
    """Return the button that shows a provider's time zone and asks for another."""
    zone = city(locale, provider.zone(locale.venue or locale.times.zone).key)
    label = locale.t.plain("settings.button.zone_of", provider=provider.label, zone=zone)
    return button(label, AskZoneOf(provider.id))


def _notified(locale: UserLocale, acting: Acting, *, named: bool) -> str:
    """Return the label of the button that switches a provider's notifications."""
    on, t = acting.notified, locale.t
    if named:
        key = "settings.button.notified_of" if on else "settings.button.not_notified_of"
        return t.plain(key, provider=acting.provider.label)
    return t.plain("settings.button.notified" if on else "settings.button.not_notified")


def zone_settings(locale: UserLocale, chosen: str | None) -> Screen:
    """Return the common time zones, the chosen one marked, and how to type another."""
    return Screen(
        locale.t("settings.zone", zone=locale.times.zone_city),
        (*common_zones(locale, ChooseZone, chosen), *back(locale)),
    )


def provider_zone(locale: UserLocale, provider: Provider, page: int = 0) -> Screen:
    """Return the common time zones for a provider without Telegram account.

    ``page`` is that of the settings to go back to.
    """

    def choose(zone: str) -> ChooseZoneOf:
        return ChooseZoneOf(provider.id, zone)

    return Screen(
        locale.t("settings.zone_of", zone=locale.times.zone_city),
        (*common_zones(locale, choose, provider.time_zone), *back(locale, page)),
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


def name_settings(
    locale: UserLocale, provider: Provider, page: int = 0, *, own: bool = True
) -> Screen:
    """Ask for a new public name; ``page`` is that of the settings to go back to.

    ``own`` is whether the provider is the reader.
    """
    text = locale.t("settings.name" if own else "settings.name_of", name=provider.label)
    return Screen(text, back(locale, page))


def back(locale: UserLocale, page: int = 0) -> Rows:
    """Return a row with the button back to a page of the settings."""
    return ((button(locale.t.plain("button.back"), SettingsHome(page)),),)


def language_name(code: str) -> str:
    """Return the name of a language in that language."""
    return str(LANGUAGES[code].get_language_name()).capitalize()
