"""A provider: somebody who posts hours and whom clients book."""

import re
import unicodedata
from dataclasses import dataclass

SLUG_LIMIT = 32
_NOT_SLUG = re.compile(r"[^a-z0-9]+")
_WRITTEN_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "oe", "æ": "ae", "å": "aa", "ł": "l"})


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider by number; ``client_id`` is his Telegram user id, ``slug`` his name in links."""

    id: int
    client_id: int
    name: str
    slug: str


def slug_for(name: str) -> str:
    """Return the plain form of a name for links: small ASCII letters, digits and single dashes; ``provider`` where none are left."""
    plain = unicodedata.normalize("NFKD", name.casefold().translate(_WRITTEN_OUT)).encode("ascii", "ignore").decode()
    return _NOT_SLUG.sub("-", plain)[:SLUG_LIMIT].strip("-") or "provider"
