"""Finds time zones by name, city or country, in English and German, accents optional."""

import unicodedata
from collections import defaultdict
from functools import cache

from bot.parsing.zones.zone_table import (
    ABBREVIATIONS,
    CITIES,
    NAMES_OF_UTC,
    UTC,
    available_zones,
    canonical,
    city_names,
    countries,
    country_zones,
    distinct_today,
    links,
)

MAX_CHARACTERS = 100
_MIN_PREFIX_LENGTH = 2

COMMON_ZONES: tuple[str, ...] = (
    "Europe/London",
    "Europe/Berlin",
    "Europe/Athens",
    "Europe/Istanbul",
    "Africa/Lagos",
    "Africa/Johannesburg",
    "Asia/Dubai",
    "Asia/Kolkata",
    "Asia/Shanghai",
    "Asia/Tokyo",
    "Australia/Sydney",
    "Pacific/Auckland",
    "America/New_York",
    "America/Chicago",
    "America/Los_Angeles",
    "America/Sao_Paulo",
)
# The zones of most people in countries with many zones, in the order to offer them.
_MAIN_ZONES: tuple[str, ...] = (
    *COMMON_ZONES,
    *(f"America/{city}" for city in ("Denver", "Phoenix", "Anchorage")),
    "Pacific/Honolulu",
    *(
        f"America/{city}"
        for city in (
            "Toronto",
            "Vancouver",
            "Edmonton",
            "Winnipeg",
            "Halifax",
            "Regina",
            "St_Johns",
        )
    ),
    *(
        f"America/{city}"
        for city in ("Mexico_City", "Monterrey", "Tijuana", "Cancun", "Chihuahua", "Hermosillo")
    ),
    *(
        f"America/{city}"
        for city in ("Fortaleza", "Recife", "Bahia", "Manaus", "Cuiaba", "Rio_Branco", "Noronha")
    ),
    *(
        "America/Argentina/Buenos_Aires",
        "America/Santiago",
        "Europe/Madrid",
        "Europe/Lisbon",
        "Europe/Kyiv",
        "Asia/Jakarta",
        "Asia/Almaty",
    ),
    *(
        "Europe/Moscow",
        "Europe/Kaliningrad",
        "Europe/Samara",
        "Asia/Yekaterinburg",
        "Asia/Novosibirsk",
        "Asia/Krasnoyarsk",
        "Asia/Irkutsk",
    ),
    "Asia/Vladivostok",
    *(
        f"Australia/{city}"
        for city in ("Melbourne", "Brisbane", "Perth", "Adelaide", "Darwin", "Hobart")
    ),
)
_RANKS = {zone: at for at, zone in enumerate(_MAIN_ZONES)}
_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th"}
)
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})


def find_zones(text: str, *, limit: int = 8) -> tuple[str, ...]:
    """Return the zones that a text may mean, likeliest first and at most ``limit``.

    If the text is a whole name of a zone, city or country, only its zones are returned; otherwise
    the zones of an abbreviation like ``PST``, then names that begin with the text, then names with
    a later word that does. Offsets like ``UTC+2`` match nothing.
    """
    if len(text) > MAX_CHARACTERS:
        return ()
    exact = _exact_names().get(text.strip().casefold())
    if exact is not None:
        return (exact,)[:limit]
    wanted = normalized(text)
    # No offered zone has a digit in its name: digits are an offset, which has no summer time.
    if len(wanted) < _MIN_PREFIX_LENGTH or any(character.isdigit() for character in wanted):
        return ()
    whole = _names().get(wanted)
    found = dict.fromkeys(whole, 0) if whole else _prefix_matches(wanted)
    abbreviated = ABBREVIATIONS.get(wanted, ())
    found.update({zone: at - len(abbreviated) for at, zone in enumerate(abbreviated)})
    return tuple(sorted(found, key=lambda zone: (found[zone], *_rank(zone))))[:limit]


def normalized(text: str) -> str:
    """Return a name in lower case without accents, with single spaces for other characters."""
    plain = unicodedata.normalize("NFKD", text).casefold().translate(_LETTERS)
    letters = "".join(character for character in plain if not unicodedata.combining(character))
    return " ".join(
        "".join(character if character.isalnum() else " " for character in letters).split()
    )


def _rank(zone: str) -> tuple[int, bool, str]:
    """Return the sort key of equal matches: main zones, then distinct clocks, then by name."""
    return _RANKS.get(zone, len(_RANKS)), zone not in distinct_today(), zone


def _prefix_matches(wanted: str) -> dict[str, int]:
    """Return zones with a name that begins with the text (0) or has a later word that does (1)."""
    found: dict[str, int] = {}
    for name, zones in _names().items():
        if f" {wanted}" in f" {name}":
            rank = 0 if name.startswith(wanted) else 1
            found.update({zone: min(rank, found.get(zone, rank)) for zone in zones})
    return found


@cache
def _exact_names() -> dict[str, str]:
    """Return the case-folded Area/City names of the database, with the zone to offer for each.

    Short names like EST are left out, because they link to places that people do not expect.
    """
    resolved = (
        (name, canonical(name)) for name in {*countries(), *links(), *NAMES_OF_UTC} if "/" in name
    )
    return {
        name.casefold(): zone
        for name, zone in resolved
        if zone is not None and zone in available_zones()
    }


@cache
def _names() -> dict[str, frozenset[str]]:
    """Return all normalized names, with their zones."""
    zones_by_name: dict[str, set[str]] = defaultdict(set)
    pairs = [*city_names(), *country_zones(), *CITIES.items()]
    pairs += [(zone.rpartition("/")[2], zone) for zone in countries()]
    pairs += _exact_names().items()
    for name, zone in pairs:
        zones_by_name[normalized(name)].add(zone)
        zones_by_name[normalized(name.casefold().translate(_UMLAUTS))].add(zone)
    zones_by_name[normalized(UTC)].add(UTC)
    return {
        name: frozenset(zones)
        for name, zones in zones_by_name.items()
        if zones <= available_zones()
    }
