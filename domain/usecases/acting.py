"""Who acts for a provider. Every use case of a provider checks its actor with this module."""

from domain import errors
from domain.ports import UnitOfWork
from domain.provider import Provider, Role


async def provider_for(uow: UnitOfWork, actor: int, provider_id: int) -> Provider:
    """Return a provider for whom the actor acts.

    Raises:
        errors.ProviderOnly: the actor acts for no one.
        errors.ProviderUnknown: the actor does not act for this provider, or there is none.
    """
    for acting in await providers_of(uow, actor):
        if acting.id == provider_id:
            return acting
    raise errors.ProviderUnknown


async def provider_if_acting(uow: UnitOfWork, actor: int, provider_id: int) -> Provider | None:
    """Return a provider for whom the actor acts, None for any other."""
    acting = await uow.queries.acting_for(actor)
    return next((each.provider for each in acting if each.provider.id == provider_id), None)


async def providers_of(uow: UnitOfWork, actor: int) -> list[Provider]:
    """Return the providers for whom the actor acts, at least one; raise errors.ProviderOnly."""
    if not (acting := await uow.queries.acting_for(actor)):
        raise errors.ProviderOnly
    return [each.provider for each in acting]


async def own_provider(uow: UnitOfWork, person_id: int) -> Provider | None:
    """Return the provider who is this person, None if they are none."""
    acting = await uow.queries.acting_for(person_id)
    return next((each.provider for each in acting if each.role is Role.SELF), None)
