"""Invite people, and accept invitations: providers, assistants, new accounts, admins."""

from collections.abc import Callable, Collection
from datetime import datetime

from domain import errors
from domain.invitation import LIFETIMES, Invitation, InvitationKind, digest_of, new_code
from domain.notification import ProviderKind, about_provider
from domain.person import Contact, Person, name_from_telegram
from domain.ports import UnitOfWork
from domain.provider import Provider, Role
from domain.usecases.acting import own_provider, provider_if_acting
from domain.usecases.announce_staff import announce_joining
from domain.usecases.name_provider import free_slug, usable_name
from domain.usecases.reachability import announce_reachable

_CODE_LIMIT = 64
_OF_A_PROVIDER = {InvitationKind.ASSISTANT, InvitationKind.HANDOVER}


def check_admin(actor: Person, admin_ids: Collection[int]) -> None:
    """Raise errors.AdminOnly unless another admin or the setting ``ADMIN_IDS`` named the actor."""
    if not actor.has_admin_rights(admin_ids):
        raise errors.AdminOnly


async def invite(
    uow: UnitOfWork,
    actor: Person,
    admin_ids: Collection[int],
    kind: InvitationKind,
    now: datetime,
    *,
    provider_id: int | None = None,
    new_code: Callable[[], str] = new_code,
) -> tuple[str, datetime]:
    """Create an invitation; return its code, which ``new_code`` makes, and when it expires.

    Raises errors.AdminOnly, and errors.ProviderUnknown for an unknown provider.
    """
    check_admin(actor, admin_ids)
    if kind in _OF_A_PROVIDER and await uow.queries.provider(provider_id or 0) is None:
        raise errors.ProviderUnknown
    return await add_invitation(
        uow, kind, now, provider_id=provider_id, invited_by=actor.id, new_code=new_code
    )


async def add_invitation(
    uow: UnitOfWork,
    kind: InvitationKind,
    now: datetime,
    *,
    provider_id: int | None = None,
    invited_by: int | None = None,
    new_code: Callable[[], str] = new_code,
) -> tuple[str, datetime]:
    """Create an invitation without checking an actor, for the command line.

    Only the newest link works of those that the command line prints, and of those that hand over
    one provider: it replaces earlier unused ones.
    """
    if provider_id is not None:
        await uow.availability.lock(provider_id)
    if invited_by is None or kind is InvitationKind.HANDOVER:
        await uow.invitations.withdraw(kind, provider_id)
    code, expires_at = new_code(), now + LIFETIMES[kind]
    invitation = Invitation(digest_of(code), kind, expires_at, provider_id, invited_by)
    await uow.invitations.add(invitation, now)
    return code, expires_at


async def add_provider(
    uow: UnitOfWork,
    actor: Person,
    admin_ids: Collection[int],
    text: str,
    zone: str | None,
    now: datetime,
) -> Provider:
    """Add a provider without a Telegram account, for whom the admin acts from now on.

    Raises errors.AdminOnly, errors.NameUnusable, errors.NameReserved.
    """
    check_admin(actor, admin_ids)
    name = usable_name(text)
    provider = await uow.providers.add(name, await free_slug(uow, name), zone, now)
    await uow.providers.appoint(actor.id, provider.id, Role.ASSISTANT, now)
    return await uow.queries.provider(provider.id) or provider


async def handover_of(uow: UnitOfWork, guest: Person, code: str, now: datetime) -> Provider | None:
    """Return the provider whom the guest would take over, None for any other invitation.

    It changes nothing, so that the guest can be asked first. None also if the guest accepted it
    before. Raises the same as ``accept_invitation``.
    """
    invitation = await _checked(uow, guest, code, now)
    if invitation.kind is not InvitationKind.HANDOVER or invitation.used_by is not None:
        return None
    await _check_is_new(uow, invitation, guest, ())
    return await _provider_of(uow, invitation)


async def accept_invitation(
    uow: UnitOfWork,
    guest: Person,
    contact: Contact,
    code: str,
    now: datetime,
    *,
    admin_ids: Collection[int] = (),
) -> tuple[InvitationKind, Provider | None]:
    """Give the guest what they are invited to; accepting again changes nothing.

    Returns the kind of invitation, and the provider for whom the guest now acts, if any. A new
    provider gets the guest's Telegram name. An invitation to what the guest has already stays good
    for someone else.

    Raises:
        errors.InvitationUnknown, errors.InvitationUsed, errors.InvitationExpired,
        errors.AlreadyProvider, errors.AlreadyActing, errors.OwnAssistant, errors.AlreadyAdmin.
    """
    invitation = await _checked(uow, guest, code, now)
    if invitation.used_by is not None:
        return invitation.kind, await _given_before(uow, invitation, guest)
    # Whom an admin removes at this moment is an assistant before or after, not half of each.
    if invitation.provider_id is not None:
        await uow.availability.lock(invitation.provider_id)
    await _check_is_new(uow, invitation, guest, admin_ids)
    await uow.invitations.use(invitation.digest, guest.id, now)
    provider = await _give(uow, invitation, guest, contact, now)
    await announce_joining(uow, invitation, guest, provider.id if provider else None, now)
    await announce_reachable(uow, guest.id, admin_ids, now)
    return invitation.kind, provider


async def _checked(uow: UnitOfWork, guest: Person, code: str, now: datetime) -> Invitation:
    """Return the invitation with a code, if the guest may use it; see ``Invitation.check``."""
    invitation = await uow.invitations.get(digest_of(code[:_CODE_LIMIT]))
    if invitation is None:
        raise errors.InvitationUnknown
    invitation.check(guest.id, now)
    return invitation


async def _check_is_new(
    uow: UnitOfWork, invitation: Invitation, guest: Person, admin_ids: Collection[int]
) -> None:
    """Check that the guest is not yet what the invitation would make them.

    Raises errors.AlreadyProvider, errors.AlreadyActing, errors.OwnAssistant, errors.AlreadyAdmin.
    """
    own = await own_provider(uow, guest.id)
    match invitation.kind:
        case InvitationKind.ADMIN:
            if guest.has_admin_rights(admin_ids):
                raise errors.AlreadyAdmin
        case InvitationKind.ASSISTANT:
            if own and own.id == invitation.provider_id:
                raise errors.OwnAssistant
            if known := await provider_if_acting(uow, guest.id, invitation.provider_id or 0):
                raise errors.AlreadyActing(provider=known.label)
        case _:
            if own:
                raise errors.AlreadyProvider


async def _provider_of(uow: UnitOfWork, invitation: Invitation) -> Provider:
    """Return the provider of an invitation; raises errors.ProviderUnknown."""
    provider = await uow.queries.provider(invitation.provider_id or 0)
    if provider is None:
        raise errors.ProviderUnknown
    return provider


async def _given_before(uow: UnitOfWork, invitation: Invitation, guest: Person) -> Provider | None:
    """Return the provider that an invitation led to; raise errors.InvitationUsed if it is gone."""
    if invitation.kind is InvitationKind.ADMIN:
        return None
    provider = (
        await provider_if_acting(uow, guest.id, invitation.provider_id)
        if invitation.provider_id
        else await own_provider(uow, guest.id)
    )
    if provider is None:
        raise errors.InvitationUsed
    return provider


async def _give(
    uow: UnitOfWork, invitation: Invitation, guest: Person, contact: Contact, now: datetime
) -> Provider | None:
    """Make the guest an admin, or let them act for the provider who is returned."""
    if invitation.kind is InvitationKind.ADMIN:
        await uow.people.make_admin(guest.id, now)
        return None
    if invitation.kind is InvitationKind.PROVIDER:
        return await _new_provider(uow, guest, contact, now)
    provider = await _provider_of(uow, invitation)
    if invitation.kind is InvitationKind.HANDOVER:
        await _hand_over(uow, provider, guest, now)
    else:
        await uow.providers.appoint(guest.id, provider.id, Role.ASSISTANT, now)
    return provider


async def _hand_over(uow: UnitOfWork, provider: Provider, guest: Person, now: datetime) -> None:
    """Make the guest the provider, and notify the person who was."""
    before = await uow.providers.appoint(guest.id, provider.id, Role.SELF, now)
    if before is not None:
        notice = about_provider(before, ProviderKind.HANDED_OVER, provider.id, now)
        await uow.outbox.notify([notice])


async def _new_provider(
    uow: UnitOfWork, guest: Person, contact: Contact, now: datetime
) -> Provider:
    """Make the guest a provider under their Telegram name, with the zone that they chose."""
    name = name_from_telegram(contact)
    provider = await uow.providers.add(name, await free_slug(uow, name), guest.time_zone, now)
    await uow.providers.appoint(guest.id, provider.id, Role.SELF, now)
    return provider
