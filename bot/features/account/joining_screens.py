"""The screens of joining: the public name, the time zone, and what comes next."""

from bot.buttons.people import DeclineHandover, JoinZone, KeepName, TakeOver
from bot.features.account.zone_screens import city, common_zones
from bot.messages.screen import Screen
from bot.ui.command_menu import Roles
from bot.ui.keyboards import button
from bot.ui.links import openings, what_next
from bot.ui.locale import UserLocale
from domain.provider import Provider


def handover_question(locale: UserLocale, provider: Provider, code: str) -> Screen:
    """Ask whether the person is the provider whom the invitation with this code hands over."""
    t = locale.t
    yes = button(t.plain("joining.handover_yes"), TakeOver(code))
    no = button(t.plain("joining.handover_no"), DeclineHandover())
    return Screen(t("joining.handover", provider=provider.label), ((yes, no),))


def handover_declined(locale: UserLocale, roles: Roles) -> Screen:
    """Say that nothing has changed, and what the person can do instead."""
    return Screen(locale.t("joining.handover_declined"), what_next(locale, roles))


def name_question(locale: UserLocale, provider: Provider, *, nameless: bool) -> Screen:
    """Ask for the public name; a button keeps the current one, unless it is only a number."""
    t = locale.t
    if nameless:
        return Screen(t("joining.name_first"))
    keep = button(t.plain("joining.keep_name", name=provider.name), KeepName())
    return Screen(t("joining.name", name=provider.name), ((keep,),))


def zone_question(locale: UserLocale, provider: Provider) -> Screen:
    """Ask for the time zone; a button keeps the current one, which is not offered again below."""
    t, shown = locale.t, locale.times.zone.key
    keep = button(t.plain("joining.keep_zone", city=city(locale, shown)), JoinZone(shown))
    others = common_zones(locale, JoinZone, without=shown)
    return Screen(t("joining.zone", name=provider.name), ((keep,), *others))


def joined(locale: UserLocale, provider: Provider, *, has_hours: bool = False) -> Screen:
    """Say that the new provider is ready, and what to do next if they have no open hours yet."""
    t = locale.t
    done = t("joining.done", name=provider.name, zone=locale.times.zone_city)
    steps = () if has_hours else (t("joining.without_hours"),)
    text = "\n\n".join((done, *steps, t("joining.later")))
    return Screen(text, openings(locale, ("hours", "link"), ("settings",)))


def assistant_joined(locale: UserLocale, provider: Provider, roles: Roles) -> Screen:
    """Name the new assistant's provider, and offer the next steps of their roles."""
    text = locale.t("joining.assistant", provider=provider.label)
    rows = ("hours", "agenda"), ("link", "settings")
    return Screen(text, openings(locale, *rows, own=roles.provider is not None))


def admin_joined(locale: UserLocale) -> Screen:
    """Say that the person is an admin now, and what to do next."""
    return Screen(locale.t("joining.admin"), openings(locale, ("invite",)))
