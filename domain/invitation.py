"""Invitations: links that let their opener act for a provider, or make them an admin.

Codes are random, expire and work once. Only a digest of each code is stored.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain import errors


class InvitationKind(StrEnum):
    """What the person who accepts an invitation becomes."""

    PROVIDER = "provider"
    """A new provider."""
    ASSISTANT = "assistant"
    """An assistant of a provider."""
    HANDOVER = "handover"
    """The person who a provider is: their new account, or their first one."""
    ADMIN = "admin"


LIFETIMES = {
    InvitationKind.PROVIDER: timedelta(days=7),
    InvitationKind.ASSISTANT: timedelta(days=7),
    InvitationKind.HANDOVER: timedelta(days=7),
    InvitationKind.ADMIN: timedelta(days=1),
}


@dataclass(frozen=True, slots=True)
class Invitation:
    """A stored invitation.

    ``provider_id`` is set for an assistant and a handover. ``invited_by`` is None if it was made on
    the command line. ``used_by`` is the person who accepted it.
    """

    digest: str
    kind: InvitationKind
    expires_at: datetime
    provider_id: int | None = None
    invited_by: int | None = None
    used_by: int | None = None

    def check(self, person_id: int, now: datetime) -> None:
        """Check that this person may use the invitation; the person who accepted it may reopen it.

        Raises:
            errors.InvitationUsed: another person accepted it.
            errors.InvitationExpired: it has expired.
        """
        if self.used_by == person_id:
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
