"""The steps by which an invited person becomes a provider: the public name, the zone, and what comes next."""

from bot.buttons import JoinZone, KeepName, Open
from bot.features.account.zone_screens import city, common_zones
from bot.messages.screen import Screen
from bot.ui.keyboards import button
from bot.ui.locale import Reader
from domain.provider import Provider


def name_question(reader: Reader, provider: Provider) -> Screen:
    """Ask for the public name; the present one can be kept by a button, unless a number stands in for it."""
    t = reader.t
    if provider.name == str(provider.client_id):
        return Screen(t("joining.name_first"))
    keep = button(t.plain("joining.keep_name", name=provider.name), KeepName())
    return Screen(t("joining.name", name=provider.name), ((keep,),))


def zone_question(reader: Reader, provider: Provider, current: str | None) -> Screen:
    """Ask for the zone; the one times are shown in now can be kept by a button."""
    t, shown = reader.t, reader.times.zone.key
    keep = button(t.plain("joining.keep_zone", city=city(reader, shown)), JoinZone(shown))
    return Screen(
        t("joining.zone", name=provider.name), ((keep,), *common_zones(reader, JoinZone, current))
    )


def joined(reader: Reader, provider: Provider) -> Screen:
    """Tell a new provider that all is set, and what to do next."""
    t = reader.t
    rows = (
        (
            button(t.plain("button.hours"), Open("hours")),
            button(t.plain("button.link"), Open("link")),
        ),
        (button(t.plain("button.settings"), Open("settings")),),
    )
    return Screen(t("joining.done", name=provider.name, zone=reader.times.zone_city), rows)
