"""The person a screen is made for: his language, and his way of reading times."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from bot.ui.formats import Times
from bot.ui.texts import Texts, best_language, texts_in
from domain.client import Client


@dataclass(frozen=True, slots=True)
class Reader:
    """Texts and times for one person; every screen takes one first."""

    t: Texts
    times: Times


def reader_for(person: Client, venue_zone: ZoneInfo) -> Reader:
    """Return how this person reads."""
    t = texts_in(best_language(person.language, person.telegram_language))
    return Reader(t, Times(t.locale, person.zone(venue_zone)))
