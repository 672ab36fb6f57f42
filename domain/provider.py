"""A provider, whom clients book, and the people who act for them."""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from zoneinfo import ZoneInfo

from domain.person import NAME_LIMIT, Person

SLUG_LIMIT = 32
LABEL_LIMIT = NAME_LIMIT + SLUG_LIMIT + len(" ()")
_LABEL = re.compile(r"(.+?)\s*\(([^()]+)\)\s*")
_NOT_SLUG = re.compile(r"[^a-z0-9]+")
_TRANSLITERATION = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "oe", "æ": "ae", "å": "aa", "ł": "l"}
)

_APOSTROPHES = str.maketrans(dict.fromkeys("’‘ʼ`´", "'"))
# How keys differ by spelling: "Mueller" and "Müller", with and without a hyphen.
SPELLINGS = (("ae", "a"), ("oe", "o"), ("ue", "u"), ("-", " "))
_ACCENT = re.compile("[\u0300-\u036f]")


class Role(StrEnum):
    """How a person acts for a provider."""

    SELF = "self"
    ASSISTANT = "assistant"


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider by number; ``slug`` is their name in links.

    Their hours are in ``time_zone``, or in the venue's zone if it is None. ``shares_name`` is
    whether another provider's name has the same ``name_key``. ``reachable`` is whether the bot can
    notify anyone who acts for them.
    """

    id: int
    name: str
    slug: str
    time_zone: str | None = None
    shares_name: bool = False
    reachable: bool = True

    def zone(self, default: ZoneInfo) -> ZoneInfo:
        """Return the zone of their hours, or the venue's zone."""
        return ZoneInfo(self.time_zone) if self.time_zone else default

    @property
    def label(self) -> str:
        """The name shown to clients, with the slug if another provider shares the name.

        Typing it finds the provider.
        """
        return f"{self.name} ({self.slug})" if self.shares_name else self.name


@dataclass(frozen=True, slots=True)
class Acting:
    """A provider for whom a person acts, in which role, and whether they are notified."""

    provider: Provider
    role: Role
    notified: bool = True


@dataclass(frozen=True, slots=True)
class Assistance:
    """An assistant, and the provider for whom they act."""

    assistant: Person
    provider: Provider


def looks_like_label(name: str) -> bool:
    """Return whether a name could be another provider's label.

    Such a name ends with its own slug in brackets, with or without a number.
    """
    found = _LABEL.fullmatch(name)
    return (
        found is not None
        and re.fullmatch(rf"{re.escape(slug_for(found[1]))}(-\d+)?", found[2].casefold())
        is not None
    )


def slug_for(name: str) -> str:
    """Return the form of a name for links: lower-case ASCII letters, digits and single dashes.

    It is ``provider`` if no such character is left.
    """
    plain = (
        unicodedata.normalize("NFKD", name.casefold().translate(_TRANSLITERATION))
        .encode("ascii", "ignore")
        .decode()
    )
    return _NOT_SLUG.sub("-", plain)[:SLUG_LIMIT].strip("-") or "provider"


def name_key(name: str) -> str:
    """Return the key that names are searched and compared by.

    It ignores case, accents and the kind of apostrophe.
    """
    return _ACCENT.sub("", unicodedata.normalize("NFD", name.casefold().translate(_APOSTROPHES)))


def spelling_key(name: str) -> str:
    """Return the key of a name without the differences of ``SPELLINGS``.

    "Mueller", "Müller" and "Muller" have the same one.
    """
    key = name_key(name)
    for spelling, plain in SPELLINGS:
        key = key.replace(spelling, plain)
    return key
