"""Time zones as buttons, under the names of their cities."""

from collections.abc import Callable, Sequence

from bot.buttons import Callback
from bot.messages.screen import Rows, Screen
from bot.parsing.zones.find_zones import COMMON_ZONES
from bot.ui.formats import zone_city
from bot.ui.keyboards import button, grid
from bot.ui.locale import Reader

MOST_MATCHES = 8
_PER_ROW = 3
_TYPED_SHOWN = 60


def common_zones(reader: Reader, choose: Callable[[str], Callback], current: str | None) -> Rows:
    """Return a button for each common time zone, the current one marked."""
    return _buttons(reader, COMMON_ZONES, choose, current)


def zone_matches(
    reader: Reader, text: str, zones: Sequence[str], choose: Callable[[str], Callback], below: Rows
) -> Screen:
    """Return the zones that a typed text may mean, the main ones if they are many."""
    key = "zones.matches" if len(zones) <= MOST_MATCHES else "zones.many_matches"
    return Screen(
        reader.t(key, text=_shortened(text)),
        (*_buttons(reader, zones[:MOST_MATCHES], choose, None), *below),
    )


def unknown_zone(reader: Reader, text: str) -> Screen:
    """Say what to type instead of a text that means no time zone."""
    return Screen(reader.t("zones.unknown", text=_shortened(text)))


def city(reader: Reader, zone: str) -> str:
    """Return what people call the place of a zone, in the reader's language."""
    return zone_city(zone, reader.times.locale)


def _buttons(
    reader: Reader, zones: Sequence[str], choose: Callable[[str], Callback], current: str | None
) -> Rows:
    """Return a button for each zone."""
    labels = ((zone, city(reader, zone)) for zone in zones)
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
