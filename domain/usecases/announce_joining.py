"""Tell the inviter, and those who work with a new assistant, who accepted an invitation."""

from datetime import datetime

from domain.invitation import Invitation, InvitationKind
from domain.notification import JOINED, Notification, Subject
from domain.person import Person
from domain.ports import UnitOfWork

_OFFSET_LENGTH = 16


async def announce_joining(
    uow: UnitOfWork, invitation: Invitation, guest: Person, provider_id: int | None, now: datetime
) -> None:
    """Add the notifications that a guest accepted an invitation, for everyone but the guest."""
    told = {invitation.invited_by} if invitation.invited_by is not None else set()
    if invitation.kind is InvitationKind.ASSISTANT and provider_id is not None:
        told.update(await uow.queries.team_of(provider_id))
    said = {
        "kind": invitation.kind,
        "provider": provider_id,
        "invited_by": invitation.invited_by,
    }
    await uow.outbox.notify(
        [
            Notification(
                each,
                JOINED,
                guest.id,
                now,
                subject=Subject.PERSON,
                offset=invitation.digest[:_OFFSET_LENGTH],
                payload=said,
            )
            for each in sorted(told - {guest.id})
        ]
    )
