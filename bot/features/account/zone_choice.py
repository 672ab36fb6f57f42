"""Choosing a time zone, for those who join and for the settings: by button, or by typing what people call it."""

from collections.abc import Callable
from dataclasses import replace

from bot.buttons import Callback
from bot.dialogue.context import Context
from bot.features.account.zone_screens import MOST_MATCHES, unknown_zone, zone_matches
from bot.messages.screen import Rows
from bot.parsing.zones.zones import find_zones
from domain.usecases.choose_settings import choose_zone


def zone_typed(
    context: Context, text: str, choose: Callable[[str], Callback], below: Rows = ()
) -> str | None:
    """Return the one zone a text means; where it means several, show them as buttons, and where it means none, say so."""
    found = find_zones(text, limit=MOST_MATCHES + 1)
    if len(found) == 1:
        return found[0]
    if found:
        context.show(zone_matches(context.reader, text, found, choose, below))
    else:
        context.request.send(unknown_zone(context.reader, text))
    return None


async def take_zone(context: Context, zone: str) -> None:
    """Show the person all times in this zone, from the very next screen on; raises errors.ZoneUnknown."""
    await context.act(choose_zone(context.uow, context.me, zone))
    context.request.person = replace(context.request.person, time_zone=zone)
