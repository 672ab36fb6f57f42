"""The provider whom a person works for in this update; there may be several to choose from."""

from collections.abc import Sequence

from bot.dialogue.context import Context
from domain.provider import Provider
from domain.usecases.acting import own_provider, provider_for, providers_of


async def work_for(context: Context, provider_id: int | None = None) -> Provider:
    """Return the provider whom a button names, by default the person themselves or the first.

    From here on, this update reads and shows times in the provider's zone. Raises
    errors.ProviderOnly, and errors.ProviderUnknown for a provider whom they do not act for.
    """
    provider = (
        await provider_for(context.uow, context.me, provider_id)
        if provider_id is not None
        else await own_provider(context.uow, context.me)
        or (await providers_of(context.uow, context.me))[0]
    )
    context.request.zone = provider.zone(context.services.venue_zone)
    return provider


async def acts_for_someone(context: Context) -> bool:
    """Return whether the person acts for any provider."""
    return bool(await context.uow.queries.acting_for(context.me))


def label_if_several(providers: Sequence[Provider], provider: Provider) -> str:
    """Return a provider's name for a heading, "" if there is only one that can be meant."""
    return provider.label if len(providers) > 1 else ""
