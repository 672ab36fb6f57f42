"""How a person reads screens: their language, and their formats and zone for times."""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from markupsafe import Markup

from bot.ui.formats import Times
from bot.ui.texts import Texts, best_language, texts_in
from domain.person import Person
from domain.provider import Provider

_MOST_NAMES = 10


@dataclass(frozen=True, slots=True)
class UserLocale:
    """Texts and time formats for one person; every screen takes one as its first argument.

    Without ``venue``, the venue's zone, the person's zone is always named.
    """

    t: Texts
    times: Times
    venue: ZoneInfo | None = None

    def in_zone(self, *others: Person | Provider) -> Markup:
        """Return `` (Berlin time)`` for the person's zone, or nothing if no one can mistake it.

        A zone can be mistaken where it is not the venue's, or not that of others who are involved.
        """
        if self.venue is not None:
            zones = {self.venue.key, *(each.time_zone or self.venue.key for each in others)}
            if zones == {self.times.zone.key}:
                return Markup()
        return Markup(" {}").format(self.t("zones.in", zone=self.times.zone_city))

    def names(self, providers: Sequence[Provider]) -> str:
        """Return the names of providers; of many the first ten, and how many more there are."""
        named = [each.label for each in providers[:_MOST_NAMES]]
        if more := len(providers) - len(named):
            named.append(self.t.count("names.more", more))
        return self.times.listed(named)


def user_locale(person: Person, venue_zone: ZoneInfo, zone: ZoneInfo | None = None) -> UserLocale:
    """Return the texts and time formats for a person, in another zone if one is given.

    A zone that is not the person's own is always named.
    """
    t = texts_in(best_language(person.language, person.telegram_language))
    own = person.zone(venue_zone)
    is_other = zone is not None and zone.key != own.key
    return UserLocale(t, Times(t.locale, zone or own), None if is_other else venue_zone)
