"""Finds time zones by what people call them: the zone, a city, a country, in English and German, with or without accents."""

import unicodedata
from collections import defaultdict
from functools import cache

from bot.parsing.zones.zone_table import (
    CITIES,
    NAMES_OF_UTC,
    UTC,
    called_countries,
    canonical,
    countries,
    distinct_today,
    known,
    links,
    localized_cities,
)

MOST_CHARACTERS = 100
_LEAST_FOR_PREFIX = 2

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
# Of a country with many clocks, these are the ones most of its people live by; the order is that in which they are offered.
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
_PLACE = {zone: at for at, zone in enumerate(_MAIN_ZONES)}
_PLAIN = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th"}
)
_SPELT_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})


def find_zones(text: str, *, limit: int = 8) -> tuple[str, ...]:
    """Return the zones a text may mean, the likeliest first and at most ``limit``; none for offsets such as ``UTC+2``.

    A whole name (zone, city or country) is answered with its zones alone; else names that begin with the text come first, and then names
    of which a later word does.
    """
    if len(text) > MOST_CHARACTERS:
        return ()
    exact = _exact_names().get(text.strip().casefold())
    if exact is not None:
        return (exact,)[:limit]
    wanted = folded(text)
    # No zone offered has a figure in its name: figures are an offset, and an offset knows nothing of summer time.
    if len(wanted) < _LEAST_FOR_PREFIX or any(character.isdigit() for character in wanted):
        return ()
    whole = _names().get(wanted)
    found = dict.fromkeys(whole, 0) if whole else _beginning(wanted)
    return tuple(sorted(found, key=lambda zone: (found[zone], *_rank(zone))))[:limit]


def folded(text: str) -> str:
    """Return a name small, without accents, with one space for whatever is neither letter nor figure."""
    plain = unicodedata.normalize("NFKD", text).casefold().translate(_PLAIN)
    letters = "".join(character for character in plain if not unicodedata.combining(character))
    return " ".join(
        "".join(character if character.isalnum() else " " for character in letters).split()
    )


def _rank(zone: str) -> tuple[int, bool, str]:
    """Order zones found equally well: the main ones first, then those with a clock of their own, then by name."""
    return _PLACE.get(zone, len(_PLACE)), zone not in distinct_today(), zone


def _beginning(wanted: str) -> dict[str, int]:
    """Return the zones with a name that begins with the text (0) or has a later word that does (1)."""
    found: dict[str, int] = {}
    for name, zones in _names().items():
        if f" {wanted}" in f" {name}":
            rank = 0 if name.startswith(wanted) else 1
            found.update({zone: min(rank, found.get(zone, rank)) for zone in zones})
    return found


@cache
def _exact_names() -> dict[str, str]:
    """Return the database's names of the form Area/City, case-folded, with the zone to offer for each.

    Short names such as EST stay out: as links they stand for places nobody would expect.
    """
    resolved = (
        (name, canonical(name)) for name in {*countries(), *links(), *NAMES_OF_UTC} if "/" in name
    )
    return {
        name.casefold(): zone for name, zone in resolved if zone is not None and zone in known()
    }


@cache
def _names() -> dict[str, frozenset[str]]:
    """Return everything people may call a zone, folded, with the zones so called."""
    called: dict[str, set[str]] = defaultdict(set)
    pairs = [*localized_cities(), *called_countries(), *CITIES.items()]
    pairs += [(zone.rpartition("/")[2], zone) for zone in countries()]
    pairs += _exact_names().items()
    for name, zone in pairs:
        called[folded(name)].add(zone)
        called[folded(name.casefold().translate(_SPELT_OUT))].add(zone)
    called[folded(UTC)].add(UTC)
    return {name: frozenset(zones) for name, zones in called.items() if zones <= known()}
