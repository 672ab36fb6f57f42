"""Become a provider: invitations, the public name, the slug."""

from datetime import datetime

from domain import errors
from domain.client import Contact, name_from_telegram, public_name
from domain.invitation import LIFETIME, Invitation, digest_of, new_code
from domain.ports import UnitOfWork
from domain.provider import SLUG_LIMIT, Provider, looks_like_label, slug_for
from domain.usecases.find_reservation import provider_of

_CODE_LIMIT = 64
_NUMBER_SUFFIX_LENGTH = 4


async def invite_provider(
    uow: UnitOfWork, admin_id: int, admins: frozenset[int], now: datetime
) -> tuple[str, datetime]:
    """Create an invitation; return its code and expiry. Raises errors.AdminOnly.

    Only a digest of the code is stored.
    """
    if admin_id not in admins:
        raise errors.AdminOnly
    code, expires_at = new_code(), now + LIFETIME
    await uow.invitations.add(Invitation(digest_of(code), admin_id, expires_at), now)
    return code, expires_at


async def accept_invitation(uow: UnitOfWork, guest: Contact, code: str, now: datetime) -> Provider:
    """Make the guest a provider under their Telegram name; accepting again changes nothing.

    Raises errors.InvitationUnknown, errors.InvitationUsed, errors.InvitationExpired,
    errors.AlreadyProvider.
    """
    invitation = await uow.invitations.get(digest_of(code[:_CODE_LIMIT]))
    if invitation is None:
        raise errors.InvitationUnknown
    invitation.check(guest.id, now)
    provider = await uow.providers.of_client(guest.id)
    if provider and invitation.used_by != guest.id:
        raise errors.AlreadyProvider
    if provider is None:
        await uow.invitations.use(invitation.digest, guest.id, now)
        name = name_from_telegram(guest)
        provider = await uow.providers.add(guest.id, name, await _free_slug(uow, name), now)
    return provider


async def name_provider(uow: UnitOfWork, client_id: int, text: str, *, keep_slug: bool) -> Provider:
    """Give a provider a public name, and a matching slug unless ``keep_slug`` preserves old links.

    Raises errors.ProviderOnly, errors.NameUnusable, errors.NameReserved.
    """
    provider = await provider_of(uow, client_id)
    name = public_name(text)
    if looks_like_label(name):
        raise errors.NameReserved
    slug = provider.slug if keep_slug else await _free_slug(uow, name, own=provider)
    await uow.providers.rename(provider.id, name, slug)
    return await uow.providers.of_client(client_id) or provider


async def _free_slug(uow: UnitOfWork, name: str, own: Provider | None = None) -> str:
    """Return the slug of a name, with a number if another provider has it."""
    base, number = slug_for(name), 1
    slug = base
    while (holder := await uow.providers.by_slug(slug)) and (own is None or holder.id != own.id):
        number += 1
        slug = f"{base[: SLUG_LIMIT - _NUMBER_SUFFIX_LENGTH].rstrip('-')}-{number}"
    return slug
