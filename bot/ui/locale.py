"""How a person reads screens: their language, and their formats and zone for times."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from bot.ui.formats import Times
from bot.ui.texts import Texts, best_language, texts_in
from domain.client import Client


@dataclass(frozen=True, slots=True)
class Reader:
    """Texts and time formats for one person; every screen takes one as its first argument."""

    t: Texts
    times: Times


def reader_for(person: Client, venue_zone: ZoneInfo) -> Reader:
    """Return the texts and time formats for a person."""
    t = texts_in(best_language(person.language, person.telegram_language))
    return Reader(t, Times(t.locale, person.zone(venue_zone)))
