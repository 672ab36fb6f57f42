"""Choose the language, the time zones and the notifications."""

from domain import errors
from domain.person import zone_named
from domain.ports import UnitOfWork
from domain.provider import Provider
from domain.usecases.acting import own_provider, provider_for


async def choose_zone(uow: UnitOfWork, person_id: int, zone: str) -> None:
    """Show all times in an IANA zone to this person; raise errors.ZoneUnknown.

    The hours of a provider are in the provider's own zone, which is the same.
    """
    key = zone_named(zone).key
    await uow.people.choose_zone(person_id, key)
    if own := await own_provider(uow, person_id):
        await uow.providers.choose_zone(own.id, key)


async def provider_without_account(uow: UnitOfWork, actor: int, provider_id: int) -> Provider:
    """Return a provider without Telegram account for whom the actor acts.

    Raises errors.ProviderHasAccount, and what ``provider_for`` raises.
    """
    provider = await provider_for(uow, actor, provider_id)
    if provider.id not in await uow.queries.without_account(actor):
        raise errors.ProviderHasAccount
    return provider


async def choose_zone_of(uow: UnitOfWork, actor: int, provider_id: int, zone: str) -> Provider:
    """Choose the time zone of a provider who has no Telegram account to choose it with.

    Raises errors.ZoneUnknown, and what ``provider_without_account`` raises.
    """
    provider = await provider_without_account(uow, actor, provider_id)
    await uow.providers.choose_zone(provider.id, zone_named(zone).key)
    return provider


async def choose_notifications(
    uow: UnitOfWork, actor: int, provider_id: int, *, wanted: bool
) -> None:
    """Notify the actor of a provider's bookings, or not.

    Raises errors.NoOneNotified if that would leave no one who learns of a booking, and what
    ``provider_for`` raises.
    """
    # After the lock: an admin may be removing the actor.
    await uow.availability.lock(provider_id)
    provider = await provider_for(uow, actor, provider_id)
    await uow.providers.set_notified(actor, provider.id, wanted=wanted)
    left = await uow.queries.provider(provider.id)
    if not wanted and left is not None and not left.reachable:
        raise errors.NoOneNotified(provider=provider.label)


async def choose_language(uow: UnitOfWork, person_id: int, language: str) -> None:
    """Use this language for this person."""
    await uow.people.choose_language(person_id, language)
