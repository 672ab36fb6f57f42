"""Invitations, by the digest of their code."""

from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select, update

from domain.invitation import Invitation, InvitationKind
from storage.engine.executor import Executor
from storage.tables import invitation

_FIELDS = ("digest", "kind", "expires_at", "provider_id", "invited_by", "used_by")
_ADD = insert(invitation)
_GET = (
    select(*(invitation.c[name] for name in _FIELDS))
    .where(invitation.c.digest == bindparam("wanted"))
    .with_for_update()
)
_USE = (
    update(invitation)
    .where(invitation.c.digest == bindparam("wanted"))
    .values(used_by=bindparam("guest"), used_at=bindparam("now"))
)

_OF_KIND_UNUSED = (invitation.c.kind == bindparam("of_kind"), invitation.c.used_by.is_(None))
_WITHDRAW_PRINTED = delete(invitation).where(*_OF_KIND_UNUSED, invitation.c.invited_by.is_(None))
_WITHDRAW = delete(invitation).where(
    *_OF_KIND_UNUSED, invitation.c.provider_id == bindparam("provider")
)


class SqlInvitations:
    """Implements ``domain.ports.Invitations``."""

    def __init__(self, connection: Executor) -> None:
        """Execute statements through this connection."""
        self._connection = connection

    async def add(self, new: Invitation, now: datetime) -> None:
        """Insert an invitation."""
        row = {
            "digest": new.digest,
            "kind": new.kind,
            "provider_id": new.provider_id,
            "invited_by": new.invited_by,
            "invited_at": now,
            "expires_at": new.expires_at,
        }
        await self._connection.execute(_ADD, row)

    async def get(self, digest: str) -> Invitation | None:
        """Return the invitation with this digest and lock it until the transaction ends."""
        row = (await self._connection.execute(_GET, {"wanted": digest})).one_or_none()
        if row is None:
            return None
        return Invitation(**row._asdict() | {"kind": InvitationKind(row.kind)})

    async def withdraw(self, kind: InvitationKind, provider_id: int | None) -> None:
        """Delete the unused invitations of a kind: a provider's, or those that no person made."""
        unused = {"of_kind": kind}
        if provider_id is None:
            await self._connection.execute(_WITHDRAW_PRINTED, unused)
        else:
            await self._connection.execute(_WITHDRAW, {**unused, "provider": provider_id})

    async def use(self, digest: str, person_id: int, now: datetime) -> None:
        """Record who accepted an invitation."""
        await self._connection.execute(_USE, {"wanted": digest, "guest": person_id, "now": now})
