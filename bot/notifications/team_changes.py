"""The notifications of who joins and leaves those who act for a provider."""

from collections.abc import Sequence

from bot.messages.actions import Action, Send
from bot.notifications.notice import Notice
from bot.notifications.screens import someone_joined, someone_left
from domain.invitation import InvitationKind
from domain.person import Person
from domain.provider import Provider, Role


async def joined(notice: Notice) -> Sequence[Action] | None:
    """Say who joined, unless they have left since; raises KeyError for an invalid payload."""
    said, queries = notice.row.payload or {}, notice.uow.queries
    kind = InvitationKind(str(said["kind"]))
    provider = await queries.provider(int(str(said["provider"] or 0)))
    guest = await queries.person(notice.row.subject_id or 0)
    if guest is None or not await _is_still(notice, kind, guest, provider):
        return None
    if notice.recipient.id != said["invited_by"] and not await _is_in_team(notice, provider):
        return None
    return [Send(someone_joined(notice.locale, kind, guest.name, provider))]


async def left(notice: Notice) -> Sequence[Action] | None:
    """Say who assists a provider no longer, unless they do again; raises like ``joined``."""
    said, queries = notice.row.payload or {}, notice.uow.queries
    provider = await queries.provider(int(str(said["provider"])))
    assistant = await queries.person(notice.row.subject_id or 0)
    if provider is None or assistant is None or not await _is_in_team(notice, provider):
        return None
    if assistant.id in await queries.team_of(provider.id):
        return None
    return [Send(someone_left(notice.locale, assistant.name, provider))]


async def _is_still(
    notice: Notice, kind: InvitationKind, guest: Person, provider: Provider | None
) -> bool:
    """Return whether the guest still is what the invitation made them."""
    if kind is InvitationKind.ADMIN:
        return guest.is_admin
    role = Role.ASSISTANT if kind is InvitationKind.ASSISTANT else Role.SELF
    acting = await notice.uow.queries.acting_for(guest.id)
    return any(each.role is role and each.provider == provider for each in acting)


async def _is_in_team(notice: Notice, provider: Provider | None) -> bool:
    """Return whether the recipient still acts for the provider."""
    team = await notice.uow.queries.team_of(provider.id) if provider else ()
    return notice.recipient.id in team
