"""Time zones as buttons, under the names of their cities."""

from collections.abc import Callable, Sequence

from bot.buttons.base import CallbackData
from bot.messages.screen import Rows, Screen
from bot.parsing.zones.find_zones import COMMON_ZONES
from bot.ui.formats import zone_city
from bot.ui.keyboards import button, grid
from bot.ui.locale import UserLocale

MOST_MATCHES = 8
_PER_ROW = 3
_TYPED_SHOWN = 60


def common_zones(
    locale: UserLocale,
    choose: Callable[[str], CallbackData],
    current: str | None = None,
    *,
    without: str | None = None,
) -> Rows:
    """Return a button for each common time zone but one, the current one marked."""
    zones = [zone for zone in COMMON_ZONES if zone != without]
    return _buttons(locale, zones, choose, current)


def zone_matches(
    locale: UserLocale,
    text: str,
    zones: Sequence[str],
    choose: Callable[[str], CallbackData],
    below: Rows,
) -> Screen:
    """Return the zones that a typed text may mean, the main ones if they are many."""
    key = "zones.matches" if len(zones) <= MOST_MATCHES else "zones.many_matches"
    return Screen(
        locale.t(key, text=_shortened(text)),
        (*_buttons(locale, zones[:MOST_MATCHES], choose, None), *below),
    )


def unknown_zone(locale: UserLocale, text: str) -> Screen:
    """Say what to type instead of a text that means no time zone."""
    return Screen(locale.t("zones.unknown", text=_shortened(text)))


def city(locale: UserLocale, zone: str) -> str:
    """Return what people call the place of a zone, in the reader's language."""
    return zone_city(zone, locale.times.locale)


def _buttons(
    locale: UserLocale,
    zones: Sequence[str],
    choose: Callable[[str], CallbackData],
    current: str | None,
) -> Rows:
    """Return a button for each zone."""
    labels = ((zone, city(locale, zone)) for zone in zones)
    return grid(
        (
            button(f"✅ {label}" if zone == current else label, choose(zone))
            for zone, label in labels
        ),
        width=_PER_ROW,
    )


def _shortened(text: str) -> str:
    """Return a typed text, cut to a length that fits a message."""
    line = " ".join(text.split())
    return line if len(line) <= _TYPED_SHOWN else f"{line[:_TYPED_SHOWN]}…"
