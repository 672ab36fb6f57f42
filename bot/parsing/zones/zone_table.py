"""Zones, links, countries and names, from the time zone database and Babel."""

import zoneinfo
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from babel import Locale

UTC = "UTC"
_LOCALES = tuple(Locale.parse(code) for code in ("en", "de"))
NAMES_OF_UTC = frozenset({"Etc/UTC", "Etc/UCT", "Etc/Universal", "Etc/Zulu"})

# Big cities that are no zone names, each with its zone; lower case and without accents.
CITIES: dict[str, str] = {
    **dict.fromkeys(
        (
            "munich",
            "munchen",
            "muenchen",
            "hamburg",
            "frankfurt",
            "cologne",
            "koln",
            "koeln",
            "stuttgart",
            "dusseldorf",
            "duesseldorf",
        ),
        "Europe/Berlin",
    ),
    **dict.fromkeys(
        (
            "leipzig",
            "dresden",
            "hanover",
            "hannover",
            "nuremberg",
            "nurnberg",
            "nuernberg",
            "bremen",
            "bonn",
        ),
        "Europe/Berlin",
    ),
    **dict.fromkeys(("geneva", "genf", "basel", "bern", "lausanne"), "Europe/Zurich"),
    **dict.fromkeys(("graz", "salzburg", "linz", "innsbruck"), "Europe/Vienna"),
    **dict.fromkeys(("barcelona", "valencia", "seville", "sevilla", "malaga"), "Europe/Madrid"),
    **dict.fromkeys(
        (
            "milan",
            "mailand",
            "milano",
            "naples",
            "neapel",
            "turin",
            "florence",
            "florenz",
            "venice",
            "venedig",
        ),
        "Europe/Rome",
    ),
    **dict.fromkeys(
        ("lyon", "marseille", "nice", "nizza", "toulouse", "strasbourg", "strassburg"),
        "Europe/Paris",
    ),
    **dict.fromkeys(
        ("manchester", "birmingham", "edinburgh", "glasgow", "liverpool", "bristol"),
        "Europe/London",
    ),
    **dict.fromkeys(("rotterdam", "the hague", "den haag", "utrecht"), "Europe/Amsterdam"),
    **dict.fromkeys(
        ("krakow", "krakau", "cracow", "gdansk", "danzig", "wroclaw", "breslau"), "Europe/Warsaw"
    ),
    **dict.fromkeys(("gothenburg", "goteborg", "goeteborg", "malmo", "malmoe"), "Europe/Stockholm"),
    **dict.fromkeys(("saint petersburg", "st petersburg", "sankt petersburg"), "Europe/Moscow"),
    **dict.fromkeys(("porto",), "Europe/Lisbon"),
    **dict.fromkeys(("antwerp", "antwerpen"), "Europe/Brussels"),
    **dict.fromkeys(("ankara", "izmir"), "Europe/Istanbul"),
    **dict.fromkeys(
        ("nyc", "ny", "new york city", "brooklyn", "manhattan", "queens", "bronx"),
        "America/New_York",
    ),
    **dict.fromkeys(
        ("boston", "washington", "washington dc", "philadelphia", "miami", "atlanta", "orlando"),
        "America/New_York",
    ),
    **dict.fromkeys(
        ("houston", "dallas", "austin", "san antonio", "minneapolis", "new orleans", "st louis"),
        "America/Chicago",
    ),
    **dict.fromkeys(
        ("san francisco", "seattle", "san diego", "las vegas", "portland", "san jose"),
        "America/Los_Angeles",
    ),
    **dict.fromkeys(("salt lake city",), "America/Denver"),
    **dict.fromkeys(("montreal", "ottawa", "quebec"), "America/Toronto"),
    **dict.fromkeys(("calgary",), "America/Edmonton"),
    **dict.fromkeys(("rio", "rio de janeiro", "brasilia"), "America/Sao_Paulo"),
    **dict.fromkeys(("medellin",), "America/Bogota"),
    **dict.fromkeys(
        (
            "mumbai",
            "bombay",
            "delhi",
            "new delhi",
            "neu delhi",
            "bangalore",
            "bengaluru",
            "chennai",
            "hyderabad",
        ),
        "Asia/Kolkata",
    ),
    **dict.fromkeys(
        ("beijing", "peking", "guangzhou", "shenzhen", "chengdu", "wuhan"), "Asia/Shanghai"
    ),
    **dict.fromkeys(("osaka", "kyoto", "yokohama", "nagoya"), "Asia/Tokyo"),
    **dict.fromkeys(("busan",), "Asia/Seoul"),
    **dict.fromkeys(("hanoi", "saigon"), "Asia/Ho_Chi_Minh"),
    **dict.fromkeys(("abu dhabi",), "Asia/Dubai"),
    **dict.fromkeys(("mecca", "mekka", "jeddah"), "Asia/Riyadh"),
    **dict.fromkeys(("tel aviv", "haifa"), "Asia/Jerusalem"),
    **dict.fromkeys(("lahore", "islamabad"), "Asia/Karachi"),
    **dict.fromkeys(("cape town", "kapstadt", "pretoria", "durban"), "Africa/Johannesburg"),
    **dict.fromkeys(("abuja",), "Africa/Lagos"),
    **dict.fromkeys(("alexandria",), "Africa/Cairo"),
    **dict.fromkeys(("canberra",), "Australia/Sydney"),
    **dict.fromkeys(("wellington", "christchurch"), "Pacific/Auckland"),
}

_CENTRAL_EUROPE = (
    *("Europe/Berlin", "Europe/Vienna", "Europe/Zurich", "Europe/Paris", "Europe/Madrid"),
    *("Europe/Rome", "Europe/Warsaw", "Europe/Amsterdam"),
)
_GERMAN_SPEAKING = _CENTRAL_EUROPE[:3]
_EASTERN_EUROPE = ("Europe/Athens", "Europe/Bucharest", "Europe/Helsinki", "Europe/Kyiv")
_PACIFIC = ("America/Los_Angeles", "America/Vancouver", "America/Tijuana")
_MOUNTAIN = ("America/Denver", "America/Edmonton")
_CENTRAL = ("America/Chicago", "America/Winnipeg")
_EASTERN = ("America/New_York", "America/Toronto")
# Abbreviations of clocks, each with the zones of most people who use it, likeliest first.
ABBREVIATIONS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("cet", "cest"), _CENTRAL_EUROPE),
    **dict.fromkeys(("mez", "mesz"), _GERMAN_SPEAKING),
    **dict.fromkeys(("eet", "eest"), _EASTERN_EUROPE),
    "wet": ("Europe/Lisbon",),
    "gmt": ("Europe/London", "Africa/Accra", "UTC"),
    "bst": ("Europe/London", "Asia/Dhaka"),
    "ist": ("Asia/Kolkata", "Europe/Dublin", "Asia/Jerusalem"),
    "msk": ("Europe/Moscow",),
    "pst": (*_PACIFIC, "Asia/Manila"),
    "pdt": _PACIFIC,
    "mst": (*_MOUNTAIN, "America/Phoenix"),
    "mdt": _MOUNTAIN,
    "cst": (*_CENTRAL, "America/Mexico_City", "Asia/Shanghai"),
    "cdt": _CENTRAL,
    "est": (*_EASTERN, "America/Jamaica", "America/Panama"),
    "edt": _EASTERN,
    "ast": ("America/Halifax", "America/Puerto_Rico", "Asia/Riyadh"),
    "akst": ("America/Anchorage",),
    "hst": ("Pacific/Honolulu",),
    "jst": ("Asia/Tokyo",),
    "kst": ("Asia/Seoul",),
    "hkt": ("Asia/Hong_Kong",),
    "sgt": ("Asia/Singapore",),
    "sast": ("Africa/Johannesburg",),
    "awst": ("Australia/Perth",),
    "acst": ("Australia/Adelaide", "Australia/Darwin"),
    **dict.fromkeys(("aest", "aedt"), ("Australia/Sydney", "Australia/Melbourne")),
    **dict.fromkeys(("nzst", "nzdt"), ("Pacific/Auckland",)),
}

# Names of countries that Babel does not have.
_COUNTRIES = {
    **dict.fromkeys(("usa", "us", "america", "amerika"), "US"),
    **dict.fromkeys(
        ("uk", "great britain", "grossbritannien", "england", "scotland", "schottland", "wales"),
        "GB",
    ),
    **dict.fromkeys(("holland",), "NL"),
    **dict.fromkeys(("uae", "vae", "emirates", "emirate"), "AE"),
    **dict.fromkeys(("czech republic", "tschechische republik"), "CZ"),
}


def _lines(name: str) -> Iterator[list[str]]:
    """Yield the fields of each line of a time zone database file, without comments."""
    text = files("tzdata").joinpath("zoneinfo", name).read_text(encoding="utf-8")
    return (line.split() for line in text.splitlines() if line and not line.startswith("#"))


@cache
def available_zones() -> frozenset[str]:
    """Return every zone that this machine supports."""
    return frozenset(zoneinfo.available_timezones()) - {"Factory", "localtime"}


@cache
def countries() -> dict[str, str]:
    """Return the zones to offer, each with its country code."""
    return {fields[2]: fields[0] for fields in _lines("zone.tab") if fields[2] in available_zones()}


@cache
def links() -> dict[str, str]:
    """Return the linked names, each with its target zone."""
    return {fields[2]: fields[1] for fields in _lines("tzdata.zi") if fields[0] == "L"}


@cache
def distinct_today() -> frozenset[str]:
    """Return one zone for each distinct clock from now on: the ones to offer first."""
    return frozenset(fields[2] for fields in _lines("zonenow.tab"))


def canonical(name: str) -> str | None:
    """Return the zone to offer for an exact name, following links; None if there is none."""
    if name == UTC or name in NAMES_OF_UTC:
        return UTC
    if name in countries():
        return name
    target = links().get(name)
    return canonical(target) if target is not None else None


def city_names() -> Iterator[tuple[str, str]]:
    """Yield Babel's names of zone cities in English and German, each with its zone."""
    for locale in _LOCALES:
        for name, forms in locale.time_zones.items():
            zone = canonical(name)
            if zone is not None and "city" in forms:
                yield str(forms["city"]), zone


def country_zones() -> Iterator[tuple[str, str]]:
    """Yield names of countries in English and German, each with every zone.

    If a country has several zones, links to another country's zone are left out, like Büsingen,
    which is a link to Zürich.
    """
    by_country: dict[str, list[str]] = {}
    for zone, country in countries().items():
        by_country.setdefault(country, []).append(zone)
    for country, zones in by_country.items():
        own = [zone for zone in zones if zone not in links()] or zones
        yield from ((name, zone) for name in _country_names(country) for zone in own)


def _country_names(country: str) -> Iterator[str]:
    """Yield the names of a country."""
    yield from (
        str(locale.territories[country]) for locale in _LOCALES if country in locale.territories
    )
    yield from (name for name, code in _COUNTRIES.items() if code == country)
