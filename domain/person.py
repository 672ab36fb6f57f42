"""A person: a client, someone who works for a provider, an admin, or a guest without Telegram."""

import re
import unicodedata
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo, available_timezones

from domain import errors

NAME_LIMIT = 64
_NOT_DIALLED = re.compile(r"[\s()./-]")
_PHONE = re.compile(r"\+?[0-9]{3,15}")
_JOINER = "\N{ZERO WIDTH JOINER}"
# Letters and symbols by category that render as blanks: four Hangul fillers and the empty Braille
# cell.
_BLANK_LETTERS = "\u115f\u1160\u3164\uffa0\u2800"


@dataclass(frozen=True, slots=True)
class Contact:
    """What an update says about its sender."""

    telegram_id: int
    name: str
    username: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """A person, by internal number; ``time_zone`` and ``language`` are None until chosen.

    ``telegram_id`` is None for a guest. Only people who act for the provider ``guest_of`` see a
    guest. ``is_admin`` says that an admin named them; the setting ``ADMIN_IDS`` names others.
    """

    id: int
    telegram_id: int | None
    name: str
    username: str | None = None
    language: str | None = None
    time_zone: str | None = None
    telegram_language: str | None = None
    unreachable_since: datetime | None = None
    phone: str | None = None
    guest_of: int | None = None
    is_admin: bool = False

    def zone(self, default: ZoneInfo) -> ZoneInfo:
        """Return the zone in which this person reads times: their choice, or the venue's zone."""
        return ZoneInfo(self.time_zone) if self.time_zone else default

    def has_admin_rights(self, admin_ids: Collection[int]) -> bool:
        """Return whether another admin or the setting ``ADMIN_IDS`` named this person."""
        return self.is_admin or self.telegram_id in admin_ids


def zone_named(name: str) -> ZoneInfo:
    """Return the IANA zone with this name.

    Raises:
        errors.ZoneUnknown: no zone has this name.
    """
    if name not in available_timezones():
        raise errors.ZoneUnknown(zone=name)
    return ZoneInfo(name)


def public_name(text: str) -> str:
    """Return a name cleaned for display: one line, single spaces, no control or bidi characters.

    Raises:
        errors.NameUnusable: nothing visible is left, or it is longer than ``NAME_LIMIT``
            characters.
    """
    name = " ".join("".join(c if _is_allowed(c) else " " for c in text).split())
    if not has_visible_text(name) or len(name) > NAME_LIMIT:
        raise errors.NameUnusable(limit=NAME_LIMIT)
    return name


def phone_number(text: str) -> str:
    """Return a phone number as digits, with a plus sign in front if there was one.

    Raises:
        errors.PhoneUnusable: it has other signs than those people write, or too few or too many
            digits (ITU-T E.164 allows 15).
    """
    digits = _NOT_DIALLED.sub("", text)
    if not _PHONE.fullmatch(digits):
        raise errors.PhoneUnusable
    return digits


def has_visible_text(text: str) -> bool:
    """Return whether a text has at least one visible character."""
    return any(unicodedata.category(c)[0] in "LNPS" and c not in _BLANK_LETTERS for c in text)


def name_from_telegram(contact: Contact) -> str:
    """Return a displayable name: the Telegram name, cut if too long, the username or the id."""
    for known in (contact.name, contact.username or ""):
        with suppress(errors.NameUnusable):
            return public_name(known.strip()[:NAME_LIMIT])
    return str(contact.telegram_id)


def _is_allowed(character: str) -> bool:
    """Return whether a name may contain a character: a printable one, or the emoji joiner."""
    return (character.isprintable() and character not in _BLANK_LETTERS) or character == _JOINER
