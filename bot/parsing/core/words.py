"""The words of the grammars in English and German; names of days and months are from Babel."""

from collections.abc import Iterator
from itertools import product
from typing import Literal

from babel import Locale

_LOCALES = tuple(Locale.parse(code) for code in ("en", "de"))
_FORMS = tuple(product(("format", "stand-alone"), ("wide", "abbreviated", "short")))

_EXTRA_WEEKDAYS = {"tues": 1, "weds": 2, "thur": 3, "thurs": 3, "sonnabend": 5}
_EXTRA_MONTHS = {"jänner": 1, "maerz": 3, "sept": 9}


def _names(table: Literal["days", "months"]) -> Iterator[tuple[str, int]]:
    """Yield every name of a Babel table, case-folded and without full stop, with its number."""
    for locale, (context, width) in product(_LOCALES, _FORMS):
        names = getattr(locale, table)[context].get(width, {})
        yield from (
            (str(name).casefold().removesuffix("."), number) for number, name in names.items()
        )


_ENGLISH, _GERMAN = (
    frozenset(str(name).casefold() for name in locale.days["format"]["wide"].values())
    for locale in _LOCALES
)
GERMAN_WEEKDAYS = _GERMAN - _ENGLISH
WEEKDAYS: dict[str, int] = {**dict(_names("days")), **_EXTRA_WEEKDAYS}
MONTHS: dict[str, int] = {**dict(_names("months")), **_EXTRA_MONTHS}

DAYS_AHEAD = {
    **dict.fromkeys(("today", "heute"), 0),
    **dict.fromkeys(("tomorrow", "morgen"), 1),
    **dict.fromkeys(("übermorgen", "uebermorgen", "overmorrow"), 2),
    **dict.fromkeys(("yesterday", "gestern"), -1),
    "vorgestern": -2,
}
WEEKS_AHEAD = {
    **dict.fromkeys(("this", "diese", "dieser", "diesen", "dieses"), 0),
    **dict.fromkeys(
        (
            "next",
            "nächste",
            "nächster",
            "nächsten",
            "nächstes",
            "naechste",
            "naechster",
            "naechsten",
            "naechstes",
        ),
        1,
    ),
    **dict.fromkeys(
        (
            "übernächste",
            "übernächster",
            "übernächsten",
            "übernächstes",
            "uebernaechste",
            "uebernaechsten",
        ),
        2,
    ),
}
WEEK = frozenset({"week", "woche"})
WORKING_DAYS = frozenset({"weekdays", "weekday", "werktags", "werktage", "wochentags", "workdays"})
WEEKEND = frozenset({"weekend", "weekends", "wochenende", "wochenendes"})
DAILY = frozenset({"täglich", "taeglich", "daily", "everyday"})
EVERY = frozenset({"every", "each", "jede", "jeden", "jeder", "jedes"})
DAY = frozenset({"day", "tag"})
# Words for a weekly repetition: "mondays", "montags", "weekly".
WEEKLY = frozenset(
    {f"{name}s" for name in (*_ENGLISH, *_GERMAN)}
    | {"sonnabends", "weekly", "wöchentlich", "woechentlich"}
)

AND = frozenset({"and", "und", "u", "&", "+"})
TO = frozenset({"to", "bis", "until", "till", "through", "thru"})
TO_THE = frozenset({"zum", "the", "to", "den"})
FROM = frozenset({"from", "von", "vom"})
ON = frozenset({"on", "am", "the", "den", "dem", "der", "an", "in", "im", "of", "for", "für"})
THE = frozenset({"the", "den", "dem", "am", "vom", "zum"})
AT = frozenset({"at", "um", "from", "von"})

ORDINAL = frozenset({"st", "nd", "rd", "th"})
CLOCK = frozenset({"uhr", "o'clock", "oclock"})
HOUR_MARK = frozenset({"h"})
NOON = frozenset({"noon", "mittag", "midday"})
MIDNIGHT = frozenset({"midnight", "mitternacht"})
