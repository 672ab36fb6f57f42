"""Choose a time zone, by button or by typing a place; for joining and for the settings."""

from collections.abc import Callable
from dataclasses import replace

from bot.buttons.base import CallbackData
from bot.dialogue.context import Context
from bot.features.account.zone_screens import MOST_MATCHES, unknown_zone, zone_matches
from bot.messages.screen import Rows
from bot.parsing.zones.find_zones import find_zones
from domain.usecases.choose_settings import choose_zone


def zone_typed(
    context: Context, text: str, choose: Callable[[str], CallbackData], below: Rows = ()
) -> str | None:
    """Return the one time zone that a text means.

    If it means several, show them as buttons; if it means none, say so; then return None.
    """
    found = find_zones(text, limit=MOST_MATCHES + 1)
    if len(found) == 1:
        return found[0]
    if found:
        context.show(zone_matches(context.locale, text, found, choose, below))
    else:
        context.request.send(unknown_zone(context.locale, text))
    return None


async def set_time_zone(context: Context, zone: str) -> None:
    """Set the person's time zone, effective from the next screen; raises errors.ZoneUnknown."""
    await context.act(choose_zone(context.uow, context.me, zone))
    context.request.person = replace(context.request.person, time_zone=zone)
