"""A person the bot knows. Everybody who writes is a client; a provider is a client too, for language and zone."""

import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo, available_timezones

from domain import errors

NAME_LIMIT = 64
_JOINER = "\N{ZERO WIDTH JOINER}"
# Letters and symbols by category that are seen as nothing at all: four fillers of Hangul and the empty Braille cell.
_BLANK_LETTERS = "\u115f\u1160\u3164\uffa0\u2800"


@dataclass(frozen=True, slots=True)
class Contact:
    """What an update tells of its sender."""

    id: int
    name: str
    username: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Client:
    """A person, by Telegram user id; ``time_zone`` and ``language`` are None until chosen."""

    id: int
    name: str
    username: str | None
    language: str | None
    time_zone: str | None
    telegram_language: str | None = None
    unreachable_since: datetime | None = None

    def zone(self, default: ZoneInfo) -> ZoneInfo:
        """Return the zone this person reads times in: the one chosen, else the venue's."""
        return ZoneInfo(self.time_zone) if self.time_zone else default


def zone_named(name: str) -> ZoneInfo:
    """Return the IANA zone of this name.

    Raises:
        errors.ZoneUnknown: there is none.
    """
    if name not in available_timezones():
        raise errors.ZoneUnknown(zone=name)
    return ZoneInfo(name)


def public_name(text: str) -> str:
    """Tidy a name for others to read: one line, single spaces, no control or direction-changing characters.

    Raises:
        errors.NameUnusable: nothing visible is left, or it is longer than ``NAME_LIMIT`` characters.
    """
    name = " ".join("".join(c if _is_kept(c) else " " for c in text).split())
    if not shows_something(name) or len(name) > NAME_LIMIT:
        raise errors.NameUnusable(limit=NAME_LIMIT)
    return name


def shows_something(text: str) -> bool:
    """Tell whether a text has at least one visible character."""
    return any(unicodedata.category(c)[0] in "LNPS" and c not in _BLANK_LETTERS for c in text)


def name_from_telegram(person: Contact) -> str:
    """Return a name fit for others to read: the one Telegram tells, cut where it is too long, else the username, else the id."""
    for known in (person.name, person.username or ""):
        with suppress(errors.NameUnusable):
            return public_name(known.strip()[:NAME_LIMIT])
    return str(person.id)


def _is_kept(character: str) -> bool:
    """Tell whether a character may stand in a name: what is seen, and the joiner that makes one emoji of several."""
    return (character.isprintable() and character not in _BLANK_LETTERS) or character == _JOINER
