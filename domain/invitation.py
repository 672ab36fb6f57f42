"""Invitations: how an admin makes somebody a provider. Codes are random, single use, expiring, and kept only as a digest."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain import errors

LIFETIME = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invitation as stored; ``used_by`` is the Telegram user id of who accepted it."""

    digest: str
    invited_by: int
    expires_at: datetime
    used_by: int | None = None

    def check(self, client_id: int, now: datetime) -> None:
        """Refuse an invitation that somebody else used or that is too old; its own guest may open it again.

        Raises:
            errors.InvitationUsed: somebody else accepted it.
            errors.InvitationExpired: its time is over.
        """
        if self.used_by == client_id:
            return
        if self.used_by is not None:
            raise errors.InvitationUsed
        if now >= self.expires_at:
            raise errors.InvitationExpired


def new_code() -> str:
    """Return a fresh code of 128 random bits, fit for a deep link."""
    return secrets.token_urlsafe(16)


def digest_of(code: str) -> str:
    """Return what is stored of a code: its SHA-256. A code of 128 random bits needs no salt."""
    return hashlib.sha256(code.encode()).hexdigest()
