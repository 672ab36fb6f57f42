"""A provider: somebody who posts hours and whom clients book."""

import re
import unicodedata
from dataclasses import dataclass

from domain.client import NAME_LIMIT

SLUG_LIMIT = 32
LABEL_LIMIT = NAME_LIMIT + SLUG_LIMIT + len(" ()")
_LABEL = re.compile(r"(.+?)\s*\(([^()]+)\)\s*")
_NOT_SLUG = re.compile(r"[^a-z0-9]+")
_WRITTEN_OUT = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "oe", "æ": "ae", "å": "aa", "ł": "l"}
)

_APOSTROPHES = str.maketrans(dict.fromkeys("’‘ʼ`´", "'"))
_ACCENT = re.compile("[\u0300-\u036f]")


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider by number; ``client_id`` is their Telegram user id, ``slug`` their name in links.

    ``shares_name`` tells that another provider's name reads the same (``name_key``). Only what is shown to clients needs it.
    """

    id: int
    client_id: int
    name: str
    slug: str
    shares_name: bool = False

    @property
    def label(self) -> str:
        """The name for clients: with the slug where the name alone could be another provider's. It finds the provider when typed."""
        return f"{self.name} ({self.slug})" if self.shares_name else self.name


def looks_like_label(name: str) -> bool:
    """Tell whether a name reads as the label of another provider could: it ends with its own slug in brackets, numbered or not."""
    found = _LABEL.fullmatch(name)
    return (
        found is not None
        and re.fullmatch(rf"{re.escape(slug_for(found[1]))}(-\d+)?", found[2].casefold())
        is not None
    )


def slug_for(name: str) -> str:
    """Return the plain form of a name for links: small ASCII letters, digits and single dashes; ``provider`` where none are left."""
    plain = (
        unicodedata.normalize("NFKD", name.casefold().translate(_WRITTEN_OUT))
        .encode("ascii", "ignore")
        .decode()
    )
    return _NOT_SLUG.sub("-", plain)[:SLUG_LIMIT].strip("-") or "provider"


def name_key(name: str) -> str:
    """Return what a name is searched and compared by: without case, accents and kinds of apostrophes."""
    return _ACCENT.sub("", unicodedata.normalize("NFD", name.casefold().translate(_APOSTROPHES)))
