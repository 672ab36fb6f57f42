"""Tell people who joins and leaves those who act for a provider."""

from datetime import datetime

from domain.invitation import Invitation, InvitationKind
from domain.notification import JOINED, LEFT, Notification, Subject
from domain.person import Person
from domain.ports import UnitOfWork

_OFFSET_LENGTH = 16
_JOINS_A_TEAM = {InvitationKind.ASSISTANT, InvitationKind.HANDOVER}


async def announce_joining(
    uow: UnitOfWork, invitation: Invitation, guest: Person, provider_id: int | None, now: datetime
) -> None:
    """Tell the inviter, and those who act for the provider, that a guest accepted an invitation."""
    told = {invitation.invited_by} if invitation.invited_by is not None else set()
    if invitation.kind in _JOINS_A_TEAM and provider_id is not None:
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


async def announce_leaving(
    uow: UnitOfWork, assistant_id: int, provider_id: int, actor_id: int, now: datetime
) -> None:
    """Tell those who still act for a provider that an assistant was removed, except the actor."""
    told = {*await uow.queries.team_of(provider_id)} - {assistant_id, actor_id}
    await uow.outbox.notify(
        [
            Notification(
                each,
                LEFT,
                assistant_id,
                now,
                subject=Subject.PERSON,
                offset=f"{provider_id}:{now.isoformat(timespec='seconds')}",
                payload={"provider": provider_id},
            )
            for each in sorted(told)
        ]
    )
