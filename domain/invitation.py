"""Invitations make a person a provider. Codes are random, expire and work once.

Only a digest of each code is stored.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain import errors

LIFETIME = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Invitation:
    """A stored invitation; ``used_by`` is the Telegram user id of the person who accepted it."""

    digest: str
    invited_by: int
    expires_at: datetime
    used_by: int | None = None

    def check(self, client_id: int, now: datetime) -> None:
        """Check that this person may use the invitation; the person who accepted it may reopen it.

        Raises:
            errors.InvitationUsed: another person accepted it.
            errors.InvitationExpired: it has expired.
        """
        if self.used_by == client_id:
            return
        if self.used_by is not None:
            raise errors.InvitationUsed
        if now >= self.expires_at:
            raise errors.InvitationExpired


def new_code() -> str:
    """Return a new code of 128 random bits that fits into a deep link."""
    return secrets.token_urlsafe(16)


def digest_of(code: str) -> str:
    """Return the SHA-256 of a code, which is what is stored. 128 random bits need no salt."""
    return hashlib.sha256(code.encode()).hexdigest()
